using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// The folder that holds everything (<c>--data DIR</c>):
/// <code>
/// graphs/&lt;id&gt;/          an imported graph, see <see cref="LinkGraph"/>; immutable
/// graphs/current       the id of the graph imported last, one line
/// runs/&lt;id&gt;/            the scores of one ranking of one graph, see <see cref="Run"/>; immutable
/// runs/current         the id of the run published last, one line
/// links.duckdb         the link store, see <see cref="DuckDbLinkStore"/>; the only thing here that changes
/// crawls/&lt;id&gt;/          crawl.json (what was asked for) and the frontier: what is known, queued and done
/// crawls/current       the id of the crawl started last, one line
/// jobs/ schedules/     what the service does and when: a JSON file each; uploads/ holds what was sent to be imported, until it is
/// runs/pinned          ids of runs that are kept whatever their age, one a line; see <see cref="RunRetention"/>
/// */.building-&lt;pid&gt;/   work in progress, invisible to readers; what a killed process leaves goes with the next writer
/// .lock                locked (not merely present) while a process writes; .lock-holder names that process
/// </code>
/// A graph or run is written under its .building name, flushed and renamed; then <c>current</c> is replaced. So whatever
/// is killed when, a reader finds the old state or the new. Readers take no lock. Ids are readable:
/// <c>cnr-2000-1a2b3c4d</c> is the source's name and the start of the graph's digest, <c>0003-9f8e7d6c</c> is the third
/// run and the start of the digest of graph and configuration, the same whenever the same is computed.
/// </summary>
public sealed class DataFolder
{
    internal const string Building = ".building-";
    internal const string CurrentName = "current";

    /// <summary>The file of a crawl's folder that says what was asked for.</summary>
    public const string CrawlSettings = "crawl.json";

    /// <param name="path">Need not exist: the first writer makes it.</param>
    public DataFolder(string path) => Path = path;

    public string Path { get; }

    public string Graphs => System.IO.Path.Combine(Path, "graphs");

    public string Runs => System.IO.Path.Combine(Path, "runs");

    public string Crawls => System.IO.Path.Combine(Path, "crawls");

    /// <summary>The file of the link store.</summary>
    public string Links => System.IO.Path.Combine(Path, "links.duckdb");

    /// <summary>Whether anything was ever crawled or imported into the link store.</summary>
    public bool HasLinks => File.Exists(Links);

    /// <summary>When the link store was last written, UTC; null where there is none.</summary>
    public DateTime? LinksChanged => !HasLinks ? null
        : new[] { Links, Links + ".wal" }.Where(File.Exists).Max(File.GetLastWriteTimeUtc);

    /// <summary>When a graph was last imported, UTC; null where none was.</summary>
    public DateTime? GraphImported => CurrentGraph is null ? null : File.GetLastWriteTimeUtc(System.IO.Path.Combine(Graphs, CurrentName));

    /// <summary>Opens the link store; for writing, folder and store are made if need be.</summary>
    /// <exception cref="StoreException">There is none to read, another process has it, it is damaged or of a newer schema.</exception>
    public DuckDbLinkStore OpenLinks(bool readOnly, LinkStoreOptions? options = null)
    {
        if (!readOnly)
            Make();
        return DuckDbLinkStore.Open(Links, readOnly, options);
    }

    /// <summary>Ids of the graphs here, in ordinal order.</summary>
    public IReadOnlyList<string> GraphIds() => Ids(Graphs);

    /// <summary>Ids of the runs here, oldest first.</summary>
    public IReadOnlyList<string> RunIds() => [.. Ids(Runs).OrderBy(SequenceOf).ThenBy(id => id, StringComparer.Ordinal)];

    /// <summary>Ids of the crawls here, oldest first.</summary>
    public IReadOnlyList<string> CrawlIds() => [.. Ids(Crawls).OrderBy(SequenceOf).ThenBy(id => id, StringComparer.Ordinal)];

    /// <summary>The id asked for, or the current one; it is known to exist.</summary>
    /// <exception cref="StoreException">No crawl yet, or none of that id.</exception>
    public string CrawlId(string? id) => Choose(id, Crawls, "crawl", "no crawl yet; start one with 'backlinks crawl URL'");

    /// <summary>The graph imported last, or null where none was.</summary>
    public string? CurrentGraph => Current(Graphs);

    /// <summary>The run published last, or null where none was.</summary>
    public string? CurrentRun => Current(Runs);

    /// <summary>Opens a graph.</summary>
    /// <param name="id">Its id, or null for the current one.</param>
    /// <exception cref="StoreException">No graph yet, or none of that id.</exception>
    /// <exception cref="GraphException">The graph is damaged.</exception>
    public LinkGraph OpenGraph(string? id = null, CancellationToken cancel = default) =>
        LinkGraph.Open(System.IO.Path.Combine(Graphs, GraphId(id)), cancel);

    /// <summary>The id asked for, or the current one; it is known to exist.</summary>
    /// <exception cref="StoreException">No graph yet, or none of that id.</exception>
    public string GraphId(string? id) =>
        Choose(id, Graphs, "graph", "no graph yet; import one with 'backlinks import FILE'");

    /// <summary>The id asked for, or the current one; it is known to exist.</summary>
    /// <exception cref="StoreException">No run yet, or none of that id.</exception>
    public string RunId(string? id) =>
        Choose(id, Runs, "run", CurrentGraph is null
            ? "no graph and no run yet; start with 'backlinks import FILE', then 'backlinks rank'"
            : "no run yet; make one with 'backlinks rank'");

    /// <summary>Opens a run and the graph it ranks.</summary>
    /// <param name="id">Its id, or null for the current one.</param>
    /// <exception cref="StoreException">No run yet, none of that id, or a damaged one.</exception>
    /// <exception cref="GraphException">A file of the run or of its graph is damaged.</exception>
    public Run OpenRun(string? id = null, CancellationToken cancel = default) => Run.Open(this, RunId(id), cancel);

    /// <summary>Locks the folder for writing, makes it if need be, and removes what killed processes left.</summary>
    /// <exception cref="StoreException">Another process is writing, or the folder cannot be written.</exception>
    public DataWriter BeginWriting() => new(this);

    /// <summary>Makes the folder where there is none.</summary>
    /// <exception cref="StoreException">It cannot be written, or a file is in the way.</exception>
    public void Make()
    {
        string full = System.IO.Path.GetFullPath(Path);
        for (string? at = full; at is not null; at = System.IO.Path.GetDirectoryName(at))
            if (File.Exists(at))
                throw new StoreException(Path, $"{(at == full ? "" : at + " ")}is a file, not a folder: name another folder with --data");
        try
        {
            Directory.CreateDirectory(full);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(Path, "cannot be written: change its permissions or name another folder with --data", e);
        }
    }

    /// <summary>The number before the dash of a run's id, or 0.</summary>
    internal static int SequenceOf(string runId) =>
        int.TryParse(runId.AsSpan(0, Math.Max(0, runId.IndexOf('-'))), NumberStyles.None, CultureInfo.InvariantCulture, out int number) ? number : 0;

    private string Choose(string? id, string folder, string what, string none)
    {
        string? chosen = id ?? Current(folder);
        List<string> ids = Ids(folder);
        if (chosen is null)
            throw new StoreException(Path, ids.Count == 0 ? none : $"no current {what}; name one of {Listed(ids)}");
        if (ids.Contains(chosen))
            return chosen;
        throw new StoreException(Path, ids.Count == 0 ? none
            : id is null ? $"{what}s/current names '{chosen}', which is not there; name one of {Listed(ids)}"
            : $"has no {what} '{chosen}'; there is {Listed(ids)}");
    }

    private static string Listed(List<string> ids) =>
        string.Join(", ", ids.TakeLast(8)) + (ids.Count > 8 ? $" and {ids.Count - 8} more" : "");

    private static string? Current(string folder)
    {
        string path = System.IO.Path.Combine(folder, CurrentName);
        if (!File.Exists(path))
            return null;
        string id = File.ReadAllText(path).Trim();
        return id.Length > 0 && id == System.IO.Path.GetFileName(id) ? id
            : throw new StoreException(path, "does not hold the name of a folder beside it; write one into it or delete the file");
    }

    private static List<string> Ids(string folder) => !Directory.Exists(folder) ? [] :
        [.. Directory.EnumerateDirectories(folder).Select(d => System.IO.Path.GetFileName(d)!)
            .Where(id => !id.StartsWith('.')).Order(StringComparer.Ordinal)];
}
