using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>Registers jobs, schedules and the removal of old runs.</summary>
internal static class JobsHost
{
    public static void AddJobs(this WebApplicationBuilder builder, ApiOptions options)
    {
        options.Jobs.Check();
        // A ranking keeps some of the pool's threads for seconds; new ones come two a second only, and questions would wait for them. Measured on a
        // busy machine of 2 cores while one ran: half of the questions were answered in 1.6 ms instead of 3.6; in 1.6 also when none ran.
        ThreadPool.GetMinThreads(out int workers, out int completions);
        ThreadPool.SetMinThreads(Math.Max(workers, 8 + Environment.ProcessorCount), completions);
        IServiceCollection services = builder.Services;
        services.TryAddSingleton(TimeProvider.System);
        services.TryAddSingleton(provider => Simulations.AsJobs(provider.GetRequiredService<RunCatalog>()));
        services.AddSingleton(new Uploads(Path.Combine(options.Data, "uploads"), options.MaxUploadBytes));
        services.AddSingleton(provider => new OldRuns(provider.GetRequiredService<DataFolder>(), options, provider.GetRequiredService<RunCatalog>(),
            new Lazy<JobQueue>(provider.GetRequiredService<JobQueue>), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<OldRuns>>()));
        services.AddSingleton(provider => new JobWork(provider.GetRequiredService<DataFolder>(), options, provider.GetRequiredService<Uploads>(),
            provider.GetRequiredService<OldRuns>().Remove, provider.GetRequiredService<WhatIf>()));
        services.AddSingleton(provider => new JobQueue(provider.GetRequiredService<DataFolder>(), options.Jobs, provider.GetRequiredService<JobWork>(),
            provider.GetRequiredService<Uploads>(), provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<JobQueue>>()));
        services.AddSingleton(provider => new Schedules(provider.GetRequiredService<DataFolder>(), provider.GetRequiredService<JobQueue>(), provider.GetRequiredService<JobWork>(),
            provider.GetRequiredService<TimeProvider>(), provider.GetRequiredService<ILogger<Schedules>>()));
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<JobQueue>());
        services.AddSingleton<IHostedService>(provider => provider.GetRequiredService<Schedules>());
    }
}
