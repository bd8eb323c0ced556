using System.Diagnostics;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>An import of an archive that is killed goes on where it was: nothing is lost and nothing doubled.</summary>
public sealed class KilledImportTests : IDisposable
{
    private const int Kills = 20;
    private const int Pages = 4000;

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Killing_an_import_of_an_archive_loses_nothing_and_doubles_nothing()
    {
        string archive = Archive();
        Program.Run("import", archive, "--data", _folder.File("whole")).Ok();
        string[] expected = Content(_folder.File("whole"));
        string data = _folder.File("killed"), links = Path.Combine(data, "links.duckdb");
        var random = new Random(1);
        int killed = 0, halfway = 0, done = 0;
        for (int i = 0; i < Kills; i++)
        {
            long before = Size(links);
            using Process process = Program.Start("import", archive, "--data", data);
            // Every fourth is killed while it starts, the others soon after something of theirs is on the disk.
            bool early = i % 4 == 0;
            for (long start = Stopwatch.GetTimestamp(); !early && Size(links) == before && !process.HasExited && Stopwatch.GetElapsedTime(start).TotalSeconds < 10;)
                Thread.Sleep(1);
            Kill(process, random.Next(early ? 300 : 30));
            killed += process.ExitCode != 0 ? 1 : 0;
            if (!File.Exists(links))
                continue;
            StoredSource? source;
            using (DuckDbLinkStore store = DuckDbLinkStore.Open(links))
            {
                source = store.Sources().SingleOrDefault();
                // Exactly the visits that the position stands for are there.
                using JsonDocument facts = JsonDocument.Parse(source?.Facts ?? """{"pages":0}""");
                Assert.Equal(facts.RootElement.GetProperty("pages").GetInt64(), store.Count().Visits);
            }
            if (source is { Ended: null })
                halfway++;
            if (source is not { Ended: not null })
                continue;
            Assert.Equal(expected, Content(data));
            Directory.Delete(data, recursive: true); // and again from the start
            done++;
        }
        Assert.True(killed > 0, "every import was done before it was killed");
        Program.Run("import", archive, "--data", data).Ok();
        Assert.Equal(expected, Content(data));
        TestContext.Current.SendDiagnosticMessage($"{killed} imports killed, {halfway} times halfway, {done} imports completed by the way");
    }

    /// <summary>Everything the store says, without the numbers and times of writing.</summary>
    private static string[] Content(string data)
    {
        using DuckDbLinkStore store = DuckDbLinkStore.Open(Path.Combine(data, "links.duckdb"), readOnly: true);
        StoredPage[] pages = [.. store.Pages()];
        StoredSource source = Assert.Single(store.Sources());
        Assert.NotNull(source.Ended);
        return [.. pages.Select(p => (p with { Id = 0 }).ToString()), .. store.Links().Select(l => l.ToString()).Order(StringComparer.Ordinal),
            .. pages.Where(p => p.LastVisit is not null).Take(50).SelectMany(p => store.Visits(p.Url)).Select(v => v.ToString()), $"{store.Count()} {source.Position} {source.Facts}"];
    }

    private string Archive()
    {
        string path = _folder.File("pages.warc");
        var random = new Random(7);
        var warc = new WarcWriter(Packing.Plain);
        for (int i = 0; i < Pages; i++)
            warc.Response($"http://site{i % 40}.example/{i % (Pages - 500)}", // some twice
                WarcWriter.Page([.. Enumerable.Range(0, 8).Select(_ => $"http://site{random.Next(60)}.example/{random.Next(3000)}")]),
                new DateTime(2024, 5, 18, 0, 0, 0, DateTimeKind.Utc).AddMinutes(i));
        File.WriteAllBytes(path, warc.ToArray());
        return path;
    }

    /// <summary>Bytes of the store and its log.</summary>
    private static long Size(string path) => new[] { path, path + ".wal" }.Sum(f => new FileInfo(f) is { Exists: true } file ? file.Length : 0);

    private static void Kill(Process process, int milliseconds)
    {
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(milliseconds))
            process.Kill(); // SIGKILL
        process.WaitForExit();
    }
}
