using System.Text.Json;
using System.Text.Json.Serialization;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>Wires the service: one process that serves API, dashboard and jobs of one data folder.</summary>
public static class ApiHost
{
    /// <summary>The service, ready to be started.</summary>
    /// <param name="configure">What the caller adds, such as another log.</param>
    public static WebApplication Build(ApiOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = "backlinks",
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseUrls([.. options.Urls]);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = options.MaxBodyBytes;
        });
        builder.Logging.SetMinimumLevel(LogLevel.Warning);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(new DataFolder(options.Data));
        builder.Services.AddSingleton<RunCatalog>();
        builder.Services.AddSingleton<RowQueries>();
        builder.Services.AddSingleton<Overviews>();
        builder.Services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        builder.AddJobs(options);
        if (options.Dashboard)
            builder.AddDashboard();
        configure?.Invoke(builder);
        WebApplication app = builder.Build();
        app.UseProblems();
        RouteGroupBuilder api = app.MapGroup("/api/v1");
        api.MapHealth(); // one line a resource
        api.MapJobs();
        api.MapExplain();
        api.MapSimulate();
        if (options.Dashboard)
            app.MapDashboard();
        return app;
    }

    /// <summary>JSON as the API speaks it.</summary>
    public static void Configure(JsonSerializerOptions json)
    {
        json.PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower;
        json.DictionaryKeyPolicy = null;
        json.NumberHandling = JsonNumberHandling.Strict;
        json.Converters.Add(new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower));
    }
}
