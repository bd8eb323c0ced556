using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace Backlinks.Api;

/// <summary>From a request for rows to its answer: parameters, form of output, entity tag, cache, stream.</summary>
internal sealed class RowAnswers(RowQueries queries, AnswerCache cache)
{
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["json"] = "application/json",
        ["csv"] = "text/csv; charset=utf-8",
        ["ndjson"] = "application/x-ndjson",
        ["parquet"] = "application/vnd.apache.parquet",
    };

    /// <summary>The media types that rows can be had in.</summary>
    public static IEnumerable<string> MediaTypes => Types.Values;

    /// <summary>Answers a request for rows of a resource.</summary>
    public async Task AnswerAsync(HttpContext context, string resource)
    {
        RowQuery query = QueryOf(context.Request.Query, resource, out string? run, out string? output);
        string form = FormOf(context, output);
        RunLease lease = queries.Lease(run, query.Cursor);
        try
        {
            string tag = Tag(lease.Run.Id, form, context.Request);
            if (NotModified(context, tag))
                return;
            if (form == "json")
            {
                byte[]? answer = Kept(context.Request, tag);
                if (answer is null)
                {
                    RowPage page = await queries.PageAsync(lease.Run, query, context.RequestAborted);
                    cache.Keep(tag, answer = RowOutput.Json(page));
                }
                context.Response.Headers.ETag = tag;
                context.Response.ContentType = Types[form];
                context.Response.ContentLength = answer.Length;
                await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
                return;
            }
            RowQuestion question = queries.Check(lease.Run, query);
            context.Response.Headers.ETag = tag;
            context.Response.ContentType = Types[form];
            context.Response.Headers.ContentDisposition = new ContentDispositionHeaderValue("attachment") { FileName = FileName(resource, question.Target.Host, lease.Run.Id, form) }.ToString();
            IAsyncEnumerable<object?[]> rows = queries.Stream(lease.Run, query, context.RequestAborted);
            await using IAsyncEnumerator<object?[]> first = rows.GetAsyncEnumerator(context.RequestAborted);
            bool any = await first.MoveNextAsync(); // what is wrong with the question is told before the answer begins
            IAsyncEnumerable<object?[]> all = any ? Rest(first) : AsyncEnumerable.Empty<object?[]>();
            if (form == "csv")
                await RowOutput.CsvAsync(context.Response.BodyWriter, question.Columns, all, context.RequestAborted);
            else if (form == "ndjson")
                await RowOutput.NdjsonAsync(context.Response.BodyWriter, question.Columns, all, context.RequestAborted);
            else
                await RowOutput.ParquetAsync(context.Response.Body, lease.Run.Id, question.Columns, all, context.RequestAborted);
        }
        finally
        {
            lease.Dispose();
        }
    }

    /// <summary>An answer that was given before, but for a caller who wants it made anew (<c>Cache-Control: no-cache</c>, RFC 9111 5.2.1.4): who measures, say.</summary>
    private byte[]? Kept(HttpRequest request, string tag) => request.GetTypedHeaders().CacheControl is { NoCache: true } ? null : cache.Find(tag);

    /// <summary>Answers with a value that depends on run and request alone.</summary>
    /// <param name="beside">The other run that it depends on, too; null for none.</param>
    public async Task AnswerAsync<T>(HttpContext context, string? run, IReadOnlyList<string> parameters, Func<ServedRun, Task<T>> make, Func<ServedRun, string?>? beside = null)
    {
        CheckParameters(context, parameters);
        using RunLease lease = queries.Catalog.Lease(run);
        string tag = Tag(beside?.Invoke(lease.Run) is { } other ? $"{lease.Run.Id}/{other}" : lease.Run.Id, "json", context.Request);
        if (NotModified(context, tag))
            return;
        byte[]? answer = Kept(context.Request, tag);
        if (answer is null)
            cache.Keep(tag, answer = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(await make(lease.Run), ApiJson.Options));
        context.Response.Headers.ETag = tag;
        context.Response.ContentType = Types["json"];
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
    }

    /// <summary>Answers with a value that depends on more than a run: it is made every time, and sent to those who do not have it yet.</summary>
    public static async Task AnswerByContentAsync<T>(HttpContext context, T value)
    {
        byte[] answer = System.Text.Json.JsonSerializer.SerializeToUtf8Bytes(value, ApiJson.Options);
        string tag = $"\"{Convert.ToHexStringLower(SHA256.HashData(answer).AsSpan(0, 16))}\"";
        if (NotModified(context, tag))
            return;
        context.Response.Headers.ETag = tag;
        context.Response.ContentType = Types["json"];
        context.Response.ContentLength = answer.Length;
        await context.Response.BodyWriter.WriteAsync(answer, context.RequestAborted);
    }

    /// <summary>Refuses parameters that there are not, or that are given twice.</summary>
    public static void CheckParameters(HttpContext context, IReadOnlyList<string> parameters)
    {
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in context.Request.Query)
            if (!parameters.Contains(name))
                throw Problems.Parameter(Filter.Clip(name), Filter.Unknown(name, parameters));
            else if (values.Count > 1)
                throw Problems.Parameter(name, "is given more than once");
    }

    /// <summary>A question for rows out of a query string.</summary>
    public static RowQuery QueryOf(IQueryCollection parameters, string resource, out string? run, out string? output)
    {
        foreach ((string name, Microsoft.Extensions.Primitives.StringValues values) in parameters)
            if (values.Count > 1 && RowQuestion.RowParameters.Contains(name))
                throw Problems.Parameter(name, "is given more than once");
        (run, output) = (parameters["run"], parameters["output"]);
        int? limit = null;
        if (parameters.TryGetValue("limit", out Microsoft.Extensions.Primitives.StringValues text))
            limit = int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : throw Problems.Parameter("limit", $"must be 1 to {RowQuestion.MostRows:N0}, not '{Filter.Clip(text.ToString())}'");
        return new RowQuery
        {
            Resource = resource,
            Target = parameters["target"].ToString(),
            Mode = parameters["mode"],
            Select = parameters["select"],
            Where = parameters["where"],
            OrderBy = parameters["order_by"],
            Limit = limit,
            Cursor = parameters["cursor"],
            History = parameters["history"],
            Aggregation = parameters["aggregation"],
            DateFrom = parameters["date_from"],
            DateTo = parameters["date_to"],
            Fields = [.. parameters.Where(p => !RowQuestion.RowParameters.Contains(p.Key)).SelectMany(p => p.Value.Select(v => KeyValuePair.Create(p.Key, v ?? ""))).OrderBy(p => p.Key, StringComparer.Ordinal)],
        };
    }

    /// <summary>Strong, of run and request: an answer never changes.</summary>
    internal static string Tag(string run, string form, HttpRequest request)
    {
        string asked = string.Join('\0', [run, form, request.Path.Value ?? "", .. request.Query.Where(p => p.Key is not ("run" or "output")).OrderBy(p => p.Key, StringComparer.Ordinal).SelectMany(p => p.Value.Select(v => $"{p.Key}\u0001{v}"))]);
        return $"\"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(asked)).AsSpan(0, 16))}\"";
    }

    internal static bool NotModified(HttpContext context, string tag)
    {
        if (!EntityTagHeaderValue.TryParseList(context.Request.Headers.IfNoneMatch, out IList<EntityTagHeaderValue>? known) || !known.Any(k => k.Tag == "*" || k.Tag == tag))
            return false;
        context.Response.StatusCode = StatusCodes.Status304NotModified;
        context.Response.Headers.ETag = tag;
        return true;
    }

    private static string FormOf(HttpContext context, string? output)
    {
        context.Response.Headers.Vary = "Accept";
        if (!string.IsNullOrEmpty(output))
            return Types.ContainsKey(output) ? output : throw Problems.Parameter("output", $"'{Filter.Clip(output)}' is none of {string.Join(", ", Types.Keys)}");
        if (!MediaTypeHeaderValue.TryParseList(context.Request.Headers.Accept, out IList<MediaTypeHeaderValue>? accepted) || accepted.Count == 0)
            return "json";
        foreach (MediaTypeHeaderValue wanted in accepted.Where(a => a.Quality != 0).OrderByDescending(a => a.Quality ?? 1))
            foreach ((string form, string type) in Types)
                if (MediaTypeHeaderValue.Parse(type).IsSubsetOf(wanted) || wanted.MediaType == type.Split(';')[0])
                    return form;
        throw Problems.Of("not_acceptable", $"rows can be had as {string.Join(", ", Types.Values.Select(t => t.Split(';')[0]))}");
    }

    private static string FileName(string resource, string host, string run, string form) =>
        $"{resource}-{new string([.. host.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')])}-{run}.{form}";

    private static async IAsyncEnumerable<object?[]> Rest(IAsyncEnumerator<object?[]> rows)
    {
        do
            yield return rows.Current;
        while (await rows.MoveNextAsync());
    }
}
