using System.Net;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;

namespace Backlinks.Api;

/// <summary>Wires the service: one process that serves API, dashboard and jobs of one data folder.</summary>
public static class ApiHost
{
    /// <summary>The service, ready to be started. The data folder is made if it is not there.</summary>
    /// <param name="configure">What the caller adds, such as another log.</param>
    /// <exception cref="ArgumentException">An option is out of its range, or the service would be open to others without anybody having said so.</exception>
    /// <exception cref="StoreException">The data folder cannot be made, or its keys cannot be read.</exception>
    public static WebApplication Build(ApiOptions options, Action<WebApplicationBuilder>? configure = null)
    {
        options.Check();
        DataFolder folder = new(options.Data);
        folder.Make();
        ApiKeys keys = new(folder);
        if (keys.All.Count == 0 && !options.Open && (options.Proxies.Count > 0 || !Addresses.OnlyLoopback(options.Urls)))
            throw new ArgumentException($"{(options.Proxies.Count > 0 ? "behind a proxy" : $"at {string.Join(", ", options.Urls)}")} others can reach the service, and there is no key yet: make one with 'backlinks keys add NAME', or let everybody read with --open");
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder(new WebApplicationOptions
        {
            ApplicationName = "backlinks",
            ContentRootPath = AppContext.BaseDirectory,
        });
        builder.WebHost.UseUrls([.. options.Urls]);
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.AddTelemetry(options);
        builder.AddRequestLimits(options);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(folder);
        builder.Services.AddSingleton(keys);
        builder.Services.AddSingleton<Admission>();
        builder.Services.AddSingleton<RunCatalog>();
        builder.Services.AddSingleton<RowQueries>();
        builder.Services.AddSingleton<Overviews>();
        builder.Services.AddSingleton<RatingHistory>();
        builder.Services.AddSingleton<AnswerCache>();
        builder.Services.AddSingleton<RowAnswers>();
        builder.Services.ConfigureHttpJsonOptions(json => Configure(json.SerializerOptions));
        builder.Services.Configure<RouteHandlerOptions>(handlers => handlers.ThrowOnBadRequest = true); // so that ProblemAnswers can say what is wrong
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(options.DrainSeconds));
        builder.Services.AddCors();
        builder.Services.AddCompression();
        builder.Services.AddApiDocument();
        builder.AddKeyPage(folder);
        builder.AddJobs(options);
        if (options.Dashboard)
            builder.AddDashboard();
        configure?.Invoke(builder);
        WebApplication app = builder.Build();
        app.Use(Headers);
        if (options.Proxies.Count > 0)
            app.UseForwardedHeaders(Forwarded(options.Proxies));
        AnswerBody.Use(app, options);
        app.UseAccessLog();
        app.UseCompression();
        app.UseProblems();
        app.UseRouting();
        if (options.Cors.Count > 0)
            app.UseCors(cors => cors.WithOrigins([.. options.Cors]).AllowAnyMethod().AllowAnyHeader().WithExposedHeaders("ETag", "Retry-After", "Location"));
        JobQueue jobs = app.Services.GetRequiredService<JobQueue>();
        app.Services.GetRequiredService<Measures>().Jobs = () => jobs.List().GroupBy(job => job.State).Select(state => (JsonNamingPolicy.SnakeCaseLower.ConvertName(state.Key.ToString()), (long)state.Count()));
        Admission admission = app.Services.GetRequiredService<Admission>();
        app.Use(async (context, next) =>
        {
            await admission.Admit(context);
            await next(context);
        });
        app.UseRequestLimits();
        RouteGroupBuilder api = app.MapGroup("/api/v1");
        api.MapHealth(); // one line a resource
        api.MapSiteExplorer();
        api.MapMetrics(app);
        app.MapApiDocument();
        app.MapKeyPage();
        api.MapOverview();
        api.MapAcrossTargets();
        api.MapAvailableFilters();
        api.MapAlerts();
        api.MapJobs();
        api.MapExplain();
        api.MapSimulate();
        api.MapSpam();
        api.MapDisavow();
        api.MapGraph();
        api.MapTopics();
        api.MapRuns();
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

    /// <summary>What keeps a browser from taking an answer for what it is not, from showing our pages inside another's, and from fetching anything from elsewhere.</summary>
    private static Task Headers(HttpContext context, RequestDelegate next)
    {
        context.Response.OnStarting(() =>
        {
            IHeaderDictionary headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            if (headers["Referrer-Policy"].Count == 0)
                headers["Referrer-Policy"] = "same-origin";
            if (headers.ContentSecurityPolicy.Count > 0)
                return Task.CompletedTask; // a page of the dashboard says its own, which is stricter
            headers.ContentSecurityPolicy = context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
                ? "default-src 'none'; frame-ancestors 'none'"
                : "default-src 'self'; script-src 'self' 'unsafe-inline'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";
            return Task.CompletedTask;
        });
        return next(context);
    }

    private static ForwardedHeadersOptions Forwarded(IReadOnlyList<string> proxies)
    {
        var options = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto };
        options.KnownProxies.Clear();
        options.KnownIPNetworks.Clear();
        foreach (string proxy in proxies)
            if (IPAddress.TryParse(proxy, out IPAddress? address))
                options.KnownProxies.Add(address);
            else
                options.KnownIPNetworks.Add(System.Net.IPNetwork.Parse(proxy));
        return options;
    }
}
