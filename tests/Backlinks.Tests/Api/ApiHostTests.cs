using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using System.Text.Json;
using Backlinks.Api;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using static Backlinks.Tests.Api.Asking;
using Program = Backlinks.Tests.Cli.Program;

namespace Backlinks.Tests.Api;

/// <summary>What stands around every resource: who is answered, within which limits, and what is told of it.</summary>
public sealed class ApiHostTests
{
    private const string Asked = "/openapi/v1.json";

    [Fact]
    public async Task Data_folder_that_is_not_there_is_made_and_served_empty()
    {
        using TemporaryFolder folder = new();
        string data = folder.File("not/there/yet");
        await using WebApplication app = ApiHost.Build(new ApiOptions { Data = data, Urls = ["http://127.0.0.1:0"] });
        await app.StartAsync();
        using HttpClient client = new() { BaseAddress = new Uri(app.Urls.First()) };
        JsonElement health = JsonDocument.Parse(await client.GetStringAsync("/api/v1/health")).RootElement;
        Assert.Equal("empty", health.GetProperty("status").GetString());
        Assert.False(health.GetProperty("ready").GetBoolean());
        await client.RefusedAsync(Get("/api/v1/health/ready"), "no_run");
        Assert.Equal(HttpStatusCode.OK, await client.StatusAsync(Get("/")));
    }

    [Fact]
    public async Task On_this_machine_only_its_names_are_answered_so_that_no_web_site_reaches_it_by_a_name_of_its_own()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { AllowedHosts = ["links.example"] });
        foreach (string host in new[] { "localhost", "LOCALHOST:80", "127.0.0.1:5080", "[::1]:1", "links.example" })
            Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked).With("Host", host)));
        foreach (string host in new[] { "evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "evil.example:5080", "0.0.0.0", "127.1", "2130706433" })
            await service.Client.RefusedAsync(Get(Asked).With("Host", host), "unknown_host");
        using HttpResponseMessage health = await service.Client.SendAsync(Get("/api/v1/health").With("Host", "evil.example"));
        Assert.Equal(JsonValueKind.Null, JsonDocument.Parse(await health.Content.ReadAsStringAsync()).RootElement.GetProperty("free_bytes").ValueKind); // alive, and no more is told
    }

    [Fact]
    public async Task Pages_of_other_sites_can_neither_change_nor_read_anything_unless_allowed()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { Cors = ["https://app.example.com"] }, app => app.MapPostForTest("/api/v1/ask", Scopes.Read));
        string own = service.Url.GetLeftPart(UriPartial.Authority);
        foreach (string origin in new[] { "https://evil.example", "null", "http://localhost:3000", own + ".evil.example" })
            await service.Client.RefusedAsync(Post("/api/v1/ask").With("Origin", origin), "not_allowed");
        foreach (string site in new[] { "cross-site", "same-site" })
        {
            await service.Client.RefusedAsync(Post("/api/v1/ask").With("Sec-Fetch-Site", site), "not_allowed");
            await service.Client.RefusedAsync(Get(Asked).With("Sec-Fetch-Site", site).With("Sec-Fetch-Mode", "no-cors"), "not_allowed"); // such as an image that is a question
        }
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get(Asked).With("Sec-Fetch-Site", "cross-site").With("Sec-Fetch-Mode", "navigate"))); // a link
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Post("/api/v1/ask").With("Origin", own).With("Sec-Fetch-Site", "same-origin")));

        using HttpResponseMessage allowed = await service.Client.SendAsync(Post("/api/v1/ask").With("Origin", "https://app.example.com").With("Sec-Fetch-Site", "cross-site"));
        Assert.Equal(HttpStatusCode.OK, allowed.StatusCode);
        Assert.Equal("https://app.example.com", Assert.Single(allowed.Headers.GetValues("Access-Control-Allow-Origin")));
        using HttpResponseMessage other = await service.Client.SendAsync(Get(Asked).With("Origin", "https://evil.example"));
        Assert.False(other.Headers.Contains("Access-Control-Allow-Origin"));
        using HttpResponseMessage preflight = await service.Client.SendAsync(new HttpRequestMessage(HttpMethod.Options, "/api/v1/ask").With("Origin", "https://evil.example").With("Access-Control-Request-Method", "POST"));
        Assert.False(preflight.Headers.Contains("Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task Whatever_is_wrong_with_a_request_is_a_problem_in_the_words_of_the_api()
    {
        await using OwnService service = await OwnService.StartAsync(map: app =>
        {
            app.MapGet("/api/v1/number", (int theNumber) => theNumber).WithScope(Scopes.Read);
            app.MapPost("/api/v1/body", (Wanted wanted) => wanted).WithScope(Scopes.Read);
            app.MapGet("/api/v1/defect", string () => throw new InvalidOperationException("SECRET inside"));
        });
        Assert.Equal("the_number", (await service.Client.RefusedAsync(Get("/api/v1/number?theNumber=abc"), "invalid_parameter")).GetProperty("errors")[0].GetProperty("field").GetString());
        JsonElement missing = await service.Client.RefusedAsync(Get("/api/v1/number"), "invalid_parameter");
        Assert.DoesNotContain("int", missing.GetProperty("detail").GetString()!.Split(' '));
        await service.Client.RefusedAsync(Get("/api/v1/nothing"), "not_found");
        await service.Client.RefusedAsync(new HttpRequestMessage(HttpMethod.Delete, "/api/v1/number"), "method_not_allowed");
        await service.Client.RefusedAsync(new HttpRequestMessage(HttpMethod.Post, "/api/v1/body") { Content = new StringContent("a=1", Encoding.UTF8, "text/plain") }, "unsupported_media_type");
        await service.Client.RefusedAsync(Post("/api/v1/body", "{\"the_name\":"), "invalid_body");
        await service.Client.RefusedAsync(Post("/api/v1/body", ""), "invalid_body");
        JsonElement typed = await service.Client.RefusedAsync(Post("/api/v1/body", "{\"the_name\":\"a\",\"many\":[1,\"<script>\"]}"), "invalid_body");
        Assert.Equal("/many/1", typed.GetProperty("errors")[0].GetProperty("field").GetString());
        Assert.DoesNotContain("System.", typed.GetProperty("detail").GetString(), StringComparison.Ordinal);
        await service.Client.RefusedAsync(Large("/api/v1/body"), "too_large");
        await service.Client.RefusedAsync(Large("/api/v1/runs"), "too_large");
        await service.Client.RefusedAsync(Post("/api/v1/body", string.Concat(Enumerable.Repeat("[", 100_000))), "invalid_body");
        string defect = (await service.Client.RefusedAsync(Get("/api/v1/defect"), "failed")).ToString();
        Assert.DoesNotContain("SECRET", defect, StringComparison.Ordinal);
        Assert.Contains(service.Log, line => line.StartsWith("Error", StringComparison.Ordinal) && line.Contains("SECRET inside", StringComparison.Ordinal));
    }

    /// <summary>10 MB, sent only if they are wanted: whoever sends them unasked may be hung up on before he has heard why.</summary>
    private static HttpRequestMessage Large(string path)
    {
        HttpRequestMessage request = Post(path, new string(' ', 10 << 20));
        request.Headers.ExpectContinue = true;
        return request;
    }

    private sealed record Wanted(string TheName, IReadOnlyList<int> Many);

    [Fact]
    public async Task Who_asks_too_much_is_told_when_to_come_again_and_health_is_told_all_the_same()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { RequestsPerMinute = 60 });
        List<HttpStatusCode> answers = [];
        for (int i = 0; i < 20; i++)
        {
            using HttpResponseMessage response = await service.Client.SendAsync(Get("/api/v1/nothing"));
            answers.Add(response.StatusCode);
            if (response.StatusCode == HttpStatusCode.TooManyRequests)
            {
                await ProblemAsync(response, "too_many_requests");
                Assert.InRange(response.Headers.RetryAfter!.Delta!.Value.TotalSeconds, 1, 60);
            }
        }
        Assert.Contains(HttpStatusCode.TooManyRequests, answers);
        Assert.Equal(HttpStatusCode.NotFound, answers[0]);
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get("/api/v1/health")));
    }

    [Fact]
    public async Task Questions_that_take_too_long_are_given_up_but_not_answers_that_have_begun()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { RequestSeconds = 0.3 }, app =>
        {
            app.MapGet("/api/v1/slow", async (CancellationToken cancel) => await Task.Delay(Timeout.Infinite, cancel));
            app.MapGet("/api/v1/stream", async (HttpResponse response, CancellationToken cancel) =>
            {
                for (int i = 0; i < 10; i++)
                {
                    await response.WriteAsync("row\n", cancel);
                    await response.Body.FlushAsync(cancel);
                    await Task.Delay(100, cancel);
                }
            });
        });
        await service.Client.RefusedAsync(Get("/api/v1/slow"), "too_slow");
        Assert.Equal(10, (await service.Client.GetStringAsync("/api/v1/stream")).Split('\n', StringSplitOptions.RemoveEmptyEntries).Length);
    }

    [Fact]
    public async Task Of_expensive_questions_a_few_are_worked_on_a_few_wait_and_the_others_are_told_to_come_again()
    {
        SemaphoreSlim go = new(0);
        int working = 0;
        await using OwnService service = await OwnService.StartAsync(o => o with { ExpensiveAtOnce = 1 }, app => app.MapGet("/api/v1/hard", async (CancellationToken cancel) =>
        {
            Interlocked.Increment(ref working);
            await go.WaitAsync(cancel);
            return "done";
        }).AsExpensive());
        List<Task<HttpResponseMessage>> asked = [.. Enumerable.Range(0, 8).Select(_ => service.Client.SendAsync(Get("/api/v1/hard")))];
        HttpResponseMessage first = await await Task.WhenAny(asked);
        await ProblemAsync(first, "busy");
        Assert.NotNull(first.Headers.RetryAfter);
        while (asked.Count(a => a.IsCompleted) < 3)
            await Task.Delay(20); // one is worked on, four wait
        Assert.Equal(1, working);
        go.Release(8);
        HttpResponseMessage[] all = await Task.WhenAll(asked);
        Assert.InRange(all.Count(r => r.StatusCode == HttpStatusCode.OK), 1, 5);
        Assert.All(all.Where(r => r.StatusCode != HttpStatusCode.OK), r => Assert.Equal(HttpStatusCode.ServiceUnavailable, r.StatusCode));
    }

    [Fact]
    public async Task Callers_that_send_their_headers_or_body_drop_by_drop_are_hung_up_on_while_others_are_answered()
    {
        await using OwnService service = await OwnService.StartAsync(o => o with { HeaderSeconds = 0.5 }, app => app.MapPost("/api/v1/body", (JsonElement body) => "read").WithScope(Scopes.Read));
        List<Task<string>> slow = [];
        for (int i = 0; i < 20; i++)
            slow.Add(DripAsync(service.Url, "GET / HTTP/1.1\r\nHost: localhost\r\nX-Slow: ", 'a'));
        slow.Add(DripAsync(service.Url, "POST /api/v1/body HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: 100000\r\n\r\n", ' '));
        for (int i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get("/api/v1/health")));
        Task all = Task.WhenAll(slow);
        Assert.True(await Task.WhenAny(all, Task.Delay(TimeSpan.FromSeconds(60))) == all, "somebody is still connected");
        Assert.All(slow.Take(20), answer => Assert.Matches("^(HTTP/1.1 408 .*)?$", answer.Result.Split('\r')[0]));
    }

    /// <summary>Sends a beginning, then a byte every now and then until the other side hangs up; returns what it said.</summary>
    private static async Task<string> DripAsync(Uri url, string beginning, char drop)
    {
        using TcpClient client = new();
        await client.ConnectAsync(url.Host, url.Port);
        NetworkStream stream = client.GetStream();
        await stream.WriteAsync(Encoding.ASCII.GetBytes(beginning));
        Task<string> heard = new StreamReader(stream).ReadToEndAsync();
        try
        {
            while (!heard.IsCompleted)
            {
                await stream.WriteAsync(new[] { (byte)drop });
                await Task.WhenAny(heard, Task.Delay(200));
            }
            return await heard;
        }
        catch (IOException)
        {
            return "";
        }
    }

    [Fact]
    public async Task Text_is_compressed_and_nothing_else()
    {
        await using OwnService service = await OwnService.StartAsync(map: app =>
        {
            app.MapGet("/api/v1/parquet", () => Results.Bytes(new byte[50_000], "application/vnd.apache.parquet"));
            app.MapGet("/api/v1/events", () => TypedResults.ServerSentEvents(Numbers()));
            app.MapGet("/api/v1/csv", () => Results.Text(new string('a', 50_000), "text/csv"));
        });
        async Task<string?> Encoding(string path, string accepted)
        {
            using HttpResponseMessage response = await service.Client.SendAsync(Get(path).With("Accept-Encoding", accepted));
            return response.Content.Headers.ContentEncoding.SingleOrDefault(e => e != "identity");
        }
        Assert.Equal("br", await Encoding(Asked, "gzip, br"));
        Assert.Equal("gzip", await Encoding(Asked, "gzip"));
        Assert.Null(await Encoding(Asked, "identity"));
        Assert.Equal("br", await Encoding("/api/v1/csv", "br"));
        Assert.Null(await Encoding("/api/v1/parquet", "br"));
        Assert.Null(await Encoding("/api/v1/events", "br"));
    }

    [Fact]
    public async Task Over_https_http_2_is_spoken_and_pages_are_not_compressed_lest_their_length_tell_their_secrets()
    {
        using TemporaryFolder folder = new();
        string thumbprint;
        using (RSA rsa = RSA.Create(2048))
        using (X509Certificate2 made = new CertificateRequest("CN=localhost", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1).CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1)))
        {
            thumbprint = made.Thumbprint;
            File.WriteAllBytes(folder.File("localhost.pfx"), made.Export(X509ContentType.Pkcs12, "secret"));
        }
        await using OwnService service = await OwnService.StartAsync(o => o with { Urls = ["https://127.0.0.1:0"] }, app => app.MapPageForTest("/page"), configure: builder =>
        {
            builder.Configuration["Kestrel:Certificates:Default:Path"] = folder.File("localhost.pfx");
            builder.Configuration["Kestrel:Certificates:Default:Password"] = "secret";
        });
        using HttpClient client = new(new SocketsHttpHandler { SslOptions = { RemoteCertificateValidationCallback = (_, shown, _, _) => shown?.GetCertHashString() == thumbprint } }) { BaseAddress = service.Url };
        HttpRequestMessage asked = Get("/api/v1/nothing").With("Accept-Encoding", "br");
        (asked.Version, asked.VersionPolicy) = (HttpVersion.Version20, HttpVersionPolicy.RequestVersionExact);
        using HttpResponseMessage api = await client.SendAsync(asked);
        Assert.Equal(HttpVersion.Version20, api.Version);
        Assert.Equal("br", api.Content.Headers.ContentEncoding.SingleOrDefault());
        using HttpResponseMessage page = await client.SendAsync(Get("/page").With("Accept-Encoding", "br"));
        Assert.Equal(HttpStatusCode.OK, page.StatusCode);
        Assert.Empty(page.Content.Headers.ContentEncoding);
    }

    private static async IAsyncEnumerable<string> Numbers()
    {
        for (int i = 0; i < 100; i++)
            yield return i.ToString(System.Globalization.CultureInfo.InvariantCulture);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task When_it_ends_answers_under_way_are_finished_and_streams_without_end_are_closed()
    {
        SemaphoreSlim go = new(0);
        await using OwnService service = await OwnService.StartAsync(map: app =>
        {
            app.MapGet("/api/v1/slow", async () =>
            {
                await go.WaitAsync();
                return "done";
            });
            app.MapGet("/api/v1/events", (CancellationToken cancel) => TypedResults.ServerSentEvents(Endless(cancel)));
        });
        Task<string> slow = service.Client.GetStringAsync("/api/v1/slow");
        using HttpResponseMessage events = await service.Client.SendAsync(Get("/api/v1/events"), HttpCompletionOption.ResponseHeadersRead);
        await using Stream stream = await events.Content.ReadAsStreamAsync();
        Assert.True(await stream.ReadAsync(new byte[100]) > 0);
        Stopwatch watch = Stopwatch.StartNew();
        Task stopped = service.App.StopAsync();
        await Assert.ThrowsAnyAsync<Exception>(async () => await stream.CopyToAsync(Stream.Null)); // cut, so that nobody takes it for the end
        Assert.False(slow.IsCompleted);
        go.Release();
        Assert.Equal("done", await slow);
        await stopped;
        Assert.InRange(watch.Elapsed.TotalSeconds, 0, 9.5);
    }

    private static async IAsyncEnumerable<string> Endless([System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancel)
    {
        yield return "first";
        await Task.Delay(Timeout.Infinite, cancel);
    }

    [Fact]
    public async Task Log_tells_each_request_without_what_was_asked_and_metrics_count_it()
    {
        await using OwnService service = await OwnService.StartAsync();
        await service.Client.GetStringAsync("/api/v1/health?secret=hunter2");
        await service.Client.SendAsync(Get("/api/v1/line%0Abreak").With("Cookie", "a=hunter2"));
        Assert.Contains(service.Log, line => System.Text.RegularExpressions.Regex.IsMatch(line, @"^Information GET /api/v1/health 200 [0-9.]+ ms [1-9][0-9]+ B by local trace [0-9a-f]{32}"));
        Assert.Contains(service.Log, line => line.Contains("/api/v1/line%0Abreak 404", StringComparison.Ordinal));
        Assert.DoesNotContain(service.Log, line => line.Contains("hunter2", StringComparison.Ordinal));
        string metrics = await service.Client.GetStringAsync("/api/v1/metrics");
        Assert.Matches("""backlinks_questions_total\{[^}]*operation="health"[^}]*\} [1-9]""", metrics);
        Assert.Contains("http_server_request_duration_seconds", metrics, StringComparison.Ordinal);
        Assert.Contains("dotnet_gc", metrics, StringComparison.Ordinal);
        Assert.Contains("backlinks_runs", metrics, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_to_read_the_document_is_served_from_here_alone()
    {
        await using OwnService service = await OwnService.StartAsync();
        using HttpResponseMessage page = await service.Client.GetAsync("/docs/");
        string html = await page.Content.ReadAsStringAsync();
        Assert.DoesNotContain("http://", html, StringComparison.Ordinal);
        Assert.DoesNotContain("https://", html, StringComparison.Ordinal);
        Assert.Contains("default-src 'self'", Assert.Single(page.Headers.GetValues("Content-Security-Policy")), StringComparison.Ordinal); // and a browser would fetch nothing else
        foreach (System.Text.RegularExpressions.Match script in System.Text.RegularExpressions.Regex.Matches(html, "src=\"([^\"]+)\""))
            Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Get("/docs/" + script.Groups[1].Value)));
    }

    [Fact]
    public async Task Port_in_use_is_one_line_with_what_to_do()
    {
        await using OwnService service = await OwnService.StartAsync();
        using TemporaryFolder data = new();
        string line = Program.Run(data, "serve", "--urls", $"http://127.0.0.1:{service.Url.Port}", "--log", "none").Fails(1);
        Assert.Contains("another program listens there", line, StringComparison.Ordinal);
        Assert.Contains("--urls", line, StringComparison.Ordinal);
        Assert.Contains("no address", Program.Run(data, "serve", "--urls", "localhost").Fails(2), StringComparison.Ordinal);
        Assert.Contains("no origin", Program.Run(data, "serve", "--cors", "https://a.example/path").Fails(2), StringComparison.Ordinal);
        Assert.Contains("is a file", Program.Run("serve", "--data", Inputs("links.txt")).Fails(1), StringComparison.Ordinal);
    }

    private static string Inputs(string name) => Cli.Inputs.Dataset("tiny", name);

    [Fact]
    public async Task Program_serves_until_it_is_told_to_end_and_logs_lines_of_json()
    {
        using TemporaryFolder data = new();
        using Process process = Program.Start("serve", "--data", data.Path, "--urls", "http://127.0.0.1:0", "--log", "json");
        try
        {
            string? line;
            while ((line = await process.StandardError.ReadLineAsync()) is not null && !line.Contains("serving", StringComparison.Ordinal))
                continue;
            Uri url = new(System.Text.RegularExpressions.Regex.Match(line ?? "", "http://[0-9.:]+").Value);
            using HttpClient client = new() { BaseAddress = url };
            Assert.Equal(HttpStatusCode.OK, await client.StatusAsync(Get("/api/v1/health")));
            using JsonDocument logged = JsonDocument.Parse((await process.StandardError.ReadLineAsync())!);
            Assert.Equal("Backlinks.Access", logged.RootElement.GetProperty("Category").GetString());
            Assert.Equal(200, logged.RootElement.GetProperty("State").GetProperty("Status").GetInt32());
            using Process kill = Process.Start("kill", ["-TERM", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)]);
            await kill.WaitForExitAsync();
            Task ended = process.WaitForExitAsync();
            Assert.True(await Task.WhenAny(ended, Task.Delay(TimeSpan.FromSeconds(60))) == ended, "still there");
            Assert.Equal(0, process.ExitCode);
            Assert.Equal("", await process.StandardOutput.ReadToEndAsync());
        }
        finally
        {
            if (!process.HasExited)
                process.Kill();
        }
    }
}

/// <summary>Addresses that only tests have.</summary>
internal static class TestAddresses
{
    public static void MapPostForTest(this WebApplication app, string path, string scope) => app.MapPost(path, () => "asked").WithScope(scope);

    public static void MapPageForTest(this WebApplication app, string path) => app.MapGet(path, () => Results.Content("<p>page</p>", "text/html"));
}
