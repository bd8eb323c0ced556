using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Tests;

/// <summary>A folder of files as a web site on a loopback port, as any static web server shows it: symbolic links followed,
/// index.html for a folder, 301 to the slash.</summary>
internal sealed class FolderSite : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly string _root;

    private FolderSite(string root)
    {
        _root = Path.GetFullPath(root);
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(k => k.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.Run(AnswerAsync);
    }

    /// <summary>Paths asked for, each once.</summary>
    public ConcurrentDictionary<string, int> Asked { get; } = new(StringComparer.Ordinal);

    public int Port { get; private set; }

    public static async Task<FolderSite> StartAsync(string root)
    {
        var site = new FolderSite(root);
        await site._app.StartAsync();
        site.Port = new Uri(site._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First()).Port;
        return site;
    }

    public ValueTask DisposeAsync() => _app.DisposeAsync();

    /// <summary>The file behind a path, or null.</summary>
    public string? FileOf(string path)
    {
        string file = Path.GetFullPath(Path.Combine(_root, Uri.UnescapeDataString(path).TrimStart('/')));
        if (!file.StartsWith(_root, StringComparison.Ordinal))
            return null;
        if (path.EndsWith('/'))
            file = Path.Combine(file, "index.html");
        return File.Exists(file) ? file : null;
    }

    private async Task AnswerAsync(HttpContext context)
    {
        string path = context.Request.Path.ToUriComponent();
        Asked.AddOrUpdate(path, 1, (_, n) => n + 1);
        if (FileOf(path) is { } file)
        {
            context.Response.ContentType = Path.GetExtension(file) switch
            {
                ".html" or ".htm" => "text/html",
                ".css" => "text/css",
                ".js" => "text/javascript",
                ".png" => "image/png",
                ".txt" => "text/plain",
                _ => "application/octet-stream",
            };
            await context.Response.SendFileAsync(file);
        }
        else if (!path.EndsWith('/') && Directory.Exists(Path.Combine(_root, path.TrimStart('/'))))
            context.Response.Redirect(path + "/", permanent: true);
        else
            context.Response.StatusCode = 404;
    }
}
