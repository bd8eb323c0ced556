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
