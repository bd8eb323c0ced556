using System.Collections.Concurrent;
using System.Net;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>URLs that lead to where a crawler must not go (server-side request forgery). None makes a connection: a real
/// listener on this machine and a counter before every connection see nothing.</summary>
public class RequestForgeryTests
{
    private static readonly FetcherOptions Options = new() { UserAgent = "backlinks-tests/1.0", BreakAfterFailures = 0 };

    /// <summary>PORT stands for the listener's; names resolve as in <see cref="Names"/>, all others to 127.0.0.1.</summary>
    public static TheoryData<string> Vectors =>
    [
        // this machine, as is and in disguises of the URL standard
        "http://127.0.0.1:PORT/", "http://127.0.0.1/", "https://127.0.0.1/", "http://127.1:PORT/", "http://127.0.1:PORT/", "http://127.255.255.254:PORT/",
        "http://2130706433:PORT/", "http://0x7f000001:PORT/", "http://0x7f.1:PORT/", "http://0x7f.0x0.0x0.0x1:PORT/", "http://017700000001:PORT/",
        "http://0177.0.0.1:PORT/", "http://0177.0.0.01:PORT/", "http://127.0x0.0.1:PORT/", "http://127.0.0.1.:PORT/", "http://0:PORT/", "http://0.0.0.0:PORT/", "http://0x0:PORT/",
        "http://%31%32%37.0.0.1:PORT/", "http://127%2E0%2E0%2E1:PORT/", "http://①②⑦.⓪.⓪.①:PORT/", "http://１２７．０．０．１:PORT/", "http://127。0。0。1:PORT/",
        "http://localhost:PORT/", "http://LOCALHOST:PORT/", "http://localhost.:PORT/", "http://ⓛocalhost:PORT/", "http://localhost.localdomain:PORT/", "http://anything.example:PORT/",
        "http://[::1]:PORT/", "http://[0:0:0:0:0:0:0:1]:PORT/", "http://[::]:PORT/", "http://[::ffff:127.0.0.1]:PORT/", "http://[::ffff:7f00:1]:PORT/", "http://[::127.0.0.1]:PORT/",
        "http://[0:0:0:0:0:ffff:127.0.0.1]:PORT/", "http://[::ffff:0:127.0.0.1]:PORT/", "http://[64:ff9b::127.0.0.1]:PORT/", "http://[64:ff9b::7f00:1]:PORT/", "http://[2002:7f00:1::]:PORT/",
        "http://user@127.0.0.1:PORT/", "http://public.example@127.0.0.1:PORT/", "http://public.example:80@127.0.0.1:PORT/", "http://127.0.0.1:PORT#@public.example/", "http://127.0.0.1:PORT\\@public.example/",
        "http:\\\\127.0.0.1:PORT\\", "http:127.0.0.1:PORT", "http:/127.0.0.1:PORT/", "  http://127.0.0.1:PORT/", "ht\ntp://127.0.\t0.1:PORT/",
        // metadata of clouds, private networks
        "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://0xa9fea9fe/", "http://0251.0376.0251.0376/", "http://169.254.43518/", "http://[::ffff:169.254.169.254]/",
        "http://[::ffff:a9fe:a9fe]/", "http://[fd00:ec2::254]/", "http://metadata.internal/", "http://100.100.100.200/", "http://192.0.0.192/", "http://168.63.129.16/",
        "http://10.0.0.1/", "http://167772161/", "http://172.16.0.1:8080/", "http://192.168.0.1/", "http://192.168.1/", "http://0300.0250.0.1/", "http://100.64.0.1/", "http://198.18.0.1/",
        "http://224.0.0.1/", "http://255.255.255.255/", "http://4294967295/", "http://[fe80::1]/", "http://[fc00::1]/", "http://[ff02::1]/", "http://[2001:db8::1]/", "http://[2001:0:7f00:1::]/", "http://[100::1]/", "http://[fec0::1]/",
        // names that lead there
        "http://private.example/", "http://linklocal6.example/", "http://mapped.example/", "http://nat64.example/", "http://zero.example/", "http://none-public.example/",
        // ports and schemes
        "http://public.example:22/", "http://public.example:25/", "http://public.example:6379/", "http://public.example:0/", "https://public.example:3306/",
        "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1:6379/_INFO", "dict://127.0.0.1:11211/", "ws://127.0.0.1:PORT/", "data:text/html,x", "javascript:1", "ldap://127.0.0.1/",
    ];

    private static readonly Dictionary<string, string[]> Names = new()
    {
        ["public.example"] = ["93.184.216.34"],
        ["metadata.internal"] = ["169.254.169.254"],
        ["private.example"] = ["10.1.2.3"],
        ["linklocal6.example"] = ["fe80::1"],
        ["mapped.example"] = ["::ffff:10.0.0.1"],
        ["nat64.example"] = ["64:ff9b::a00:1"],
        ["zero.example"] = ["0.0.0.0"],
        ["none-public.example"] = ["127.0.0.1", "::1", "192.168.0.1"],
    };

    [Fact]
    public void There_are_at_least_sixty_of_them() => Assert.InRange(Vectors.Count, 60, 1000);

    [Theory]
    [MemberData(nameof(Vectors))]
    public async Task No_connection_is_made(string vector)
    {
        await using var listener = new LoopbackServer(LoopbackServer.Response("200 OK", "secret"));
        foreach (bool countOnly in (bool[])[true, false])
        {
            int connections = 0;
            using var fetcher = new Fetcher(Options with
            {
                Ports = [80, 443, 8080, 8443, listener.Port],
                Resolve = ResolveAsync,
                Connect = countOnly ? (_, _) => throw new InvalidOperationException($"connection {++connections}") : null,
            });
            if (WebUrl.TryParse(vector.Replace("PORT", listener.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)) is not { } url)
                return;
            FetchResult result = await fetcher.FetchAsync(url);
            Assert.Equal((0, 0), (connections, listener.Connections));
            Assert.True(result.Failure is VisitOutcome.Refused || (result.Failure is VisitOutcome.NetworkError && result.Error.StartsWith("no request can be made", StringComparison.Ordinal)), result.Error);
            Assert.NotNull(await fetcher.VetAsync(url) ?? (result.Failure is VisitOutcome.NetworkError ? "" : null));
        }
    }

    [Fact]
    public async Task A_public_name_is_connected_to_by_the_very_address_that_was_judged()
    {
        var connected = new ConcurrentQueue<string>();
        using var fetcher = Public(connected, _ => [IPAddress.Parse("10.0.0.1"), IPAddress.Parse("::ffff:93.184.216.34"), IPAddress.Loopback]);
        FetchResult result = await fetcher.FetchAsync(WebUrl.TryParse("http://mixed.example/")!);
        Assert.Equal((200, "93.184.216.34"), (result.Status, result.Address));
        Assert.Equal(["93.184.216.34:80"], connected);
    }

    [Fact]
    public async Task A_name_that_changes_its_address_between_looking_and_connecting_gains_nothing()
    {
        var connected = new ConcurrentQueue<string>();
        int asked = 0;
        using var fetcher = Public(connected, _ => [++asked % 2 == 1 ? IPAddress.Parse("93.184.216.34") : IPAddress.Loopback]);
        var results = new List<FetchResult>();
        for (int i = 0; i < 10; i++)
            results.Add(await fetcher.FetchAsync(WebUrl.TryParse("http://rebinding.example/")!));
        Assert.Equal(10, asked); // once a connection: what was judged is what was used
        Assert.Equal(Enumerable.Repeat("93.184.216.34:80", 5), connected);
        Assert.Equal(5, results.Count(r => r.Status == 200));
        Assert.Equal(5, results.Count(r => r.Failure == VisitOutcome.Refused && r.Error.Contains("127.0.0.1", StringComparison.Ordinal)));
    }

    [Fact]
    public async Task Vetting_beforehand_is_not_trusted_at_the_connection()
    {
        var connected = new ConcurrentQueue<string>();
        int asked = 0;
        using var fetcher = Public(connected, _ => [asked++ == 0 ? IPAddress.Parse("93.184.216.34") : IPAddress.Parse("169.254.169.254")]);
        WebUrl url = WebUrl.TryParse("http://rebinding.example/")!;
        Assert.Null(await fetcher.VetAsync(url));
        Assert.Equal(VisitOutcome.Refused, (await fetcher.FetchAsync(url)).Failure);
        Assert.Empty(connected);
    }

    [Fact]
    public async Task Connect_rules_do_not_get_around_the_judgement()
    {
        await using var listener = new LoopbackServer(LoopbackServer.Response("200 OK", "secret"));
        using var fetcher = new Fetcher(Options with { ConnectTo = [listener.Rule] });
        Assert.Equal(VisitOutcome.Refused, (await fetcher.FetchAsync(WebUrl.TryParse("http://public.example/")!)).Failure);
        Assert.Equal(0, listener.Connections);
        using var open = new Fetcher(Options with { ConnectTo = [listener.Rule], AllowLoopback = true });
        Assert.Equal(200, (await open.FetchAsync(WebUrl.TryParse("http://public.example/")!)).Status);
        Assert.Equal(VisitOutcome.Refused, (await open.FetchAsync(WebUrl.TryParse("http://public.example:22/")!)).Failure); // the URL's port counts
        Assert.Equal(1, listener.Connections);
    }

    [Fact]
    public async Task A_kept_connection_is_not_shared_by_another_name_or_port()
    {
        var connected = new ConcurrentQueue<string>();
        using var fetcher = Public(connected, host => [host == "a.example" ? IPAddress.Parse("93.184.216.34") : IPAddress.Loopback]);
        Assert.Equal(200, (await fetcher.FetchAsync(WebUrl.TryParse("http://a.example/")!)).Status);
        Assert.Equal(VisitOutcome.Refused, (await fetcher.FetchAsync(WebUrl.TryParse("http://b.example/")!)).Failure);
        Assert.Single(connected);
    }

    private static Fetcher Public(ConcurrentQueue<string> connected, Func<string, IPAddress[]> names) => new(Options with
    {
        Resolve = (host, _) => Task.FromResult(names(host)),
        Connect = (endPoint, _) =>
        {
            connected.Enqueue(endPoint.ToString());
            return ValueTask.FromResult<Stream>(new CannedStream(LoopbackServer.Response("200 OK", "x", "Connection: close")));
        },
    });

    private static Task<IPAddress[]> ResolveAsync(string host, CancellationToken cancel) =>
        Task.FromResult<IPAddress[]>([.. (Names.TryGetValue(host, out string[]? found) ? found : ["127.0.0.1"]).Select(IPAddress.Parse)]);
}
