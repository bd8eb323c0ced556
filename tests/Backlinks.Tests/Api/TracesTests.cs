using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Text;
using Backlinks.Api;
using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Program = Backlinks.Tests.Cli.Program;

namespace Backlinks.Tests.Api;

/// <summary>Traces as a collector gets them.</summary>
public sealed class TracesTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task Spans_come_to_the_collector_that_the_environment_names_and_hold_no_secret()
    {
        string data = _folder.File("data");
        Program.Run("import", Cli.Inputs.Dataset("tiny", "named.txt"), "--data", data).Ok();
        Program.Run("rank", "--data", data).Ok();
        string key = new ApiKeys(new DataFolder(data)).Add("tracer", [Scopes.Read]).Text;

        ConcurrentQueue<(string Path, string? Type, byte[] Body)> sent = [];
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        await using WebApplication collector = builder.Build();
        collector.Urls.Add("http://127.0.0.1:0");
        collector.Run(async context =>
        {
            using var body = new MemoryStream();
            await context.Request.Body.CopyToAsync(body);
            sent.Enqueue((context.Request.Path.Value!, context.Request.ContentType, body.ToArray()));
            context.Response.ContentType = "application/x-protobuf"; // an empty message: all was taken
        });
        await collector.StartAsync(JobService.Cancel);

        using Process service = Program.Start(new Dictionary<string, string>
        {
            ["OTEL_EXPORTER_OTLP_ENDPOINT"] = collector.Urls.First(),
            ["OTEL_EXPORTER_OTLP_PROTOCOL"] = "http/protobuf",
            ["OTEL_BSP_SCHEDULE_DELAY"] = "100",
            ["OTEL_METRIC_EXPORT_INTERVAL"] = "500",
        }, "serve", "--urls", "http://127.0.0.1:0", "--keys-on-loopback", "--data", data);
        try
        {
            string? address = null;
            while (address is null && await service.StandardError.ReadLineAsync(JobService.Cancel) is { } line)
                address = line.Split(' ').FirstOrDefault(word => word.StartsWith("http://127.0.0.1:", StringComparison.Ordinal))?.TrimEnd(';', ',', '/');
            Assert.NotNull(address);
            Task<string> log = service.StandardError.ReadToEndAsync(CancellationToken.None);
            using var client = new HttpClient { BaseAddress = new Uri(address) };
            using (HttpResponseMessage answer = await client.SendAsync(Asking.Get("/api/v1/site-explorer/overview?target=seldom-heard-of.example").With("Authorization", "Bearer " + key)))
                Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            using (HttpResponseMessage refused = await client.SendAsync(Asking.Get("/api/v1/runs").With("Authorization", "Bearer " + key + "0")))
                Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);

            bool Has(string path, string text) => sent.Any(s => s.Path == path && s.Type == "application/x-protobuf" && s.Body.AsSpan().IndexOf(Encoding.UTF8.GetBytes(text)) >= 0);
            await JobService.Until(() => Has("/v1/traces", "/api/v1/site-explorer/overview") && Has("/v1/traces", "/api/v1/runs") && Has("/v1/metrics", "http.server.request.duration"), "spans and metrics to come");
            Assert.True(Has("/v1/traces", "backlinks")); // whose they are
            Assert.True(Has("/v1/traces", "http.route"));
            Assert.All(sent, s =>
            {
                Assert.NotEmpty(s.Body);
                string text = Encoding.Latin1.GetString(s.Body);
                Assert.DoesNotContain(key, text, StringComparison.Ordinal);
                Assert.DoesNotContain(key.Split('_')[^1], text, StringComparison.Ordinal);
                Assert.DoesNotContain("seldom-heard-of", text, StringComparison.Ordinal); // nor what people look for
            });
        }
        finally
        {
            service.Kill();
            service.WaitForExit();
        }
    }
}
