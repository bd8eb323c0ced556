using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Console;
using OpenTelemetry.Metrics;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

namespace Backlinks.Api;

/// <summary>Logs to standard error, metrics for Prometheus, and traces by OTLP where OTEL_EXPORTER_OTLP_ENDPOINT names a collector.</summary>
internal static class Telemetry
{
    private const string Collector = "OTEL_EXPORTER_OTLP_ENDPOINT";

    public static void AddTelemetry(this WebApplicationBuilder builder, ApiOptions options)
    {
        AddLog(builder.Logging, options);
        builder.Services.AddSingleton<Measures>();
        bool exported = !string.IsNullOrEmpty(builder.Configuration[Collector]);
        OpenTelemetry.OpenTelemetryBuilder telemetry = builder.Services.AddOpenTelemetry().ConfigureResource(resource => resource.AddService("backlinks", serviceVersion: Stores.RunWriter.EngineVersion));
        telemetry.WithMetrics(metrics =>
        {
            metrics.AddAspNetCoreInstrumentation().AddRuntimeInstrumentation().AddMeter(Measures.Name).AddPrometheusExporter();
            if (exported)
                metrics.AddOtlpExporter();
        });
        if (exported)
            telemetry.WithTracing(traces => traces.AddAspNetCoreInstrumentation().AddSource(Measures.Name).AddOtlpExporter());
    }

    public static void MapMetrics(this IEndpointRouteBuilder api, WebApplication app)
    {
        app.Services.GetRequiredService<Measures>();
        RequestDelegate scrape = ((IApplicationBuilder)app).New().UseOpenTelemetryPrometheusScrapingEndpoint(_ => true).Build();
        api.MapGet("/metrics", (Delegate)((HttpContext context) => scrape(context))).WithName("metrics").WithSummary("What the service counts of itself, for Prometheus.")
            .Produces<string>(200, "text/plain").WithExample();
    }

    private static void AddLog(ILoggingBuilder logging, ApiOptions options)
    {
        logging.ClearProviders();
        logging.SetMinimumLevel(LogLevel.Warning);
        logging.AddFilter("Backlinks", options.LogLevel);
        logging.AddFilter("Microsoft.Extensions.Hosting.Internal.Host", LogLevel.Critical); // that it could not start is told by who started it, in one line
        switch (options.Log)
        {
            case LogForm.Json:
                logging.AddJsonConsole(json => (json.UseUtcTimestamp, json.TimestampFormat) = (true, "yyyy-MM-ddTHH:mm:ss.fffZ"));
                break;
            case LogForm.Text:
                logging.AddSimpleConsole(text => (text.SingleLine, text.UseUtcTimestamp, text.TimestampFormat, text.ColorBehavior) = (true, true, "HH:mm:ss ", LoggerColorBehavior.Disabled));
                break;
        }
        logging.Services.Configure<ConsoleLoggerOptions>(console => console.LogToStandardErrorThreshold = LogLevel.Trace); // data goes to standard output
    }
}
