using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.DependencyInjection;
using Radzen;

namespace Backlinks.Api;

/// <summary>The dashboard: Blazor pages rendered here, live over one connection, with every asset served by this process.</summary>
internal static class DashboardHost
{
    public static void AddDashboard(this WebApplicationBuilder builder)
    {
        builder.WebHost.UseStaticWebAssets(); // from a built tree as from a published one
        builder.Services.AddRazorComponents().AddInteractiveServerComponents();
        builder.Services.AddRadzenComponents();
    }

    public static void MapDashboard(this WebApplication app)
    {
        app.UseAntiforgery();
        app.MapStaticAssets();
        app.MapRazorComponents<Dashboard.App>().AddInteractiveServerRenderMode();
    }
}
