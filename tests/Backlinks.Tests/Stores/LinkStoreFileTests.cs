using System.Diagnostics;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using DuckDB.NET.Data;

namespace Backlinks.Tests.Stores;

public sealed class LinkStoreFileTests : IDisposable
{
    private const string Told = "BACKLINKS_TEST_CHILD"; // in a child process: the folder to write in
    private readonly string _folder = Directory.CreateTempSubdirectory("links-file-").FullName;

    private string Store => Path.Combine(_folder, "links.duckdb");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    private static PageVisit Numbered(int number, int links = 20) => new()
    {
        Url = $"https://p{number}.example/",
        At = new DateTime(2024, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddMinutes(number),
        Source = "crawl:1",
        Title = new string('x', 50),
        Links = [.. Enumerable.Range(0, links).Select(i => new LinkObservation { Target = $"https://t{number}.example/{i}", Anchor = Guid.NewGuid().ToString(), Left = Guid.NewGuid().ToString() })],
    };

    private void Fill(int visits)
    {
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Store);
        for (int i = 0; i < visits; i++)
            store.Write([Numbered(i)]);
    }

    private void Sql(string sql)
    {
        using DuckDBConnection connection = new($"Data Source={Store}");
        connection.Open();
        LinkSchema.Run(connection, sql);
    }

    [Fact]
    public void A_newer_schema_is_refused_with_advice()
    {
        Fill(1);
        Sql("INSERT INTO migrations VALUES (99, now()::TIMESTAMP, 'from the future')");
        StoreException e = Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store));
        Assert.Contains("schema version 99, newer than", e.Message, StringComparison.Ordinal);
        Assert.Contains("use a newer 'backlinks'", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void An_older_schema_is_migrated_step_by_step_and_only_when_written()
    {
        Fill(2);
        var options = new LinkStoreOptions
        {
            Steps = [("a column", "ALTER TABLE sources ADD COLUMN note VARCHAR"), ("its value", "UPDATE sources SET note = id || '!'")],
        };
        Assert.Contains("older than 3", Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store, readOnly: true, options)).Message, StringComparison.Ordinal);
        DuckDbLinkStore.Open(Store, readOnly: false, options).Dispose();
        DuckDbLinkStore.Open(Store, readOnly: true, options).Dispose(); // nothing left to do
        using DuckDBConnection connection = new($"Data Source={Store}");
        connection.Open();
        Assert.Equal(3, LinkSchema.Scalar(connection, "SELECT count(*) FROM migrations"));
        Assert.Equal(1, LinkSchema.Scalar(connection, "SELECT count(*) FROM sources WHERE note = 'crawl:1!'"));
    }

    [Fact]
    public void A_failed_migration_leaves_the_store_as_it_was()
    {
        Fill(1);
        var options = new LinkStoreOptions { Steps = [("broken", "DELETE FROM links; SELECT error('no')")] };
        Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store, readOnly: false, options));
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Store);
        Assert.Equal((21, 20, 1), store.Count());
    }

    [Fact]
    public void Files_that_are_no_link_store_are_told_apart()
    {
        Assert.Contains("no link store here", Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store, readOnly: true)).Message, StringComparison.Ordinal);
        Sql("CREATE TABLE t(x INTEGER)");
        Assert.Contains("not a link store", Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store)).Message, StringComparison.Ordinal);
        File.WriteAllText(Store, string.Concat(Enumerable.Repeat("not a database ", 1000)));
        Assert.Contains("is damaged", Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_torn_or_altered_file_gives_one_clear_error_or_what_was_stored()
    {
        Fill(30);
        byte[] whole = File.ReadAllBytes(Store);
        Random random = new(7);
        int refused = 0;
        for (int i = 0; i < 12; i++)
        {
            byte[] bytes = i % 2 == 0 ? whole[..random.Next(whole.Length)] : [.. whole];
            for (int flips = 0; i % 2 == 1 && flips < 20; flips++)
                bytes[random.Next(bytes.Length)] ^= (byte)(1 << random.Next(8));
            File.WriteAllBytes(Store, bytes);
            try
            {
                using DuckDbLinkStore store = DuckDbLinkStore.Open(Store, readOnly: true);
                Assert.Equal(600, store.Links().Count());
            }
            catch (StoreException)
            {
                refused++;
            }
        }
        Assert.InRange(refused, 6, 12); // half of them are cut short
    }

    [Fact]
    public void A_second_store_on_one_file_is_refused()
    {
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Store);
        Assert.Contains("open in this process already", Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store, readOnly: true)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_killed_writer_leaves_what_it_had_written_and_while_it_lives_it_is_named()
    {
        using Process child = Child(nameof(Child_that_writes_until_it_is_killed), "");
        try
        {
            await Until(() => Acknowledged() >= 10, child);
            StoreException e = Assert.Throws<StoreException>(() => DuckDbLinkStore.Open(Store));
            Assert.Contains("another process", e.Message, StringComparison.Ordinal);
            Assert.Contains($"PID {child.Id}", e.Message, StringComparison.Ordinal);
        }
        finally
        {
            child.Kill();
            child.WaitForExit();
        }
        int acknowledged = Acknowledged();
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Store);
        (long _, long links, long visits) = store.Count();
        Assert.InRange(visits, acknowledged, acknowledged + 1);
        Assert.Equal(visits * 20, links);
        Assert.Equal(1, store.Write([Numbered(3)]).Repeated);
    }

    [Fact]
    public async Task A_full_disk_is_told_and_what_was_written_stays()
    {
        if (!OperatingSystem.IsLinux())
            Assert.Skip("needs the file size limit of a Linux shell");
        using Process child = Child(nameof(Child_that_writes_until_the_disk_is_full), "trap '' XFSZ; ulimit -f 6144; "); // 6 MiB a file
        await Until(() => File.Exists(Path.Combine(_folder, "error")), child);
        child.WaitForExit();
        string error = File.ReadAllText(Path.Combine(_folder, "error"));
        Assert.StartsWith(nameof(StoreException), error, StringComparison.Ordinal);
        Assert.Contains("the disk is full or fails", error, StringComparison.Ordinal);
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Store);
        Assert.Equal(Acknowledged() * 50, store.Count().Visits);
        Assert.Equal(0, store.Write([Numbered(1_000_000)]).Repeated);
    }

    [Fact(Explicit = true)]
    public void Child_that_writes_until_it_is_killed()
    {
        string folder = Environment.GetEnvironmentVariable(Told)!;
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Path.Combine(folder, "links.duckdb"));
        for (int i = 0; ; i++)
        {
            store.Write([Numbered(i)]);
            File.AppendAllText(Path.Combine(folder, "acknowledged"), "x");
        }
    }

    [Fact(Explicit = true)]
    public void Child_that_writes_until_the_disk_is_full()
    {
        string folder = Environment.GetEnvironmentVariable(Told)!;
        try
        {
            using DuckDbLinkStore store = DuckDbLinkStore.Open(Path.Combine(folder, "links.duckdb"));
            for (int i = 0; i < 10_000; i++)
            {
                store.Write([.. Enumerable.Range(i * 50, 50).Select(n => Numbered(n, 60))]);
                File.AppendAllText(Path.Combine(folder, "acknowledged"), "x");
            }
        }
        catch (Exception e)
        {
            File.WriteAllText(Path.Combine(folder, "error.tmp"), $"{e.GetType().Name}: {e.Message}");
            File.Move(Path.Combine(folder, "error.tmp"), Path.Combine(folder, "error"));
        }
    }

    private int Acknowledged() => File.Exists(Path.Combine(_folder, "acknowledged")) ? (int)new FileInfo(Path.Combine(_folder, "acknowledged")).Length : 0;

    private static async Task Until(Func<bool> done, Process child)
    {
        for (int i = 0; !done(); i++)
        {
            Assert.False(child.HasExited && !done(), "the child ended early");
            Assert.True(i < 2400, "the child did nothing for two minutes");
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
    }

    private Process Child(string method, string before)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        string[] command = [host, Path.Combine(AppContext.BaseDirectory, "Backlinks.Tests.dll"), "-explicit", "only", "-method", $"{typeof(LinkStoreFileTests).FullName}.{method}"];
        var start = before.Length == 0 ? new ProcessStartInfo(command[0], command[1..])
            : new ProcessStartInfo("bash", ["-c", before + "exec \"$@\"", "bash", .. command]);
        start.RedirectStandardOutput = start.RedirectStandardError = true;
        start.Environment[Told] = _folder;
        start.Environment["DOTNET_EnableWriteXorExecute"] = "0"; // maps a large file, which the limit would refuse
        Process child = Process.Start(start)!;
        child.OutputDataReceived += (_, _) => { };
        child.ErrorDataReceived += (_, _) => { };
        child.BeginOutputReadLine();
        child.BeginErrorReadLine();
        return child;
    }
}
