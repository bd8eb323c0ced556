using System.Collections.Concurrent;
using System.Globalization;
using System.IO.Compression;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

public class FetcherTests
{
    private static readonly FetcherOptions Options = new()
    {
        UserAgent = UserAgents.Default("1.0", "https://crawler.example/about"),
        AllowLoopback = true,
        BreakAfterFailures = 0,
    };

    // What a request is

    [Fact]
    public async Task A_page_comes_with_its_status_fields_body_and_address()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 Fine", "<p>hello", "Content-Type: text/html", "X-A: 1", "X-A: 2", "ETag: \"v1\""));
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://some.example/a?b=c#d"));
        Assert.Null(result.Failure);
        Assert.Equal((200, true, "", "127.0.0.1"), (result.Status, result.Complete, result.Error, result.Address));
        Assert.Equal("<p>hello", Encoding.UTF8.GetString(result.Body.Span));
        Assert.Equal("text/html", result.Fields.Get("content-type"));
        Assert.Equal(["1", "2"], result.Fields.GetAll("X-A"));
        Assert.Equal("\"v1\"", result.Fields.Get("ETag"));
    }

    [Fact]
    public async Task The_request_says_who_asks_and_carries_nothing_secret()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK", "", "Set-Cookie: a=b", "Set-Cookie: c=d; Domain=some.example"));
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], From = "crawler@some.example" });
        for (int i = 0; i < 2; i++)
            Assert.Null((await fetcher.FetchAsync(Url("http://user:secret@some.example:8080/a%20b/%7Ec?d=%41|e"), "\"v1\"", "Thu, 01 Jan 2026 00:00:00 GMT")).Failure);
        string head = server.Heads.Last();
        Assert.StartsWith($"GET {Url("http://some.example/a%20b/%7Ec?d=%41|e").PathAndQuery} HTTP/1.1\r\n", head, StringComparison.Ordinal);
        foreach (string line in (string[])["Host: some.example:8080", "User-Agent: backlinks/1.0 (+https://crawler.example/about)", "From: crawler@some.example",
            "Accept-Encoding: gzip, deflate, br", "If-None-Match: \"v1\"", "If-Modified-Since: Thu, 01 Jan 2026 00:00:00 GMT", "Accept-Language: *"])
            Assert.Contains($"\r\n{line}\r\n", head, StringComparison.Ordinal);
        foreach (string word in (string[])["Cookie", "Authorization", "secret", "traceparent", "Proxy", "Referer"])
            Assert.DoesNotContain(word, head, StringComparison.OrdinalIgnoreCase);
    }

    [Fact]
    public async Task Validators_that_would_break_the_head_are_left_out()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        Assert.Equal(200, (await fetcher.FetchAsync(Url("http://a.example/"), "\"x\r\nEvil: 1\"", "ä")).Status);
        Assert.DoesNotContain("Evil", server.Heads.Single(), StringComparison.Ordinal);
        Assert.DoesNotContain("If-", server.Heads.Single(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task One_connection_serves_the_pages_of_a_host()
    {
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync(LoopbackServer.Response("200 OK", "x"), stop);
            return true;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        for (int i = 0; i < 20; i++)
            Assert.Equal("127.0.0.1", (await fetcher.FetchAsync(Url("http://a.example/" + i))).Address);
        Assert.Equal(1, server.Connections);
    }

    [Fact]
    public async Task Redirects_are_reported_and_not_followed()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("301 Moved", "", "Location: http://127.0.0.1/b", "Link: <http://c.example/\u00c3\u00a4>; rel=canonical"));
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Equal((301, "http://127.0.0.1/b"), (result.Status, result.Fields.Get("Location")));
        Assert.Equal("<http://c.example/ä>; rel=canonical", result.Fields.Get("Link")); // UTF-8 on the wire
        Assert.Single(server.Heads);
    }

    [Fact]
    public async Task A_proxy_of_the_environment_is_not_used()
    {
        await using var server = new LoopbackServer(LoopbackServer.Response("200 OK"));
        await using var proxy = new LoopbackServer(LoopbackServer.Response("500 proxy"));
        string? before = Environment.GetEnvironmentVariable("http_proxy");
        Environment.SetEnvironmentVariable("http_proxy", $"http://127.0.0.1:{proxy.Port}");
        try
        {
            using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
            Assert.Equal(200, (await fetcher.FetchAsync(Url("http://a.example/"))).Status);
        }
        finally
        {
            Environment.SetEnvironmentVariable("http_proxy", before);
        }
        Assert.Equal(0, proxy.Connections);
    }

    [Fact]
    public async Task A_body_that_is_not_wanted_is_not_read()
    {
        await using var server = new LoopbackServer("HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 1000000000\r\n\r\n");
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], WantsBody = (_, fields) => fields.Get("Content-Type") == "text/html" });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Equal((200, false, 0), (result.Status, result.Complete, result.Body.Length));
    }

    // Whole and not whole

    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nhello", false, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nhello", true, "hell")]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhello", true, "hello")]
    [InlineData("HTTP/1.0 200 OK\r\n\r\nhello", true, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", true, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", false, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\nhello", false, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n", false, "hello")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: zstd\r\n\r\nhello", false, "")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: gzip\r\n\r\nhello", false, "")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Encoding: identity\r\n\r\nhello", true, "hello")]
    [InlineData("HTTP/1.1 304 Not Modified\r\n\r\n", true, "")]
    [InlineData("HTTP/1.1 204 No Content\r\n\r\n", true, "")]
    [InlineData("HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", true, "hello")]
    public async Task A_body_is_whole_only_if_its_framing_says_so(string response, bool whole, string body)
    {
        await using var server = new LoopbackServer(response);
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Null(result.Failure);
        Assert.Equal(whole, result.Complete);
        Assert.Equal(whole, result.Error.Length == 0);
        string came = Encoding.UTF8.GetString(result.Body.Span);
        Assert.True(whole ? came == body : body.StartsWith(came, StringComparison.Ordinal), came); // the framework may drop a piece with the error behind it
    }

    [Fact]
    public async Task Two_lengths_that_differ_are_no_whole_body()
    {
        await using var server = new LoopbackServer("HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 3\r\n\r\nhello");
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.True(result.Failure == VisitOutcome.NetworkError || !result.Complete);
    }

    [Theory]
    [InlineData("")]
    [InlineData("hello\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nX: y")]
    [InlineData("HTTP/1.1 abc\r\n\r\n")]
    [InlineData("\0\0\0\0\0\0\0\0\r\n\r\n")]
    public async Task What_is_no_response_is_a_network_error(string response)
    {
        await using var server = new LoopbackServer(response);
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Equal((VisitOutcome.NetworkError, 0), (result.Failure, result.Status));
        Assert.NotEqual("", result.Error);
    }

    [Fact]
    public async Task A_head_without_end_is_cut_off()
    {
        long sent = 0;
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), stop);
            byte[] line = Encoding.ASCII.GetBytes($"X-Long: {new string('x', 1000)}\r\n");
            while (sent < 100_000_000)
            {
                await stream.WriteAsync(line, stop);
                sent += line.Length;
            }
            return false;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Equal(VisitOutcome.NetworkError, result.Failure);
        Assert.Contains("too long", result.Error, StringComparison.Ordinal);
        Assert.True(sent < 100_000_000);
    }

    [Fact]
    public async Task A_body_without_end_is_cut_at_the_cap_and_the_connection_closed()
    {
        var closed = new TaskCompletionSource();
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), stop);
            try
            {
                while (true)
                    await stream.WriteAsync(new byte[10_000], stop);
            }
            finally
            {
                closed.SetResult();
            }
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], MaxBody = 123_456 });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Equal((false, 123_456), (result.Complete, result.Body.Length));
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(60));
    }

    [Fact]
    public async Task A_gzip_bomb_over_the_wire_ends_early()
    {
        var packed = new MemoryStream();
        using (var zip = new GZipStream(packed, CompressionLevel.Fastest, leaveOpen: true))
            zip.Write(new byte[32 << 20]);
        byte[] member = packed.ToArray();
        int sent = 0;
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n\r\n"u8.ToArray(), stop);
            for (; sent < 320; sent++) // 10 GB
                await stream.WriteAsync(member, stop);
            return false;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.False(result.Complete);
        Assert.InRange(result.Body.Length, 1, Options.MaxBody);
        Assert.InRange(sent, 0, 319);
    }

    // Slow

    [Fact]
    public async Task A_head_that_trickles_times_out()
    {
        var time = new ManualTime();
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n"u8.ToArray(), stop);
            while (true)
            {
                await stream.WriteAsync("X: y\r\n"u8.ToArray(), stop);
                await Task.Delay(10, stop);
            }
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], Clock = time });
        FetchResult result = await time.PassUntil(fetcher.FetchAsync(Url("http://a.example/")), TimeSpan.FromSeconds(1));
        Assert.Equal((VisitOutcome.TimedOut, 0), (result.Failure, result.Status));
        Assert.Equal("no response head within 15 s", result.Error);
        Assert.InRange(result.Milliseconds, 15_000, 60_000);
    }

    [Fact]
    public async Task A_body_that_trickles_is_cut_and_kept_as_far_as_it_came()
    {
        var time = new ManualTime();
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n"u8.ToArray(), stop);
            while (true)
            {
                await stream.WriteAsync("x"u8.ToArray(), stop);
                await Task.Delay(10, stop);
            }
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], Clock = time, HeaderTimeout = TimeSpan.FromDays(1), TotalTimeout = TimeSpan.FromDays(1) });
        FetchResult result = await time.PassUntil(fetcher.FetchAsync(Url("http://a.example/")), TimeSpan.FromSeconds(0.5));
        Assert.Null(result.Failure);
        Assert.Equal((200, false, "slower than 1024 bytes a second over 5 s"), (result.Status, result.Complete, result.Error));
        Assert.True(result.Body.Span.IndexOfAnyExcept((byte)'x') < 0);
    }

    [Fact]
    public async Task A_body_that_keeps_the_pace_but_never_ends_is_cut_after_the_total_time()
    {
        var time = new ManualTime();
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await stream.WriteAsync("HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), stop);
            while (true)
            {
                await stream.WriteAsync(new byte[100], stop);
                time.Advance(TimeSpan.FromMilliseconds(1)); // 100 KB a second of this clock
            }
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule], Clock = time, MaxBody = int.MaxValue - 100, TotalTimeout = TimeSpan.FromSeconds(20) });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.False(result.Complete);
        Assert.True(result.Error is "not done within 20 s" or "slower than 1024 bytes a second over 5 s", result.Error); // the latter if the machine stalls
    }

    [Fact]
    public async Task A_host_that_swallows_packets_times_out_address_by_address()
    {
        var time = new ManualTime();
        var tried = new ConcurrentQueue<IPEndPoint>();
        using var fetcher = new Fetcher(Options with
        {
            Clock = time,
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("93.184.216.34"), IPAddress.Parse("2606:2800:220:1::1")]),
            Connect = async (endPoint, stop) =>
            {
                tried.Enqueue(endPoint);
                await Task.Delay(Timeout.Infinite, stop);
                throw new NotSupportedException();
            },
        });
        FetchResult result = await time.PassUntil(fetcher.FetchAsync(Url("https://a.example/")), TimeSpan.FromSeconds(1));
        Assert.Equal(VisitOutcome.TimedOut, result.Failure);
        Assert.Contains("no connection to", result.Error, StringComparison.Ordinal);
        Assert.Equal(["93.184.216.34:443", "[2606:2800:220:1::1]:443"], tried.Select(t => t.ToString()));
        Assert.InRange(result.Milliseconds, 9_000, 20_000);
    }

    [Fact]
    public async Task The_callers_cancellation_is_no_result()
    {
        using var cancel = new CancellationTokenSource();
        await using var server = new LoopbackServer(async (_, stream, stop) =>
        {
            await cancel.CancelAsync();
            await Task.Delay(Timeout.Infinite, stop);
            return false;
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [server.Rule] });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => fetcher.FetchAsync(Url("http://a.example/"), cancel: cancel.Token));
    }

    // How it fails

    [Fact]
    public async Task A_refused_connection_is_a_network_error_not_a_dead_host()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        int port = ((IPEndPoint)listener.LocalEndpoint).Port;
        listener.Stop();
        using var fetcher = new Fetcher(Options with { ConnectTo = [$"::127.0.0.1:{port}"] });
        FetchResult result = await fetcher.FetchAsync(Url("http://a.example/"));
        Assert.Equal(VisitOutcome.NetworkError, result.Failure);
        Assert.Contains($"no connection to 127.0.0.1:{port}", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Only_the_answer_that_there_is_no_such_name_makes_a_host_dead()
    {
        int asked = 0;
        var time = new ManualTime();
        FetcherOptions options = Options with { Clock = time, Connect = (_, _) => throw new InvalidOperationException("connected") };
        async Task<FetchResult> FetchAsync(SocketError error, int times)
        {
            asked = 0;
            using var fetcher = new Fetcher(options with
            {
                Resolve = (_, _) => ++asked <= times ? throw new SocketException((int)error) : Task.FromResult<IPAddress[]>([IPAddress.Parse("10.0.0.1")]),
            });
            return await time.PassUntil(fetcher.FetchAsync(Url("http://a.example/")), TimeSpan.FromSeconds(0.3));
        }
        Assert.Equal((VisitOutcome.HostDead, 1), ((await FetchAsync(SocketError.HostNotFound, 9)).Failure, asked));
        Assert.Equal((VisitOutcome.NetworkError, 3), ((await FetchAsync(SocketError.TryAgain, 9)).Failure, asked));
        Assert.Equal((VisitOutcome.NetworkError, 1), ((await FetchAsync(SocketError.NoRecovery, 9)).Failure, asked));
        Assert.Equal((VisitOutcome.Refused, 2), ((await FetchAsync(SocketError.TryAgain, 1)).Failure, asked)); // the second look-up answered
    }

    [Fact]
    public async Task A_certificate_of_someone_else_is_a_network_error()
    {
        using X509Certificate2 certificate = SelfSigned("other.example");
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = Task.Run(async () =>
        {
            using TcpClient client = await listener.AcceptTcpClientAsync();
            await using var tls = new SslStream(client.GetStream());
            await Assert.ThrowsAnyAsync<Exception>(async () =>
            {
                await tls.AuthenticateAsServerAsync(certificate);
                _ = await tls.ReadAsync(new byte[1]) == 1 ? 0 : throw new IOException();
            });
        });
        using var fetcher = new Fetcher(Options with { ConnectTo = [$"::127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}"] });
        FetchResult result = await fetcher.FetchAsync(Url("https://a.example/"));
        Assert.Equal(VisitOutcome.NetworkError, result.Failure);
        Assert.StartsWith("TLS failed", result.Error, StringComparison.Ordinal);
        await serving;
        listener.Stop();
    }

    [Fact]
    public async Task A_host_in_trouble_is_left_alone_for_a_while()
    {
        var time = new ManualTime();
        int tried = 0;
        bool up = false;
        using var fetcher = new Fetcher(Options with
        {
            Clock = time,
            BreakAfterFailures = 5,
            Resolve = (_, _) => Task.FromResult<IPAddress[]>([IPAddress.Parse("93.184.216.34")]),
            Connect = (_, _) =>
            {
                tried++;
                return up ? ValueTask.FromResult<Stream>(new CannedStream(LoopbackServer.Response("200 OK"))) : throw new SocketException((int)SocketError.ConnectionRefused);
            },
        });
        for (int i = 0; i < 20; i++)
            Assert.Equal(VisitOutcome.NetworkError, (await fetcher.FetchAsync(Url("http://bad.example/" + i))).Failure);
        Assert.Equal(5, tried);
        FetchResult result = await fetcher.FetchAsync(Url("http://bad.example/"));
        Assert.StartsWith("not tried: 5 attempts in a row failed, the last with: no connection to 93.184.216.34:80", result.Error, StringComparison.Ordinal);
        Assert.InRange(result.TryAgainIn!.Value, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(60));
        Assert.NotEqual(6, tried);
        await fetcher.FetchAsync(Url("http://other.example/"));
        Assert.Equal(6, tried); // others are tried
        up = true;
        time.Advance(TimeSpan.FromSeconds(61));
        Assert.Equal(200, (await fetcher.FetchAsync(Url("http://bad.example/"))).Status);
        Assert.Equal(200, (await fetcher.FetchAsync(Url("http://bad.example/"))).Status);
    }

    [Fact]
    public async Task Of_hosts_in_trouble_only_so_many_are_remembered()
    {
        using var fetcher = new Fetcher(Options with
        {
            BreakAfterFailures = 5,
            Resolve = (_, _) => throw new SocketException((int)SocketError.NoRecovery),
        });
        for (int i = 0; i < 5000; i++)
            await fetcher.Breakers.RunAsync("h" + i.ToString(CultureInfo.InvariantCulture), static (_, _) => ValueTask.FromResult(new FetchResult { Failure = VisitOutcome.TimedOut }), 0, default);
        Assert.InRange(fetcher.Breakers.Count, 3000, 4096);
    }

    // What is asked of the caller

    [Theory]
    [InlineData("x")]
    [InlineData("a:1:b")]
    [InlineData("a:b:c:d")]
    [InlineData("a:1:b:99999")]
    [InlineData("a:1:b:2:3")]
    [InlineData("::::")]
    [InlineData("[::1:1:b:2")]
    [InlineData("::1:80:b:2")]
    public void A_connect_rule_that_cannot_be_read_is_named(string rule) =>
        Assert.Contains($"\"{rule}\"", Assert.Throws<ArgumentException>(() => new Fetcher(Options with { ConnectTo = [rule] })).Message, StringComparison.Ordinal);

    [Fact]
    public void Connect_rules_read_as_curl_reads_them()
    {
        var rules = new ConnectRules(["a.example:80:127.0.0.1:8080", "A.example::b.example:", "[2001:db8::1]:443:[::1]:8443", ":81::82", ":::"]);
        Assert.Equal(("127.0.0.1", 8080), rules.Apply("a.example", 80));
        Assert.Equal(("b.example", 443), rules.Apply("a.example", 443));
        Assert.Equal(("::1", 8443), rules.Apply("[2001:db8::1]", 443));
        Assert.Equal(("::1", 8443), rules.Apply("2001:db8::1", 443));
        Assert.Equal(("c.example", 82), rules.Apply("c.example", 81));
        Assert.Equal(("c.example", 83), rules.Apply("c.example", 83));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" ")]
    [InlineData("a\r\nb")]
    [InlineData("crawler/ä")]
    public void A_user_agent_that_cannot_be_sent_is_refused_at_once(string agent) =>
        Assert.ThrowsAny<ArgumentException>(() => new Fetcher(Options with { UserAgent = agent }));

    [Fact]
    public void A_user_agent_names_its_owner()
    {
        Assert.Equal("backlinks/1.2 (+https://example.org/crawler)", UserAgents.Default("1.2", "https://example.org/crawler"));
        Assert.Throws<ArgumentException>(() => UserAgents.Default("1.2", ""));
        Assert.Throws<ArgumentException>(() => UserAgents.Default("1 2", "https://example.org/"));
        Assert.Throws<ArgumentException>(() => UserAgents.Default("1.2", "javascript:alert(1)"));
    }

    private static WebUrl Url(string text) => WebUrl.TryParse(text)!;

    private static X509Certificate2 SelfSigned(string name)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={name}", key, HashAlgorithmName.SHA256);
        return request.CreateSelfSigned(DateTimeOffset.UtcNow.AddDays(-1), DateTimeOffset.UtcNow.AddDays(1));
    }
}
