using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Benchmarks;

/// <summary>
/// How long does everything take, from the link store to a published run, for 1 M domains and 10 M links (<see cref="StoredWeb"/>),
/// and how much of that when .01 % of the links changed? <c>rank --store</c> is a process of its own, timed from start to end
/// with its peak memory; its answer (pages, domains, convergence) is checked before a time is told.
/// <code>RankMillionDomains [--work DIR] [--program PATH] [--domains 1000000] [--pages 400000] [--only full] [--rank "OPTIONS"] [--incremental "OPTIONS"]</code>
/// <c>--work</c> keeps the store that is made (some minutes, some GB). <c>--rank</c> are further options of both runs,
/// <c>--incremental</c> those of the second alone.
/// </summary>
public static class RankMillionDomains
{
    /// <summary>Options of the second run by which it builds on the first; what the program does unasked needs none.</summary>
    private const string IncrementalOptions = "";

    private const double ChangedShare = 1e-4;

    public static int Run(string[] args)
    {
        int domains = ImportWarc.Option(args, "--domains", 1_000_000), pages = ImportWarc.Option(args, "--pages", domains * 2 / 5);
        var options = new StoredWebOptions { Domains = domains, CrawledDomains = domains / 10, Pages = pages, Farms = Math.Max(4, domains / 50_000) };
        string? kept = Text(args, "--work");
        string work = kept is null ? Directory.CreateTempSubdirectory("rank-million-domains-").FullName : Directory.CreateDirectory(kept).FullName;
        try
        {
            (string made, Facts facts) = Make(options, work);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"store: {facts.Domains:N0} domains, {facts.StoredPages:N0} pages, {facts.Visited:N0} of them crawled, {facts.Links:N0} links, {new FileInfo(made).Length >> 20} MB"));
            string data = Path.Combine(work, "data");
            if (Directory.Exists(data))
                Directory.Delete(data, recursive: true);
            Directory.CreateDirectory(data);
            string links = Path.Combine(data, "links.duckdb");
            File.Copy(made, links);
            string[] program = Text(args, "--program") is { } path ? [path] : ["dotnet", Path.Combine(AppContext.BaseDirectory, "backlinks.dll")];
            string[] more = Words(Text(args, "--rank") ?? "");
            Timed full = Rank("full", [.. program, "rank", "--store", "--data", data, "--json", .. more], data, facts);
            if (Text(args, "--only") == "full")
                return 0;
            (Facts changed, long links2) = Change(new StoredWeb(options), links, facts);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"changed {links2:N0} links, {links2 / (double)facts.Links:P3}; {changed.StoredPages:N0} pages now"));
            Timed again = Rank("after the change", [.. program, "rank", "--store", "--data", data, "--json", .. more, .. Words(Text(args, "--incremental") ?? IncrementalOptions)], data, changed);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"full {full.Seconds:F1} s, incremental {again.Seconds:F1} s: {full.Seconds / again.Seconds:F2} times as fast"));
            return 0;
        }
        finally
        {
            if (kept is null)
                Directory.Delete(work, recursive: true);
        }
    }

    /// <summary>Writes the web into a store, once for each set of options.</summary>
    private static (string Path, Facts Facts) Make(StoredWebOptions options, string work)
    {
        string path = Path.Combine(work, string.Create(CultureInfo.InvariantCulture, $"web-{options.Domains}-{options.Pages}-{options.Seed}.duckdb")), note = path + ".json";
        if (File.Exists(note))
            return (path, JsonSerializer.Deserialize<Facts>(File.ReadAllText(note))!);
        File.Delete(path);
        long start = Stopwatch.GetTimestamp();
        var web = new StoredWeb(options);
        Facts facts;
        using (DuckDbLinkStore store = DuckDbLinkStore.Open(path, options: new LinkStoreOptions { MemoryBytes = 1L << 30, CheckpointBytes = 1L << 30 }))
        {
            const int batch = 8192;
            Task? writing = null;
            for (int first = 0; first < web.PageCount; first += batch)
            {
                PageVisit[] visits = web.Visits(first, Math.Min(batch, web.PageCount - first)); // made while the last batch is written
                writing?.GetAwaiter().GetResult();
                writing = Task.Run(() => store.Write(visits));
            }
            writing?.GetAwaiter().GetResult();
            facts = Count(store);
            if (facts.Links != web.LinkCount || facts.Visited != web.PageCount || facts.Domains != options.Domains)
                throw new InvalidOperationException($"the store has {facts}, but {web.LinkCount} links of {web.PageCount} pages on {options.Domains} domains were made");
        }
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"made in {Stopwatch.GetElapsedTime(start).TotalSeconds:F0} s"));
        File.WriteAllText(note, JsonSerializer.Serialize(facts));
        return (path, facts);
    }

    /// <summary>.01 % of the links lead elsewhere: pages are seen twice again, two days apart, so that what they lost is lost.</summary>
    private static (Facts, long) Change(StoredWeb web, string path, Facts before)
    {
        int perPage = 2, pages = (int)(before.Links * ChangedShare / perPage);
        using DuckDbLinkStore store = DuckDbLinkStore.Open(path);
        for (int day = 0; day <= 2; day += 2)
            store.Write([.. Enumerable.Range(0, pages).Select(i => web.Later((int)((long)web.PageCount * 9 / 10 * i / pages), perPage, day))]);
        Facts after = Count(store);
        if (after.Links < before.Links || after.Visited != before.Visited)
            throw new InvalidOperationException($"after the change the store has {after}, before it {before}");
        return (after, (long)pages * perPage);
    }

    private static Facts Count(DuckDbLinkStore store)
    {
        long visited = 0;
        var domains = new HashSet<string>(StringComparer.Ordinal);
        foreach (StoredName name in store.Names())
        {
            visited += name.Visited ? 1 : 0;
            domains.Add(name.Url.Split('/', 4)[2]); // every domain has one host, www
        }
        (long pages, long links, _) = store.Count();
        return new Facts(pages, visited, links, domains.Count);
    }

    private static Timed Rank(string what, string[] command, string data, Facts facts)
    {
        long start = Stopwatch.GetTimestamp();
        using Process process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        Task<string> output = process.StandardOutput.ReadToEndAsync(), error = process.StandardError.ReadToEndAsync();
        long peak = 0, priv = 0;
        while (!process.WaitForExit(20))
        {
            peak = Math.Max(peak, Machine.StatusOf(process.Id, "VmHWM:")); // the kernel's own maximum; mapped files count
            priv = Math.Max(priv, Machine.StatusOf(process.Id, "RssAnon:"));
        }
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        if (process.ExitCode != 0)
            throw new InvalidOperationException($"{string.Join(' ', command)}: exit code {process.ExitCode}: {error.Result}{output.Result}");
        JsonElement json = JsonDocument.Parse(output.Result).RootElement, ofPages = json.GetProperty("pages");
        if (json.GetProperty("nodes").GetInt64() != facts.Domains || ofPages.GetProperty("nodes").GetInt64() != facts.StoredPages
            || !json.GetProperty("converged").GetBoolean() || !ofPages.GetProperty("converged").GetBoolean()
            || !(json.GetProperty("error_bound").GetDouble() <= 1e-8))
            throw new InvalidOperationException($"{what}: not the answer that was expected, do not trust the time either: {output.Result}");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{what}: {seconds:F1} s, peak {peak >> 20} MB resident, {priv >> 20} MB private; "
            + $"{json.GetProperty("nodes").GetInt64():N0} domains, {json.GetProperty("links").GetInt64():N0} edges between them; {ofPages.GetProperty("nodes").GetInt64():N0} pages, {ofPages.GetProperty("links").GetInt64():N0} edges"));
        string timings = Path.Combine(data, "runs", File.ReadAllText(Path.Combine(data, "runs", "current")).Trim(), "timings.json");
        foreach (JsonProperty step in JsonDocument.Parse(File.ReadAllText(timings)).RootElement.GetProperty("seconds").EnumerateObject())
            if (step.Value.ValueKind == JsonValueKind.Number)
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {step.Name,-36} {step.Value.GetDouble(),8:F2} s"));
        return new Timed(seconds, peak);
    }

    internal static string? Text(string[] args, string name)
    {
        int at = Array.IndexOf(args, name);
        return at < 0 ? null : args[at + 1];
    }

    private static string[] Words(string options) => options.Split(' ', StringSplitOptions.RemoveEmptyEntries);

    private sealed record Facts(long StoredPages, long Visited, long Links, long Domains);

    private readonly record struct Timed(double Seconds, long PeakBytes);
}
