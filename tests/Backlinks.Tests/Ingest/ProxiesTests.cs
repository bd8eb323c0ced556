using System.Net;
using System.Net.Sockets;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public class ProxiesTests
{
    private static readonly FetcherOptions Options = new() { UserAgent = "backlinks-tests/1.0", AllowLoopback = true, BreakAfterFailures = 0 };

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task A_page_comes_through_a_proxy_that_is_told_the_address_not_the_name(string scheme)
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK", "hello"));
        await using var proxy = new LoopbackProxy();
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], Proxies = [new Uri($"{scheme}://127.0.0.1:{proxy.Port}")] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/x"));
        Assert.Equal((200, "hello", "127.0.0.1"), (result.Status, Encoding.UTF8.GetString(result.Body.Span), result.Address));
        Assert.Equal($"127.0.0.1:{server.Port}", Assert.Single(proxy.Targets));
        Assert.StartsWith("GET /x HTTP/1.1\r\nHost: a.example\r\n", server.Heads.Single(), StringComparison.Ordinal);
        ProxyUsage usage = Assert.Single(fetcher.ProxyUsage);
        Assert.Equal(($"{scheme}://127.0.0.1:{proxy.Port}", 1L, 0L, false), (usage.Proxy, usage.Connections, usage.Failures, usage.Resting));
        Assert.InRange(usage.Bytes, 100, 2000);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task The_login_names_the_session_of_the_host_and_never_reaches_the_target(string scheme)
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        await using var proxy = new LoopbackProxy(login: true);
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], Proxies = [new Uri($"{scheme}://me-{{session}}:pass%20word@127.0.0.1:{proxy.Port}")] });
        foreach (string url in (string[])["http://a.example/", "http://b.example/", "http://A.example:8080/"])
            Assert.Equal(200, (await fetcher.FetchAsync(Url(url))).Status);
        string[] logins = [.. proxy.Logins];
        Assert.Equal(logins[0], logins[2]);
        Assert.NotEqual(logins[0], logins[1]);
        Assert.Matches("^me-[0-9a-f]{16}:pass word$", logins[0]);
        Assert.DoesNotContain(server.Heads, h => h.Contains("me-", StringComparison.Ordinal) || h.Contains("Proxy", StringComparison.OrdinalIgnoreCase));
        Assert.DoesNotContain("pass", fetcher.ProxyUsage[0].ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Targets_are_judged_before_any_proxy_hears_of_them()
    {
        await using var proxy = new LoopbackProxy();
        int asked = 0;
        using var fetcher = new Fetcher(Options with
        {
            AllowLoopback = false, // the proxy itself is the user's word
            Resolve = (host, _) => Task.FromResult<IPAddress[]>([asked++ == 0 ? IPAddress.Parse("10.0.0.1") : IPAddress.Loopback]),
            Proxies = [new Uri($"http://127.0.0.1:{proxy.Port}")],
        });
        foreach (string url in (string[])["http://private.example/", "http://rebinding.example/", "https://10.0.0.1/", "http://169.254.169.254/", "http://[::1]/"])
            Assert.Equal(VisitOutcome.Refused, (await fetcher.FetchAsync(Url(url))).Failure);
        Assert.Equal(0, proxy.Connections);
    }

    [Fact]
    public void A_host_keeps_its_proxy_and_only_the_hosts_of_a_lost_one_move()
    {
        Uri[] uris = [.. Enumerable.Range(1, 8).Select(i => new Uri($"http://p{i}.example:3128"))];
        Proxies Make(IEnumerable<Uri> proxies)
        {
            FetcherOptions options = Options with { Proxies = [.. proxies] };
            return new Proxies(options, new Dialer(options));
        }
        Proxies all = Make(uris), less = Make(uris[..^1]);
        string lost = "http://p8.example:3128";
        var counts = new Dictionary<string, int>();
        foreach (string host in Enumerable.Range(0, 4000).Select(i => $"h{i}.example"))
        {
            string first = all.Rank(host)[0].Name;
            Assert.Equal(first, all.Rank(host.ToUpperInvariant())[0].Name);
            counts[first] = counts.GetValueOrDefault(first) + 1;
            if (first != lost)
                Assert.Equal(first, less.Rank(host)[0].Name);
        }
        Assert.Equal(8, counts.Count);
        Assert.All(counts.Values, c => Assert.InRange(c, 400, 600)); // 500 by chance, deviation 21
    }

    [Fact]
    public async Task A_broken_proxy_is_passed_over_rests_and_comes_back()
    {
        var time = new ManualTime();
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        await using var good = new LoopbackProxy();
        await using var bad = new LoopbackProxy { Answer = "HTTP/1.1 407 Pay\r\n\r\n" };
        using var fetcher = new Fetcher(Options with
        {
            Clock = time,
            ConnectTo = [server.Rule],
            Proxies = [new Uri($"http://127.0.0.1:{good.Port}"), new Uri($"http://127.0.0.1:{bad.Port}")],
        });
        ProxyUsage Bad() => fetcher.ProxyUsage[1];
        int host = 0;
        async Task FetchAsync()
        {
            FetchResult result = await time.PassUntil(fetcher.FetchAsync(Url($"http://h{host++}.example/")), TimeSpan.FromMilliseconds(100));
            Assert.True(result.Status == 200, result.Error);
        }
        for (int i = 0; i < 40 && !Bad().Resting; i++)
            await FetchAsync();
        Assert.True(Bad().Resting);
        Assert.Equal((0L, 2L), (Bad().Connections, Bad().Failures));
        bad.Answer = null;
        time.Advance(TimeSpan.FromSeconds(31));
        for (int i = 0; i < 40 && Bad().Connections == 0; i++)
            await FetchAsync();
        Assert.False(Bad().Resting);
        Assert.InRange(Bad().Connections, 1, 40);
    }

    [Fact]
    public async Task Without_a_proxy_left_nothing_goes_direct()
    {
        var time = new ManualTime();
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        await using var bad = new LoopbackProxy { Answer = "garbage\r\n\r\n" };
        using var fetcher = new Fetcher(Options with { Clock = time, ConnectTo = [server.Rule], Proxies = [new Uri($"http://127.0.0.1:{bad.Port}")] });
        for (int i = 0; i < 5; i++)
        {
            FetchResult result = await time.PassUntil(fetcher.FetchAsync(Url("http://a.example/")), TimeSpan.FromMilliseconds(50));
            Assert.Equal(VisitOutcome.NetworkError, result.Failure);
            Assert.Contains(i < 2 ? "prox" : "resting", result.Error, StringComparison.Ordinal);
        }
        Assert.Equal(0, server.Connections);
        Assert.Equal(2, bad.Connections);
    }

    [Theory]
    [InlineData("http")]
    [InlineData("socks5")]
    public async Task A_target_that_does_not_answer_is_not_the_proxys_fault(string scheme)
    {
        var closed = new TcpListener(IPAddress.Loopback, 0);
        closed.Start();
        int port = ((IPEndPoint)closed.LocalEndpoint).Port;
        closed.Stop();
        await using var proxy = new LoopbackProxy();
        using var fetcher = new Fetcher(Options with { ConnectTo = [$"::127.0.0.1:{port}"], Proxies = [new Uri($"{scheme}://127.0.0.1:{proxy.Port}")] });
        for (int i = 0; i < 5; i++)
        {
            FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
            Assert.Equal(VisitOutcome.NetworkError, result.Failure);
            Assert.Contains("does not answer it", result.Error, StringComparison.Ordinal);
        }
        Assert.Equal((0L, false), (fetcher.ProxyUsage[0].Failures, fetcher.ProxyUsage[0].Resting));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task When_the_budget_is_used_up_nothing_goes_any_more(bool byCost)
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK", new string('x', 100_000)));
        await using var proxy = new LoopbackProxy();
        using var fetcher = new Fetcher(Options with
        {
            ConnectTo = [server.Rule],
            Proxies = [new Uri($"http://127.0.0.1:{proxy.Port}")],
            ProxyTerms = byCost ? new ProxyTerms { PricePerGigabyte = 8, MaxCost = 0.002m } : new ProxyTerms { MaxBytes = 250_000 },
        });
        FetchResult[] results = [.. await Task.WhenAll(Enumerable.Range(0, 1).Select(i => fetcher.FetchAsync(Url("http://a.example/")))),
            await fetcher.FetchAsync(Url("http://a.example/")), await fetcher.FetchAsync(Url("http://a.example/")), await fetcher.FetchAsync(Url("http://a.example/"))];
        Assert.Equal([true, true, false, false], results.Select(r => r.Status == 200 && r.Complete));
        Assert.Contains("budget", results[3].Error, StringComparison.Ordinal);
        Assert.InRange(fetcher.ProxyUsage[0].Bytes, 200_000, 340_000);
        if (byCost)
            Assert.InRange(fetcher.ProxyUsage[0].Cost, 0.002m, 0.003m);
    }

    [Theory]
    [InlineData("ftp://p.example:2121")]
    [InlineData("socks4://p.example:1080")]
    public void A_proxy_of_another_kind_is_refused(string proxy) =>
        Assert.Contains(proxy, Assert.Throws<ArgumentException>(() => new Fetcher(Options with { Proxies = [new Uri(proxy)] })).Message, StringComparison.Ordinal);

    private static WebUrl Url(string text) => WebUrl.TryParse(text)!;
}
