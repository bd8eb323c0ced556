using System.Text;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public class RobotsCacheTests
{
    private static readonly FetcherOptions Options = new() { UserAgent = "backlinks-tests/1.0", AllowLoopback = true, BreakAfterFailures = 0 };

    /// <summary>What the answer to /robots.txt makes of /private and of /public.</summary>
    [Theory]
    [InlineData("200 OK", "User-agent: *\nDisallow: /private\n", false, true, "")]
    [InlineData("204 No Content", "", true, true, "")]
    [InlineData("404 Not Found", "User-agent: *\nDisallow: /\n", true, true, "robots.txt answered 404: counts as none")]
    [InlineData("401 Unauthorized", "", true, true, "robots.txt answered 401: counts as none")]
    [InlineData("403 Forbidden", "", true, true, "robots.txt answered 403: counts as none")]
    [InlineData("410 Gone", "", true, true, "robots.txt answered 410: counts as none")]
    [InlineData("429 Too Many Requests", "", false, false, "robots.txt answered 429")]
    [InlineData("500 Oh", "User-agent: *\nAllow: /\n", false, false, "robots.txt answered 500")]
    [InlineData("503 Later", "", false, false, "robots.txt answered 503")]
    [InlineData("301 Nowhere", "", true, true, "robots.txt answered 301 without a target: counts as none")]
    [InlineData("999 What", "", false, false, "robots.txt answered 999")]
    public async Task The_status_decides(string status, string body, bool privateAllowed, bool publicAllowed, string reason)
    {
        await using var server = new LoopbackServer(LoopbackServer.Response(status, body));
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        RobotsCacheEntry entry = await new RobotsCache(fetcher).GetAsync(Url("http://a.example/x?y"));
        Assert.StartsWith("GET /robots.txt HTTP/1.1\r\nHost: a.example\r\n", server.Heads.Single(), StringComparison.Ordinal);
        Assert.Equal((privateAllowed, publicAllowed), (entry.Robots.Check("backlinks", "/private").Allowed, entry.Robots.Check("backlinks", "/public").Allowed));
        Assert.Equal((reason, "http://a.example", "127.0.0.1", 1), (entry.Reason, entry.Origin, entry.Address, entry.Requests));
        Assert.Equal(int.Parse(status[..3], System.Globalization.CultureInfo.InvariantCulture), entry.Status);
    }

    [Fact]
    public async Task A_host_that_cannot_be_reached_is_denied()
    {
        using var fetcher = new Fetcher(Options with { Resolve = (_, _) => throw new System.Net.Sockets.SocketException((int)System.Net.Sockets.SocketError.HostNotFound) });
        RobotsCacheEntry entry = await new RobotsCache(fetcher).GetAsync(Url("https://gone.example/"));
        Assert.Equal((true, "robots.txt could not be fetched: gone.example: no such host"), (entry.Unreachable, entry.Reason));
        Assert.False(entry.Robots.Check("backlinks", "/").Allowed);
    }

    [Fact]
    public async Task A_file_cut_short_is_not_believed()
    {
        await using var server = new LoopbackServer("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nUser-agent: *\nAllow: /\n");
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        RobotsCacheEntry entry = await new RobotsCache(fetcher).GetAsync(Url("http://a.example/"));
        Assert.True(entry.Unreachable);
        Assert.StartsWith("robots.txt came incomplete", entry.Reason, StringComparison.Ordinal);
        Assert.False(entry.Robots.Check("backlinks", "/").Allowed);
    }

    [Fact]
    public async Task Of_an_endless_file_the_first_half_megabyte_counts()
    {
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\nUser-agent: *\nDisallow: /private\n"u8.ToArray(), stop);
            byte[] line = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Repeat("# and so on\n", 1000)));
            while (true)
                await stream.WriteAsync(line, stop);
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], MaxBody = 600_000 });
        RobotsCacheEntry entry = await new RobotsCache(fetcher).GetAsync(Url("http://a.example/"));
        Assert.False(entry.Unreachable);
        Assert.False(entry.Robots.Check("backlinks", "/private").Allowed);
        Assert.True(entry.Robots.Check("backlinks", "/public").Allowed);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, true)]
    [InlineData(5, true)]
    [InlineData(6, false)]
    public async Task Five_redirects_are_followed(int hops, bool found)
    {
        await using var server = new LoopbackServer(async (head, stream, stop) =>
        {
            string path = head.Split(' ')[1];
            int hop = path == "/robots.txt" ? 0 : int.Parse(path[2..], System.Globalization.CultureInfo.InvariantCulture);
            await stream.WriteAsync(hop < hops
                ? LoopbackServer.Response("302 Found", "", $"Location: http://h{hop + 1}.example/r{hop + 1}")
                : LoopbackServer.Response("200 OK", "User-agent: *\nDisallow: /"), stop);
            return true;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        RobotsCacheEntry entry = await new RobotsCache(fetcher).GetAsync(Url("http://a.example/"));
        Assert.Equal(!found, entry.Robots.Check("backlinks", "/").Allowed);
        Assert.Equal(Math.Min(hops, 5) + 1, entry.Requests);
    }

    [Fact]
    public async Task A_redirect_into_the_private_network_is_refused_and_denies()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("302 Found", "", "Location: http://10.0.0.1/robots.txt"));
        using var fetcher = new Fetcher(Options with { ConnectTo = [$"a.example:80:127.0.0.1:{server.Port}"] });
        RobotsCacheEntry entry = await new RobotsCache(fetcher).GetAsync(Url("http://a.example/"));
        Assert.True(entry.Unreachable);
        Assert.Contains("10.0.0.1 is not a public address", entry.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_day_long_nothing_is_asked_again_but_errors_are_sooner()
    {
        var time = new ManualTime();
        string status = "503 Later";
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync(LoopbackServer.Response(status, ""), stop);
            return false;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], Clock = time });
        var cache = new RobotsCache(fetcher);
        async Task<(int Status, int Asked)> AskAsync() => ((await cache.GetAsync(Url("http://a.example/"))).Status, server.Heads.Count);
        Assert.Null(cache.TryGet("http://a.example"));
        Assert.Equal((503, 1), await AskAsync());
        Assert.Equal((503, 1), await AskAsync());
        Assert.NotNull(cache.TryGet("http://a.example"));
        time.Advance(TimeSpan.FromMinutes(10));
        Assert.Null(cache.TryGet("http://a.example"));
        status = "404 None";
        Assert.Equal((404, 2), await AskAsync());
        time.Advance(TimeSpan.FromHours(23.9));
        Assert.Equal((404, 2), await AskAsync());
        time.Advance(TimeSpan.FromHours(0.2));
        status = "200 OK";
        Assert.Equal((200, 3), await AskAsync());
        Assert.Equal(1, cache.Count);
    }

    [Fact]
    public async Task Many_who_ask_at_once_cause_one_request_and_one_who_leaves_spoils_nothing()
    {
        var go = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await go.Task.WaitAsync(stop);
            await stream.WriteAsync(LoopbackServer.Response("200 OK", "User-agent: *\nDisallow: /private"), stop);
            return true;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        var cache = new RobotsCache(fetcher);
        using var cancel = new CancellationTokenSource();
        Task<RobotsCacheEntry> leaves = cache.GetAsync(Url("http://a.example/"), cancel.Token);
        Task<RobotsCacheEntry>[] stay = [.. Enumerable.Range(0, 50).Select(i => cache.GetAsync(Url("http://a.example/" + i)))];
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => leaves);
        go.SetResult();
        Assert.All(await Task.WhenAll(stay), e => Assert.False(e.Robots.Check("backlinks", "/private").Allowed));
        Assert.Single(server.Heads);
    }

    [Fact]
    public async Task Schemes_and_ports_have_their_own_files()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        var cache = new RobotsCache(fetcher);
        await cache.GetAsync(Url("http://a.example/"));
        await cache.GetAsync(Url("http://a.example:8080/"));
        await cache.GetAsync(Url("http://b.example/"));
        Assert.Equal((3, 3), (server.Heads.Count, cache.Count));
    }

    [Fact]
    public async Task The_longest_unused_go_when_there_are_too_many_or_too_much()
    {
        string body = "";
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync(LoopbackServer.Response("200 OK", body), stop);
            return true;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        var few = new RobotsCache(fetcher, new RobotsCacheOptions { MaxOrigins = 3 });
        foreach (string host in (string[])["a", "b", "c", "a", "d"])
            await few.GetAsync(Url($"http://{host}.example/"));
        Assert.Equal(3, few.Count);
        Assert.NotNull(few.TryGet("http://a.example"));
        Assert.Null(few.TryGet("http://b.example"));
        body = "# " + new string('x', 100_000);
        var small = new RobotsCache(fetcher, new RobotsCacheOptions { MaxBytes = 1_000_000 });
        for (int i = 0; i < 20; i++)
            await small.GetAsync(Url($"http://h{i}.example/"));
        Assert.InRange(small.Count, 3, 5);
    }

    private static WebUrl Url(string text) => WebUrl.TryParse(text)!;
}
