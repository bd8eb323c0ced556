using System.IO.Compression;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.ResponseCompression;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Api;

/// <summary>
/// Brotli or gzip for text. Not for Parquet, which is compressed, nor for streams of events, which must not wait for a block to fill.
/// Compression inside TLS lets a listener guess secrets that share an answer with what he makes the victim ask for (BREACH). Answers of the
/// API hold no secret, so they are compressed everywhere; pages hold the session's tokens, so over https they are not.
/// </summary>
internal static class Compression
{
    public static void AddCompression(this IServiceCollection services)
    {
        services.AddResponseCompression(compression =>
        {
            compression.EnableForHttps = true;
            compression.Providers.Add<BrotliCompressionProvider>();
            compression.Providers.Add<GzipCompressionProvider>();
            compression.MimeTypes = ["application/json", "application/problem+json", "application/openapi+json", "application/x-ndjson", "text/csv", "text/plain", "text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml"];
        });
        // Made anew for every answer, hence fast rather than small: 3 to 8 times smaller for rows as it is.
        services.Configure<BrotliCompressionProviderOptions>(brotli => brotli.Level = CompressionLevel.Fastest);
        services.Configure<GzipCompressionProviderOptions>(gzip => gzip.Level = CompressionLevel.Fastest);
    }

    public static void UseCompression(this WebApplication app)
    {
        app.UseResponseCompression();
        app.Use((context, next) =>
        {
            if (context.Request.IsHttps && !context.Request.Path.StartsWithSegments("/api", StringComparison.Ordinal) && context.Features.Get<IHttpsCompressionFeature>() is { } page)
                page.Mode = HttpsCompressionMode.DoNotCompress;
            return next(context);
        });
    }
}
