using System.Security.Claims;
using System.Text.Encodings.Web;
using Backlinks.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>
/// Where people who open the dashboard from elsewhere show their key, once. What stays in the browser is a cookie with the key's id,
/// signed and encrypted by data protection, that scripts cannot read and other sites cannot make the browser send; never the key.
/// </summary>
internal static class KeyPage
{
    public const string Path = "/key";

    public static void AddKeyPage(this WebApplicationBuilder builder, DataFolder folder)
    {
        string ring = System.IO.Path.Combine(folder.Path, ".keys");
        IDataProtectionBuilder protection = builder.Services.AddDataProtection().SetApplicationName("backlinks");
        try
        {
            if (OperatingSystem.IsWindows())
                Directory.CreateDirectory(ring);
            else
                Directory.CreateDirectory(ring, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            protection.PersistKeysToFileSystem(new DirectoryInfo(ring));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            protection.UseEphemeralDataProtectionProvider(); // a folder to read only: sessions end with the service
        }
        // It warns that the keys are not encrypted at rest. They lie in a folder that only the owner of the data can enter; whoever can, needs no session.
        builder.Logging.AddFilter("Microsoft.AspNetCore.DataProtection", LogLevel.Error);
        builder.Services.AddAuthentication().AddCookie(Admission.Session, cookie =>
        {
            cookie.Cookie.Name = Admission.Session;
            cookie.Cookie.HttpOnly = true;
            cookie.Cookie.SameSite = SameSiteMode.Strict;
            cookie.Cookie.SecurePolicy = CookieSecurePolicy.SameAsRequest;
            cookie.ExpireTimeSpan = TimeSpan.FromHours(12); // a working day
            cookie.SlidingExpiration = true;
        });
    }

    public static void MapKeyPage(this WebApplication app)
    {
        app.MapGet(Path, (HttpContext context, string? to) => Page(context, to, null)).WithScope(null).ExcludeFromDescription();
        app.MapPost(Path, Enter).WithScope(null).ExcludeFromDescription();
        app.MapPost(Path + "/leave", Leave).WithScope(null).ExcludeFromDescription();
    }

    /// <summary>Whether a stranger's request is a person's for a page, who is better led to this page than told a problem.</summary>
    public static bool Leads(HttpContext context) => HttpMethods.IsGet(context.Request.Method)
        && !context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal)
        && context.Request.Headers.Accept.ToString().Contains("text/html", StringComparison.Ordinal);

    /// <summary>The address of this page that leads back.</summary>
    public static string From(HttpContext context) => Path + QueryString.Create("to", context.Request.PathBase + context.Request.Path + context.Request.QueryString);

    private static async Task Enter(HttpContext context, Admission admission)
    {
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } body)
            body.MaxRequestBodySize = 4096; // a key is 77 bytes
        if (!context.Request.HasFormContentType)
            throw Problems.Of("unsupported_media_type", "send the form of this page");
        Admission.CheckOurs(context);
        IFormCollection form = await context.Request.ReadFormAsync(context.RequestAborted);
        string? to = form["to"];
        ApiKey key;
        try
        {
            key = admission.Verify(context, form["key"].ToString().Trim());
        }
        catch (ProblemException problem)
        {
            context.Response.StatusCode = problem.Status;
            await Page(context, to, problem.Message).ExecuteAsync(context);
            return;
        }
        await context.SignInAsync(Admission.Session, new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, key.Id)], "key")));
        context.Response.Redirect(Local(to));
    }

    private static async Task Leave(HttpContext context)
    {
        Admission.CheckOurs(context);
        await context.SignOutAsync(Admission.Session);
        context.Response.Redirect(Path);
    }

    /// <summary>Only a path of this service is led back to.</summary>
    private static string Local(string? to) => to is ['/', ..] && !to.StartsWith("//", StringComparison.Ordinal) && !to.Contains('\\') && !to.Any(char.IsControl) ? to : "/";

    private static IResult Page(HttpContext context, string? to, string? problem)
    {
        context.Response.Headers.CacheControl = "no-store";
        string told = problem is null ? "" : $"""<p role="alert">{HtmlEncoder.Default.Encode(problem)}</p>""";
        return Results.Content($$"""
            <!doctype html>
            <html lang="en">
            <head>
            <meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Backlinks: key</title>
            <style>
            :root { color-scheme: light dark; font: 1rem/1.5 system-ui, sans-serif }
            main { max-width: 28rem; margin: 15vh auto; padding: 0 1rem }
            input, button { font: inherit; width: 100%; box-sizing: border-box; padding: .5rem; margin-top: .5rem }
            [role=alert] { border-left: .25rem solid #c00; padding-left: .75rem }
            </style>
            </head>
            <body><main>
            <h1>Backlinks</h1>
            <form method="post" action="{{Path}}">
            <input type="hidden" name="to" value="{{HtmlEncoder.Default.Encode(Local(to))}}">
            <label>Key <input type="password" name="key" required autofocus autocomplete="current-password" placeholder="blk_…"></label>
            <button>Open</button>
            {{told}}
            </form>
            <p>A key is made on the machine of the service: <code>backlinks keys add NAME</code>.</p>
            </main></body>
            </html>
            """, "text/html; charset=utf-8", statusCode: context.Response.StatusCode);
    }
}
