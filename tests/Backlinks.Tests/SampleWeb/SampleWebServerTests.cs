using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using Backlinks.SampleWeb;

namespace Backlinks.Tests.SampleWeb;

public class SampleWebServerTests
{
    [Fact]
    public async Task Every_page_is_served_with_the_status_headers_and_body_promised()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared, new() { BombBytes = 3 << 20, SlowSeconds = 0.3 });
        using HttpClient client = Client(server);
        List<SamplePage> pages = [.. server.Web.Sites.SelectMany(s => s.Pages)];
        await Parallel.ForEachAsync(pages, new ParallelOptions { MaxDegreeOfParallelism = 8 }, async (page, cancel) =>
        {
            SampleAnswer answer = page.Answer();
            if (answer.Delivery is not (SampleDelivery.Whole or SampleDelivery.Chunked or SampleDelivery.GzipBomb) || page.Outcome == SampleOutcome.NetworkError)
            {
                Assert.True(await Fails(client, page, answer), page.Url);
                return;
            }
            using HttpResponseMessage response = await client.SendAsync(Request(page.Url), cancel);
            byte[] body = await response.Content.ReadAsByteArrayAsync(cancel);
            Assert.Equal((answer.Status, page.Url), ((int)response.StatusCode, page.Url));
            foreach ((string name, string value) in answer.Headers)
                Assert.Contains(value, response.Headers.NonValidated.Concat(response.Content.Headers.NonValidated).Where(h => h.Key.Equals(name, StringComparison.OrdinalIgnoreCase)).SelectMany(h => h.Value));
            if (answer.Delivery == SampleDelivery.GzipBomb)
                Assert.Equal(3 << 20, body.Length);
            else
                Assert.True(answer.Body.AsSpan().SequenceEqual(body), page.Url);
        });
        Assert.Equal(pages.Count, server.Requests);
        Assert.Equal(pages.Select(p => p.Url).Order(StringComparer.Ordinal), server.Log.Select(r => r.Url).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Robots_txt_of_each_host_is_served_and_unknown_hosts_and_paths_are_not_found()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared);
        using HttpClient client = Client(server);
        foreach (SampleSite site in server.Web.Sites.Where(s => s.Kind == SampleSiteKind.Robots))
        {
            using HttpResponseMessage response = await client.SendAsync(Request($"http://{site.Host}/robots.txt"));
            Assert.Equal(site.Robots.Status, (int)response.StatusCode);
            if (site.Robots.RedirectTo is { } to)
                Assert.Equal(to, response.Headers.Location!.OriginalString);
            else
                Assert.Equal(site.Robots.Text, System.Text.Encoding.UTF8.GetString(await response.Content.ReadAsByteArrayAsync()));
        }
        foreach (string url in (string[])["http://nobody.example/", "http://nobody.example/robots.txt", "http://labs.example/missing"])
            Assert.Equal(HttpStatusCode.NotFound, (await client.SendAsync(Request(url))).StatusCode);
    }

    [Fact]
    public async Task Lines_that_the_truth_names_in_robots_txt_are_disallow_lines()
    {
        int lines = 0;
        foreach (SamplePage page in PlantedWebTests.Shared.Sites.SelectMany(s => s.Pages).Where(p => p.DisallowLine > 0))
        {
            Assert.StartsWith("disallow:", page.Site.Robots.Text.Split('\n')[page.DisallowLine - 1], StringComparison.OrdinalIgnoreCase);
            lines++;
        }
        Assert.True(lines > 30);
        await Task.CompletedTask;
    }

    [Fact]
    public async Task A_page_that_has_not_changed_is_answered_with_304()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared);
        using HttpClient client = Client(server);
        SamplePage page = server.Web.Sites.SelectMany(s => s.Pages).First(p => p.Change is { Loss: SampleLoss.Removed, Epoch: 1 } && p.Answer().ETag is not null);
        foreach (bool byTag in (bool[])[true, false])
        {
            HttpRequestMessage again = Request(page.Url);
            again.Headers.TryAddWithoutValidation(byTag ? "If-None-Match" : "If-Modified-Since", byTag ? page.Answer().ETag : page.Answer().LastModified);
            server.Epoch = 0;
            using HttpResponseMessage same = await client.SendAsync(again);
            Assert.Equal(HttpStatusCode.NotModified, same.StatusCode);
            server.Epoch = 1;
            HttpRequestMessage later = Request(page.Url);
            later.Headers.TryAddWithoutValidation(byTag ? "If-None-Match" : "If-Modified-Since", byTag ? page.Answer().ETag : page.Answer().LastModified);
            using HttpResponseMessage changed = await client.SendAsync(later);
            Assert.Equal(HttpStatusCode.OK, changed.StatusCode);
        }
    }

    [Fact]
    public async Task The_epoch_can_change_while_serving_and_dead_hosts_cut_connections()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared);
        using HttpClient client = Client(server);
        SamplePage gone = server.Web.Sites.SelectMany(s => s.Pages).First(p => p.Change is { Loss: SampleLoss.PageGone, Epoch: 1 } && p.Site.DeadFrom > 2);
        string dead = Assert.Single(server.Web.DeadHosts(1));
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(Request(gone.Url))).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.SendAsync(Request($"http://{dead}/"))).StatusCode);
        server.Epoch = 1;
        Assert.Contains((int)(await client.SendAsync(Request(gone.Url))).StatusCode, (int[])[404, 410]);
        await Assert.ThrowsAsync<HttpRequestException>(() => client.SendAsync(Request($"http://{dead}/")));
        Assert.Equal(2, server.Web.DeadHosts(2).Count());
        Assert.Equal(0, server.Log[^1].Status);
    }

    [Theory]
    [InlineData("gzip")]
    [InlineData("br")]
    public async Task Bodies_are_compressed_for_those_who_accept_it(string coding)
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared);
        using HttpClient client = Client(server, DecompressionMethods.None);
        SamplePage page = server.Web.Sites.First(s => s.Kind == SampleSiteKind.Ordinary && s.Home.Answer().Codings == coding).Home;
        HttpRequestMessage request = Request(page.Url);
        request.Headers.TryAddWithoutValidation("Accept-Encoding", coding);
        using HttpResponseMessage response = await client.SendAsync(request);
        Assert.Equal([coding], response.Content.Headers.ContentEncoding);
        using Stream body = await response.Content.ReadAsStreamAsync();
        using Stream decoded = coding == "br" ? new BrotliStream(body, CompressionMode.Decompress) : new GZipStream(body, CompressionMode.Decompress);
        using MemoryStream all = new();
        await decoded.CopyToAsync(all);
        Assert.Equal(page.Answer().Body, all.ToArray());
    }

    [Fact]
    public async Task Traps_never_end()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared);
        using HttpClient client = Client(server);
        foreach (SampleTrap trap in server.Web.Traps)
        {
            string url = server.Web.Truth.Reach().TrapEntrances.First(trap.Contains);
            for (int i = 0; i < 30; i++)
            {
                using HttpResponseMessage response = await client.SendAsync(Request(url));
                Assert.True((int)response.StatusCode is 200 or 302, url);
                SamplePage page = server.Web.Find(url)!;
                Assert.True(page.InTrap);
                url = page.Answer().Links.Last(l => l.Kind is SampleKind.Anchor or SampleKind.Redirect && trap.Contains(l.Target)).Target;
            }
        }
    }

    [Fact]
    public async Task A_test_can_answer_in_the_place_of_a_page()
    {
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWebTests.Shared, new()
        {
            Before = async (context, page) =>
            {
                if (page?.Path != "/about.html")
                    return false;
                context.Response.StatusCode = 418;
                await context.Response.CompleteAsync();
                return true;
            },
        });
        using HttpClient client = Client(server);
        string host = server.Web.Sites[0].Host;
        Assert.Equal(418, (int)(await client.SendAsync(Request($"http://{host}/about.html"))).StatusCode);
        Assert.Equal(200, (int)(await client.SendAsync(Request($"http://{host}/"))).StatusCode);
    }

    private static async Task<bool> Fails(HttpClient client, SamplePage page, SampleAnswer answer)
    {
        try
        {
            using HttpResponseMessage response = await client.SendAsync(Request(page.Url));
            byte[] body = await response.Content.ReadAsByteArrayAsync();
            return body.Length < answer.Body.Length; // a decoder of gzip may be silent about a body that ends early
        }
        catch (Exception e) when (e is HttpRequestException or IOException or InvalidDataException)
        {
            return true;
        }
    }

    private static HttpRequestMessage Request(string url) => new(HttpMethod.Get, new Uri(url, new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true }));

    private static HttpClient Client(SampleWebServer server, DecompressionMethods decompression = DecompressionMethods.All) => new(new SocketsHttpHandler
    {
        AllowAutoRedirect = false,
        UseCookies = false,
        AutomaticDecompression = decompression,
        ConnectCallback = async (_, cancel) =>
        {
            Socket socket = new(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            await socket.ConnectAsync(IPAddress.Loopback, server.Port, cancel);
            return new NetworkStream(socket, ownsSocket: true);
        },
    });
}
