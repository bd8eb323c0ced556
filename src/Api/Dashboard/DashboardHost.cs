using Backlinks.Api.Dashboard;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;
using Radzen;

namespace Backlinks.Api;

/// <summary>The dashboard: Blazor pages rendered here, live over one connection, with every asset served by this process.</summary>
internal static class DashboardHost
{
    /// <summary>
    /// What a page may load and run: this process's own files, and nothing written into the page; so a script that a crawled title
    /// smuggled in would not run even if it came through. Styles may stand in the page: charts set them.
    /// </summary>
    private const string ContentPolicy = "default-src 'self'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; font-src 'self'; connect-src 'self'; object-src 'none'; base-uri 'self'; form-action 'self'; frame-ancestors 'none'";

    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        builder.WebHost.UseStaticWebAssets(); // from a built tree as from a published one
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddRadzenComponents();
        builder.Services.AddSingleton<Backlinks.Stores.Reviews>();
        builder.Services.AddScoped<PageUser>();
        builder.Services.AddSingleton<Dashboard.RunReader>();
    }

    public static void MapDashboard(this WebApplication app)
    {
        app.Use(async (context, next) =>
        {
            PathString path = context.Request.Path;
            IHeaderDictionary headers = context.Response.Headers;
            headers.XContentTypeOptions = "nosniff";
            headers["Referrer-Policy"] = "no-referrer"; // crawled sites need not learn who looks at them
            if (!path.StartsWithSegments("/docs", StringComparison.Ordinal)) // a page of another maker, which says its own
                headers.ContentSecurityPolicy = ContentPolicy;
            await next(context);
            if (context.GetEndpoint() is null && context.Response is { StatusCode: StatusCodes.Status404NotFound, HasStarted: false } && HttpMethods.IsGet(context.Request.Method)
                && !path.StartsWithSegments("/api", StringComparison.Ordinal) && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal))
                await new RazorComponentResult<Dashboard.App> { StatusCode = StatusCodes.Status404NotFound }.ExecuteAsync(context); // the router shows its page for that
        });
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<Dashboard.App>().AddInteractiveServerRenderMode(render => render.ContentSecurityFrameAncestorsPolicy = null) // stands in the policy above
            .WithScope(Scopes.Read); // a page's connection begins with a POST that changes nothing; what a page does asks for its own scope, see PageUser
    }
}
