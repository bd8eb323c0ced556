using System.Text.Json;
using Backlinks.Pipeline;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Net.Http.Headers;

namespace Backlinks.Api;

/// <summary>
/// <c>/imports</c>: archives, exports and web graphs. <c>application/json</c> names files of the service's machine, below the folders it was
/// started with. Anything else is the file itself: <c>multipart/form-data</c> with a field <c>request</c> (JSON without paths, optional, first) and
/// a file, or the bare bytes with <c>?name=FILE</c>.
/// </summary>
internal static class ImportsApi
{
    private const int LongestRequest = 1 << 16;

    public static void MapImports(this IEndpointRouteBuilder api)
    {
        RouteGroupBuilder imports = api.MapGroup("/imports").WithTags("imports");
        imports.MapPost("", Start).WithName("import-start").Accepts<ImportRequest>("application/json", "multipart/form-data", "application/octet-stream").DisableRequestTimeout()
            .WithSummary("Imports files of the service's machine, or the file that is sent.").WithProblems("invalid_body", "too_large", "busy")
            .WithParameter(new DocumentedParameter("name", "Name of the file whose bare bytes are sent; its ending tells the format.")).WithExample("?name=links.txt", "a.example\tb.example\nb.example\ta.example\n", "application/octet-stream");
        imports.MapGet("/{id}", Get).WithName("import").WithSummary("One import.").WithProblems("not_found").WithExample(route: ("id", "000001-import"));
        imports.MapPost("/{id}/cancel", Cancel).WithName("import-cancel").WithSummary("Stops an import; what it wrote is kept.").WithProblems("not_found", "conflict", "busy").WithExample(route: ("id", "000001-import"));
    }

    private static async Task<Accepted<Job>> Start(JobQueue jobs, Uploads uploads, HttpRequest request, CancellationToken cancel, string? name = null)
    {
        if (request.ContentType is null || request.HasJsonContentType())
            return JobsApi.Started(jobs.Start(JobKind.Import, await JobsApi.BodyAsync(request, cancel)));
        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = uploads.Most + LongestRequest; // the parts' heads come on top
        JsonElement asked = JsonSerializer.SerializeToElement(new { });
        string? upload = null;
        try
        {
            if (!MediaTypeHeaderValue.TryParse(request.ContentType, out MediaTypeHeaderValue? type) || !type.MediaType.Equals("multipart/form-data", StringComparison.OrdinalIgnoreCase))
                upload = await uploads.ReceiveAsync(request.Body, name, cancel);
            else
            {
                var parts = new MultipartReader(HeaderUtilities.RemoveQuotes(type.Boundary).ToString(), request.Body);
                while (await parts.ReadNextSectionAsync(cancel) is { } part)
                    if (part.GetContentDispositionHeader() is { } head && head.IsFileDisposition())
                        upload = upload is null ? await uploads.ReceiveAsync(part.Body, HeaderUtilities.RemoveQuotes(head.FileNameStar.HasValue ? head.FileNameStar : head.FileName).ToString(), cancel)
                            : throw Problems.Of("invalid_body", "one file at a time");
                    else if (HeaderUtilities.RemoveQuotes(part.GetContentDispositionHeader()?.Name ?? "") == "request")
                        asked = await RequestAsync(part.Body, cancel);
                if (upload is null)
                    throw Problems.Of("invalid_body", "there is no file among the parts; send it as a part with a file name");
            }
            Job job = jobs.Start(JobKind.Import, asked, proposed => proposed with { Upload = upload });
            upload = null; // the job's from here on
            return JobsApi.Started(job);
        }
        catch (Exception e) when (e is InvalidDataException or (IOException and not BadHttpRequestException))
        {
            throw Problems.Of("invalid_body", $"the upload cannot be read: {e.Message}");
        }
        finally
        {
            uploads.Remove(upload);
        }
    }

    private static async Task<JsonElement> RequestAsync(Stream part, CancellationToken cancel)
    {
        byte[] bytes = new byte[LongestRequest + 1];
        int length = await part.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancel);
        if (length > LongestRequest)
            throw Problems.Of("too_large", $"the part 'request' is longer than {LongestRequest} bytes");
        try
        {
            using var document = JsonDocument.Parse(bytes.AsMemory(0, length));
            return document.RootElement.Clone();
        }
        catch (JsonException e)
        {
            throw Problems.Of("invalid_body", $"the part 'request' is not JSON: {e.Message}");
        }
    }

    private static Ok<Job> Get(JobQueue jobs, string id) => TypedResults.Ok(JobsApi.Known(jobs, id, JobKind.Import));

    private static Ok<Job> Cancel(JobQueue jobs, string id) => JobsApi.Cancelled(jobs, JobsApi.Known(jobs, id, JobKind.Import));
}
