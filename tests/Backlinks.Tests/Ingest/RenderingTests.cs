using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public class RenderingTests
{
    private static readonly HttpClient Http = new();

    [Fact]
    public async Task An_answer_of_HTML_is_the_page()
    {
        await using var service = new LoopbackServer(LoopbackServer.Response("200 OK", "<a href=x>", "Content-Type: text/html"));
        RenderedPage page = await Renderer(service).RenderAsync(Url("http://a.example/?q=1&r=ä"));
        Assert.Null(page.Failure);
        Assert.Equal("<a href=x>", Encoding.UTF8.GetString(page.Html.Span));
        Assert.StartsWith("GET /render?url=http%3A%2F%2Fa.example%2F%3Fq%3D1%26r%3D%25C3%25A4 HTTP/1.1\r\n", service.Heads.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_of_JSON_may_tell_the_status_and_where_the_browser_ended()
    {
        await using var service = new LoopbackServer(LoopbackServer.Response("200 OK", """{"status":404,"url":"http://b.example/end","content":"<p>\u00e4","x":[1]}""", "Content-Type: application/json"));
        RenderedPage page = await Renderer(service).RenderAsync(Url("http://a.example/"));
        Assert.Equal((404, "http://b.example/end", "<p>ä", null), (page.Status, page.Url, Encoding.UTF8.GetString(page.Html.Span), page.Failure));
    }

    [Fact]
    public async Task The_URL_may_go_into_a_posted_body()
    {
        string posted = "";
        await using var service = new LoopbackServer(async (head, stream, stop) =>
        {
            int length = int.Parse(head.Split("\r\n").Single(l => l.StartsWith("Content-Length: ", StringComparison.Ordinal))[16..], System.Globalization.CultureInfo.InvariantCulture);
            byte[] body = new byte[length];
            await stream.ReadExactlyAsync(body, stop);
            posted = Encoding.UTF8.GetString(body);
            await stream.WriteAsync(LoopbackServer.Response("200 OK", "x"), stop);
            return false;
        });
        var renderer = new HttpEndpointRenderer(Http, new HttpEndpointRendererOptions
        {
            Endpoint = $"http://127.0.0.1:{service.Port}/render",
            Body = """{"url": {url}, "wait": 1}""",
            Fields = [("Authorization", "Bearer t")],
        }, Pass);
        Assert.Null((await renderer.RenderAsync(Url("http://a.example/\"}"))).Failure);
        Assert.Equal("http://a.example/%22%7D", System.Text.Json.JsonDocument.Parse(posted).RootElement.GetProperty("url").GetString());
        Assert.Contains("\r\nAuthorization: Bearer t\r\n", service.Heads.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_may_not_be_fetched_is_neither_rendered_nor_brought_back()
    {
        await using var service = new LoopbackServer(LoopbackServer.Response("200 OK", """{"url":"http://169.254.169.254/","html":"secret"}""", "Content-Type: application/json"));
        using var fetcher = new Fetcher(new FetcherOptions
        {
            UserAgent = "backlinks-tests/1.0",
            Resolve = (_, _) => Task.FromResult<System.Net.IPAddress[]>([System.Net.IPAddress.Parse("93.184.216.34")]),
        });
        HttpEndpointRenderer renderer = Renderer(service, fetcher.VetAsync);
        RenderedPage refused = await renderer.RenderAsync(Url("http://127.0.0.1/"));
        Assert.Equal((VisitOutcome.Refused, 0), (refused.Failure, service.Connections));
        RenderedPage led = await renderer.RenderAsync(Url("http://a.example/"));
        Assert.Equal((VisitOutcome.Refused, 0), (led.Failure, led.Html.Length));
        Assert.Contains("the browser ended at http://169.254.169.254/", led.Error, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("503 Later", 2, 3)]
    [InlineData("429 Much", 1, 2)]
    [InlineData("503 Later", 9, 3)]
    [InlineData("404 None", 9, 1)]
    public async Task A_service_that_fails_is_asked_again_unless_the_fault_is_ours(string status, int failures, int asked)
    {
        var time = new ManualTime();
        int count = 0;
        await using var service = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync(LoopbackServer.Response(++count <= failures ? status : "200 OK", "x"), stop);
            return false;
        });
        RenderedPage page = await time.PassUntil(Renderer(service, clock: time).RenderAsync(Url("http://a.example/")), TimeSpan.FromSeconds(0.2));
        Assert.Equal(asked, count);
        Assert.Equal(failures >= asked, page.Failure is VisitOutcome.NetworkError);
    }

    [Fact]
    public async Task A_service_that_is_down_is_left_alone_for_a_while()
    {
        var time = new ManualTime();
        await using var service = new LoopbackServer(LoopbackServer.Response("500 Oh"));
        HttpEndpointRenderer renderer = Renderer(service, clock: time);
        for (int i = 0; i < 10; i++)
            Assert.NotNull((await time.PassUntil(renderer.RenderAsync(Url("http://a.example/")), TimeSpan.FromSeconds(0.1))).Failure);
        int asked = service.Heads.Count;
        Assert.Contains("left alone", (await time.PassUntil(renderer.RenderAsync(Url("http://a.example/")), TimeSpan.FromSeconds(0.1))).Error, StringComparison.Ordinal);
        Assert.Equal(asked, service.Heads.Count);
        Assert.InRange(asked, 5, 15);
    }

    [Theory]
    [InlineData("application/json", "{")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", "{\"html\":1}")]
    [InlineData("application/json", "{\"html\":\"\\ud800\"}")]
    public async Task JSON_that_is_none_is_a_failure_of_ours(string type, string answer)
    {
        await using var service = new LoopbackServer(LoopbackServer.Response("200 OK", answer, "Content-Type: " + type));
        RenderedPage page = await Renderer(service).RenderAsync(Url("http://a.example/"));
        Assert.Equal((VisitOutcome.NetworkError, 0), (page.Failure, page.Html.Length));
    }

    [Fact]
    public void An_endpoint_without_the_URL_is_refused()
    {
        foreach (string endpoint in (string[])["http://a.example/", "x{url}", "file:///{url}"])
            Assert.Throws<ArgumentException>(() => new HttpEndpointRenderer(Http, new HttpEndpointRendererOptions { Endpoint = endpoint }, Pass));
    }

    [Fact]
    public void Three_pages_that_agree_keep_raw_HTML_and_one_that_differs_ends_it()
    {
        var policy = new RenderPolicy();
        string[] links = [.. Enumerable.Range(0, 100).Select(i => "http://a.example/" + i)];
        for (int i = 0; i < 3; i++)
        {
            Assert.True(policy.ShouldRender("same.example"));
            Assert.Equal(0.95, policy.Report("same.example", links[..95], links), 12);
        }
        Assert.False(policy.ShouldRender("same.example"));
        policy.Report("app.example", links, links);
        policy.Report("app.example", links[..94], links);
        policy.Report("app.example", links, links);
        policy.Report("app.example", links, links);
        Assert.True(policy.ShouldRender("app.example"));
        Assert.Equal(1, RenderPolicy.Jaccard([], []));
        Assert.Equal(0, RenderPolicy.Jaccard([], links));
        Assert.Equal(0.5, RenderPolicy.Jaccard(["a", "b", "a"], ["b", "b", "b"]));
    }

    [Fact]
    public void Only_so_many_hosts_are_remembered()
    {
        var policy = new RenderPolicy(maxHosts: 10);
        for (int i = 0; i < 12; i++)
            for (int page = 0; page < 3; page++)
                policy.Report($"h{i}", [], []);
        Assert.True(policy.ShouldRender("h0"));
        Assert.True(policy.ShouldRender("h1"));
        Assert.False(policy.ShouldRender("h2"));
        Assert.False(policy.ShouldRender("h11"));
    }

    private static HttpEndpointRenderer Renderer(LoopbackServer service, Func<WebUrl, CancellationToken, Task<string?>>? vet = null, TimeProvider? clock = null) => new(Http,
        new HttpEndpointRendererOptions { Endpoint = $"http://127.0.0.1:{service.Port}/render?url={{url}}", Clock = clock ?? TimeProvider.System }, vet ?? Pass);

    private static Task<string?> Pass(WebUrl url, CancellationToken cancel) => Task.FromResult<string?>(null);

    private static WebUrl Url(string text) => WebUrl.TryParse(text)!;
}
