using System.Diagnostics;
using Backlinks.Cli;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.SampleWeb;
using Backlinks.Stores;
using DuckDB.NET.Data;

namespace Backlinks.Tests.Cli;

/// <summary>Crawls that the world or a careless hand ends: one line each, the right exit code, and nothing lost.</summary>
public sealed class CrawlErrorsTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task A_full_disk_ends_a_crawl_with_one_line_and_after_making_room_it_goes_on_to_the_end()
    {
        string disk = _folder.NewFolder();
        Assert.SkipUnless(Shell($"mount -t tmpfs -o size=96m none '{disk}' 2> /dev/null") == 0, "a small file system needs the right to mount one");
        try
        {
            string data = Path.Combine(disk, "data"), filler = Path.Combine(disk, "filler");
            await using SampleWebServer server = await At(150, () => Fill(filler));
            string line = Program.Wait(Program.Start(CrawlTests.Arguments(server, data))).Fails();
            Assert.Contains(disk, line, StringComparison.Ordinal);
            Assert.Contains("'backlinks crawl --resume' goes on where crawl 0001-", line, StringComparison.Ordinal);
            Assert.True(line.Contains("the disk is full", StringComparison.Ordinal) || line.Contains("No space left", StringComparison.Ordinal), line);
            long asked = server.Requests;
            string again = Program.Wait(Program.Start("crawl", "--resume", "--data", data)).Fails(); // still full
            Assert.Contains(disk, again, StringComparison.Ordinal);
            File.Delete(filler);
            Assert.Equal("complete", Program.Wait(Program.Start("crawl", "--resume", "--data", data, "--json")).Ok().Json.GetProperty("end").GetString());
            Assert.True(server.Requests > asked, "the disk was full too late");
            CrawlTests.AssertLinks(Everything(server), data, 0);
        }
        finally
        {
            Shell($"umount -l '{disk}'");
        }
    }

    [Fact]
    public async Task A_store_moved_away_in_mid_crawl_is_told_and_put_back_the_crawl_goes_on()
    {
        string store = new DataFolder(Data).Links, aside = _folder.File("aside");
        await using SampleWebServer server = await At(100, () => File.Move(store, aside));
        string line = Program.Run(CrawlTests.Arguments(server, Data)).Fails();
        Assert.Contains($"{store}: was deleted or moved away while in use", line, StringComparison.Ordinal);
        Assert.Contains("'backlinks crawl --resume'", line, StringComparison.Ordinal);

        Assert.Contains("does not hold what crawl 0001-", Program.Run("crawl", "--resume", "--data", Data).Fails(), StringComparison.Ordinal);

        foreach (string left in Directory.GetFiles(Data, "links.duckdb*"))
            File.Delete(left);
        File.Move(aside, store);
        Assert.Equal("complete", Program.Run("crawl", "--resume", "--data", Data, "--json").Ok().Json.GetProperty("end").GetString());
        CrawlTests.AssertLinks(Everything(server), Data, 0);
    }

    [Fact]
    public async Task A_frontier_damaged_in_the_middle_is_refused_with_its_place_and_accepting_the_cut_loses_nothing()
    {
        await using SampleWebServer server = await At(int.MaxValue, () => { });
        Assert.Contains("needs --resume", Program.Run(CrawlTests.Arguments(server, Data, "--accept-cut")).Fails(ExitCode.Usage), StringComparison.Ordinal);
        Program.Run(CrawlTests.Arguments(server, Data, "--max-pages", "120")).Ok();
        string journal = Assert.Single(Directory.GetFiles(Data, "frontier.log", SearchOption.AllDirectories));
        byte[] bytes = File.ReadAllBytes(journal);
        bytes[bytes.Length / 2] ^= 1;
        File.WriteAllBytes(journal, bytes);
        string[] resume = ["crawl", "--resume", "--max-pages", "100000", "--data", Data, "--json"];
        string line = Program.Run(resume).Fails();
        Assert.Contains($"{journal}: at byte ", line, StringComparison.Ordinal);
        Assert.Contains("--resume --accept-cut", line, StringComparison.Ordinal);
        Assert.Equal(bytes, File.ReadAllBytes(journal)); // refusing changes nothing

        Outcome mended = Program.Run([.. resume, "--accept-cut"]).Ok();
        Assert.Equal("complete", mended.Json.GetProperty("end").GetString());
        Assert.Contains("was put aside as " + journal + ".cut-", mended.Error, StringComparison.Ordinal);
        CrawlTests.AssertLinks(Everything(server), Data, 0);
    }

    [Fact]
    public async Task A_torn_or_missing_crawl_file_is_told_and_a_complete_crawl_says_that_it_is()
    {
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(_folder.File("site")).FullName, "index.html"), "<a href='/two.html'>two</a>");
        await using FolderSite site = await FolderSite.StartAsync(_folder.File("site"));
        Program.Run(Arguments(site)).Ok();
        Outcome complete = Program.Run("crawl", "--resume", "--data", Data).Ok();
        Assert.Contains("nothing was left to fetch: the crawl is complete", complete.Output, StringComparison.Ordinal);
        Assert.Contains("has no crawl '0009-x'; there is 0001-a.example", Program.Run("crawl", "--resume", "0009-x", "--data", Data).Fails(), StringComparison.Ordinal);
        Assert.Contains("has no crawl '0009-x'", Program.Run("why", "http://a.example/", "--crawl", "0009-x", "--data", Data).Fails(), StringComparison.Ordinal);

        string file = Path.Combine(Data, "crawls", "0001-a.example", "crawl.json");
        string text = File.ReadAllText(file);
        for (int length = 0; length < text.Length - 2; length += 97)
        {
            File.WriteAllText(file, text[..length]);
            Assert.Contains($"{file}: is damaged", Program.Run("crawl", "--resume", "--data", Data).Fails(), StringComparison.Ordinal);
        }
        Assert.Contains($"{file}: is damaged", Program.Run("why", "http://a.example/", "--data", Data).Fails(), StringComparison.Ordinal);
        File.Delete(file);
        Assert.Contains($"{file}: is missing", Program.Run("crawl", "--resume", "--data", Data).Fails(), StringComparison.Ordinal);
        Program.Run(Arguments(site)).Ok();
        Assert.Equal(["0001-a.example", "0002-a.example"], new DataFolder(Data).CrawlIds());
    }

    [Fact]
    public async Task Two_crawls_at_once_on_a_data_folder_are_refused_and_leave_nothing()
    {
        using var go = new SemaphoreSlim(0);
        await using SampleWebServer server = await SampleWebServer.StartAsync(PlantedWeb.Generate(CrawlTests.Small), new SampleServerOptions
        {
            Before = async (_, _) =>
            {
                await go.WaitAsync(Cancel);
                return false;
            },
        });
        using Process first = Program.Start(CrawlTests.Arguments(server, Data, "--max-pages", "5"));
        var clock = Stopwatch.StartNew();
        while (server.Requests == 0 && !first.HasExited && clock.Elapsed < TimeSpan.FromMinutes(2))
            await Task.Delay(5, Cancel);
        string line = Program.Run(CrawlTests.Arguments(server, Data)).Fails();
        Assert.Contains($"another process (PID {first.Id}) has it open", line, StringComparison.Ordinal);
        Assert.Contains("another process", Program.Run("crawl", "--resume", "--data", Data).Fails(), StringComparison.Ordinal);
        Assert.Contains("cannot be told now", Program.Run("why", "http://a.example/", "--data", Data).Ok().Output, StringComparison.Ordinal);
        go.Release(100_000);
        Program.Wait(first).Ok();
        Assert.Single(new DataFolder(Data).CrawlIds());
    }

    /// <summary>A worker that fails holds a lease that nobody else can finish; the others must not wait for it.</summary>
    [Fact]
    public async Task A_worker_that_fails_ends_the_crawl()
    {
        await using SampleWebServer server = await At(int.MaxValue, () => { });
        var folder = new DataFolder(Data);
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: false);
        using Frontier frontier = Frontier.Open(_folder.File("frontier"), new FrontierOptions { Politeness = new PolitenessOptions { Off = true } });
        using var fetcher = new Fetcher(new FetcherOptions { UserAgent = "backlinks/test (+http://localhost/)", AllowLoopback = true, ConnectTo = [server.ConnectTo] });
        int failed = 0; // once: the worker that meets it goes, the others stay
        var crawler = new Crawler(new CrawlOptions { Seeds = server.Web.Seeds, Workers = 4 }, frontier, store, fetcher, new RobotsCache(fetcher, new RobotsCacheOptions()),
            new StoredSource("crawl:x", "crawl", DateTime.UtcNow, null, 0, "{}"),
            host => server.Requests > 20 && Interlocked.Exchange(ref failed, 1) == 0 ? throw new InvalidOperationException("planted") : host);
        Exception? fault = await Record.ExceptionAsync(() => crawler.RunAsync(Cancel).WaitAsync(TimeSpan.FromMinutes(2), Cancel));
        Assert.Contains("planted", Assert.IsType<InvalidOperationException>(fault).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("--workers must be 1 to 1024, not 100000", "--workers", "100000")]
    [InlineData("--workers must be 1 to 1024, not 0", "--workers", "0")]
    [InlineData("Cannot parse argument 'many' for option '--workers' as a whole number", "--workers", "many")]
    [InlineData("--connections-per-host must be 1 to 1024, not 0", "--connections-per-host", "0")]
    [InlineData("--max-pages must be at least 1, not 0", "--max-pages", "0")]
    [InlineData("--max-pages-per-host must be at least 1, not -5", "--max-pages-per-host", "-5")]
    [InlineData("--max-hops must be at least 0, not -1", "--max-hops", "-1")]
    [InlineData("--patience must be 0 to 10,000,000 seconds, not NaN", "--patience", "NaN")]
    [InlineData("--delay must be 0 to 10,000,000 seconds, not 1E+300", "--delay", "1e300")]
    [InlineData("--port must be 1 to 65535, not 99999", "--port", "99999")]
    [InlineData("--port must be 1 to 65535, not 0", "--port", "0")]
    [InlineData("'(((' is no list of CSS selectors", "--main", "(((")]
    [InlineData("'[a' is not a", "--include", "[a")]
    [InlineData("is not a connect-to rule", "--connect-to", "nonsense")]
    [InlineData("--proxy 'foo' is no http, https or socks5 URL", "--proxy", "foo")]
    [InlineData("is not a contact", "--contact", "not a url")]
    [InlineData("'galaxy' is not one of", "--scope", "galaxy")]
    [InlineData("the public suffix list is missing", "--psl", "/nonexistent/list")]
    public void A_bad_option_is_told_in_its_own_name_and_leaves_no_crawl_behind(string problem, string option, string value)
    {
        Outcome outcome = Program.Run("crawl", "http://a.example/", "--allow-loopback", option, value, "--data", Data);
        Assert.Contains(problem, outcome.Fails(option == "--psl" ? ExitCode.Failed : ExitCode.Usage), StringComparison.Ordinal);
        Assert.Empty(new DataFolder(Data).CrawlIds());
    }

    [Fact]
    public void A_data_folder_that_is_none_is_told_by_every_command_that_writes()
    {
        string file = _folder.File("file");
        File.WriteAllText(file, "a.example b.example\n");
        string[][] commands = [["crawl", "http://a.example/", "--allow-loopback"], ["import", Inputs.Dataset("tiny", "exports", "moz.csv")], ["import", file]];
        foreach (string[] command in commands)
        {
            Assert.Contains($"{file}: is a file, not a folder", Program.Run([.. command, "--data", file]).Fails(), StringComparison.Ordinal);
            Assert.Contains($"{file} is a file, not a folder", Program.Run([.. command, "--data", Path.Combine(file, "below", "it")]).Fails(), StringComparison.Ordinal);
        }
        Assert.Contains("no crawl yet", Program.Run("crawl", "--resume", "--data", file).Fails(), StringComparison.Ordinal);
        Assert.Contains("no crawl and no import", Program.Run("why", "http://a.example/", "--data", file).Fails(), StringComparison.Ordinal);
        Assert.Contains("no link store yet", Program.Run("rank", "--store", "--data", file).Fails(), StringComparison.Ordinal);

        Directory.CreateDirectory(new DataFolder(Data).Links);
        Assert.Contains("is a folder, not a link store", Program.Run("crawl", "http://a.example/", "--allow-loopback", "--data", Data).Fails(), StringComparison.Ordinal);
        Assert.Empty(new DataFolder(Data).CrawlIds());
    }

    [Fact]
    public void A_store_that_is_damaged_or_of_a_newer_schema_is_told_by_every_command_that_opens_it()
    {
        string export = Inputs.Dataset("tiny", "exports", "moz.csv"), store = new DataFolder(Data).Links;
        Program.Run("import", export, "--data", Data).Ok();
        string[][] commands = [["crawl", "http://a.example/", "--allow-loopback"], ["why", "http://a.example/"], ["import", export], ["rank", "--store"]];
        using (var database = new DuckDBConnection("Data Source=" + store))
        {
            database.Open();
            using DuckDBCommand add = database.CreateCommand();
            add.CommandText = "INSERT INTO migrations VALUES (99, now()::TIMESTAMP, 'of the future')";
            add.ExecuteNonQuery();
        }
        foreach (string[] command in commands)
            Assert.Contains($"{store}: has schema version 99, newer than 1: use a newer 'backlinks'", Program.Run([.. command, "--data", Data]).Fails(), StringComparison.Ordinal);
        File.WriteAllBytes(store, new byte[70_000]);
        foreach (string[] command in commands)
            Assert.Contains($"{store}: is damaged", Program.Run([.. command, "--data", Data]).Fails(), StringComparison.Ordinal);
        Assert.Empty(new DataFolder(Data).CrawlIds());
    }

    [Theory]
    [InlineData("a.example\n", "line 1: 'a.example' is not 'domain,owner'")]
    [InlineData("domain,owner\na.example,\n", "line 2: 'a.example,' is not 'domain,owner'")]
    [InlineData("a.example,one\nA.example,two\n", "line 2: 'A.example' has two owners, 'one' and 'two'")]
    [InlineData("", "names no owner")]
    [InlineData("domain,owner\n# nobody\n", "names no owner")]
    public void An_owners_file_with_bad_rows_is_told_with_its_line(string content, string problem)
    {
        Program.Run("import", Inputs.Dataset("tiny", "exports", "moz.csv"), "--data", Data).Ok();
        string owners = _folder.File("owners.csv");
        File.WriteAllText(owners, content);
        Assert.Contains($"{owners}: {problem}", Program.Run("rank", "--fold", owners, "--data", Data).Fails(), StringComparison.Ordinal);
        Assert.Empty(new DataFolder(Data).RunIds());
        Assert.Contains("there is no such file", Program.Run("rank", "--fold", owners + "x", "--data", Data).Fails(ExitCode.Usage), StringComparison.Ordinal);
    }

    private string[] Arguments(FolderSite site) =>
        ["crawl", "http://a.example/", "--allow-loopback", "--connect-to", "::127.0.0.1:" + site.Port.ToString(System.Globalization.CultureInfo.InvariantCulture), "--delay", "0", "--retry-after", "0.05", "--data", Data];

    private static SampleReach Everything(SampleWebServer server) => server.Web.Truth.Reach(new SampleReachRules { Scope = SampleScope.Everything });

    /// <summary>A sample web where something happens once, while this request is under way.</summary>
    private static Task<SampleWebServer> At(int request, Action what)
    {
        int requests = 0;
        return SampleWebServer.StartAsync(PlantedWeb.Generate(CrawlTests.Small), new SampleServerOptions
        {
            Before = (_, _) =>
            {
                if (Interlocked.Increment(ref requests) == request)
                    what();
                return Task.FromResult(false);
            },
        });
    }

    private static void Fill(string path)
    {
        using var file = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
        for (int size = 1 << 20; size >= 1; size = size == 1 ? 0 : size / 2)
            try
            {
                while (true)
                    file.Write(new byte[size]);
            }
            catch (IOException)
            {
                // as full as blocks of this size make it
            }
    }

    private static int Shell(string command)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        return shell.ExitCode;
    }
}
