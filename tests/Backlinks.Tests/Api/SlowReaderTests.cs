using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using Backlinks.Api;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Tests.Api;

/// <summary>Readers that ask for much and take little.</summary>
public sealed class SlowReaderTests
{
    private const int Pages = 40, LinksOfPage = 400;

    /// <summary>Some 20 MB: far more than the buffers of a connection, which on Linux send from up to 4 MB.</summary>
    private const string Export = "/api/v1/site-explorer/all-backlinks?target=hub.test";

    [Fact]
    public async Task An_answer_is_made_no_faster_than_it_is_read_and_its_run_can_go_once_the_reader_has_left()
    {
        await using OwnService service = await OwnService.StartAsync(prepare: TwoRuns);
        (DataFolder folder, RunCatalog catalog, string older) = Of(service);
        foreach (string form in new[] { "csv", "ndjson" })
        {
            string question = $"{Export}&output={form}&run={older}";
            int answered = Sent(service).Count();
            using (Socket slow = await AskAsync(service, question))
            {
                Assert.Contains(older, catalog.InUse);
                Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Asking.Get("/api/v1/health")));
                Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Asking.Get($"{Export}&limit=5")));
                long whole = (await service.Client.GetByteArrayAsync(question)).LongLength; // in full, past the one who waits
                Assert.True(whole > 16_000_000, $"only {whole} bytes");
                Assert.Contains(older, catalog.InUse);
                Assert.Empty(Prune(folder, catalog));
                slow.Close(); // with bytes unread, hence a reset
                await FreeAsync(catalog, older);
                await JobService.Until(() => Sent(service).Count() == answered + 3, "the log to have all answers");
                Assert.InRange(Sent(service).Skip(answered).Where(bytes => bytes > 20_000).Min(), 1, whole / 2);
            }
        }
        Assert.Equal([older], Prune(folder, catalog));
        Assert.Equal(folder.CurrentRun, Assert.Single(folder.RunIds()));
        Assert.Equal(HttpStatusCode.OK, await service.Client.StatusAsync(Asking.Get($"{Export}&limit=5")));
    }

    [Fact]
    public async Task A_reader_who_takes_nothing_for_too_long_is_let_go()
    {
        await using OwnService service = await OwnService.StartAsync(options => options with { SlowReaderSeconds = 1 }, prepare: TwoRuns);
        (DataFolder folder, RunCatalog catalog, string older) = Of(service);
        using Socket slow = await AskAsync(service, $"{Export}&output=csv&run={older}");
        await FreeAsync(catalog, older); // though nobody hangs up
        await JobService.Until(() => service.Log.Any(line => line.StartsWith("Warning ", StringComparison.Ordinal) && line.Contains("let go of a reader", StringComparison.Ordinal)), "the log to say so");
        Assert.DoesNotContain(service.Log, line => line.StartsWith("Error ", StringComparison.Ordinal));
        Assert.Equal([older], Prune(folder, catalog));

        // What had been sent can be read; then the connection is cut, not ended as a whole answer is.
        string end = "";
        byte[] buffer = new byte[1 << 16];
        try
        {
            for (int read; (read = await slow.ReceiveAsync(buffer)) > 0;)
                end = Encoding.UTF8.GetString(buffer, 0, read);
        }
        catch (SocketException)
        {
        }
        Assert.False(end.EndsWith("0\r\n\r\n", StringComparison.Ordinal), "the answer ended as if it were whole");
    }

    /// <summary>Asks over a socket that takes little, and reads some of the answer.</summary>
    private static async Task<Socket> AskAsync(OwnService service, string question)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8 << 10 };
        await socket.ConnectAsync(IPAddress.Loopback, service.Url.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET {question} HTTP/1.1\r\nHost: {service.Url.Authority}\r\n\r\n"));
        byte[] buffer = new byte[4 << 10];
        int read = await socket.ReceiveAsync(buffer);
        Assert.StartsWith("HTTP/1.1 200 ", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
        return socket;
    }

    private static (DataFolder Folder, RunCatalog Catalog, string Older) Of(OwnService service)
    {
        RunCatalog catalog = service.App.Services.GetRequiredService<RunCatalog>();
        return (catalog.Folder, catalog, Assert.Single(catalog.Folder.RunIds(), id => id != catalog.Folder.CurrentRun));
    }

    private static Task FreeAsync(RunCatalog catalog, string run) => JobService.Until(() => !catalog.InUse.Contains(run), "the run to be given back");

    /// <summary>As the service does it after each run.</summary>
    private static IReadOnlyList<string> Prune(DataFolder folder, RunCatalog catalog) => RunRetention.Prune(folder, new RunRetentionOptions
    {
        Keep = 1,
        InUse = id =>
        {
            if (catalog.InUse.Contains(id))
                return true;
            catalog.Forget(id);
            return false;
        },
    }).Runs;

    /// <summary>Bytes of the answers with links that have ended, as the log has them.</summary>
    private static IEnumerable<long> Sent(OwnService service) => service.Log.Select(line => Regex.Match(line, "GET /api/v1/site-explorer/all-backlinks 200 .* ms ([0-9]+) B"))
        .Where(m => m.Success).Select(m => long.Parse(m.Groups[1].Value, CultureInfo.InvariantCulture));

    /// <summary>A store of many long links to one site, ranked twice.</summary>
    private static void TwoRuns(string data)
    {
        var folder = new DataFolder(data);
        folder.Make();
        string filler = string.Concat(Enumerable.Repeat("a garden of tulips and hedges ", 32));
        using (DuckDbLinkStore store = folder.OpenLinks(readOnly: false))
            store.Write(Enumerable.Range(0, Pages).Select(page => new PageVisit
            {
                Url = $"http://source{page}.test/",
                At = new DateTime(2026, 1, 2, 0, 0, 0, DateTimeKind.Utc),
                Source = "crawl:test",
                Status = 200,
                Links = [.. Enumerable.Range(0, LinksOfPage).Select(link => new LinkObservation { Target = $"http://hub.test/{link}", Anchor = $"{page} {link} {filler}".Trim(), Zone = Zone.Main })],
            }).ToArray());
        for (int run = 0; run < 2; run++)
        {
            using DataWriter writer = folder.BeginWriting();
            StoreRun.Make(writer, new StoreRunOptions { Fold = host => string.Join('.', host.Split('.')[^2..]), FoldName = "domain", Topics = false, Spam = false, Damping = 0.85 - 0.05 * run });
        }
    }
}
