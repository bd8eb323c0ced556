using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// A published run, open for reading: its scores mapped, beside the graph they belong to.
/// <code>
/// run.json       what, how and how good: see <see cref="RunManifest"/>
/// timings.json   when, how long, on how many threads; checksums of files beside what is published
/// run.seal       see <see cref="FolderSeal"/>
/// pagerank.npy   &lt;f8 n   PageRank, sum 1
/// harmonic.npy   &lt;f8 n   optional: harmonic centrality
/// indegree.npy, outdegree.npy, core.npy, scc.npy, wcc.npy   &lt;u4 n   optional
/// page_*.npy     n of the page graph: the same scores of pages, in a run of the link store
/// rows.duckdb    optional, in a run of the link store, outside run.json: see <see cref="RowSchema"/>
/// seeds.npy &lt;u4, seed_weights.npy &lt;f8   k   optional: the teleport vector asked for
/// </code>
/// Immutable, so safe for any number of readers. Opening costs milliseconds while the seals hold.
/// </summary>
public sealed class Run : IDisposable
{
    internal const string AsidesName = "asides";

    private readonly List<IDisposable> _open = [];
    private readonly List<ScoreColumn> _columns = [];
    private readonly Dictionary<string, IDisposable> _mapped = new(StringComparer.Ordinal);

    private readonly string _prefix;

    private Run(string folder, string id, RunManifest manifest, RunGraph ranked, string prefix)
    {
        _prefix = prefix;
        Ranked = ranked;
        Folder = folder;
        Id = id;
        Manifest = manifest;
        Graph = null!;
    }

    public string Folder { get; }

    public string Id { get; }

    public RunManifest Manifest { get; }

    /// <summary>The file of its rows (<see cref="RowSchema"/>), or null where the run was made without.</summary>
    public string? RowsPath => Path.Combine(Folder, RowSchema.FileName) is var path && File.Exists(path) ? path : null;

    /// <summary>What the manifest says of <see cref="Graph"/>.</summary>
    public RunGraph Ranked { get; }

    /// <summary>The page level of a run of the link store, to be read as a run of its own; null in a run of one graph.
    /// Disposed with this run.</summary>
    public Run? Pages { get; private set; }

    /// <summary>The graph ranked, of domains in a run of the link store; disposed with the run.</summary>
    public LinkGraph Graph { get; private set; }

    /// <summary>One number a node: the run's scores, pagerank first, then in- and out-degree.</summary>
    public IReadOnlyList<ScoreColumn> Columns => _columns;

    /// <summary>Names of the columns that nodes can be ordered by: all but component numbers.</summary>
    public IEnumerable<string> Orders => _columns.Where(c => c.IsScore).Select(c => c.Name);

    /// <summary>The column of that name, or null.</summary>
    public ScoreColumn? Column(string name) => _columns.Find(c => c.Name == name);

    /// <summary>An array of the run by its full name (<c>page_</c> included), whatever its shape; null where the run has none.
    /// Disposed with the run.</summary>
    /// <exception cref="GraphException">The file holds another type of number.</exception>
    public MappedArray<T>? Array<T>(string name) where T : unmanaged
    {
        if (!Manifest.Arrays.TryGetValue(name, out ArrayEntry? entry))
            return null;
        lock (_open)
            if (_mapped.TryGetValue(name, out IDisposable? there))
                return (MappedArray<T>)there;
        MappedArray<T> array = MappedArray<T>.Open(Path.Combine(Folder, entry.File));
        lock (_open)
        {
            _open.Add(array);
            _mapped.TryAdd(name, array);
        }
        return array;
    }

    /// <summary>A file of text of the run, such as <c>clusters.json</c>; null where the run has none.</summary>
    /// <exception cref="StoreException">Missing or altered.</exception>
    public byte[]? Document(string name)
    {
        if (Manifest.Documents is null || !Manifest.Documents.TryGetValue(name, out string? digest))
            return null;
        string path = Path.Combine(Folder, name);
        if (!File.Exists(path))
            throw new StoreException(path, "the file is missing: delete the run's folder and rank again");
        byte[] content = File.ReadAllBytes(path);
        return Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(content)) == digest ? content
            : throw new StoreException(path, "was altered: its checksum does not fit; delete the run's folder and rank again");
    }

    /// <summary>timings.json, or null where it is missing: nothing that counts depends on it.</summary>
    public static JsonObject? Timings(string folder)
    {
        string path = Path.Combine(folder, RunWriter.TimingsName);
        try
        {
            return File.Exists(path) ? JsonNode.Parse(File.ReadAllText(path)) as JsonObject : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    /// <summary>The files beside what is published (<see cref="RunWriter.AddAside"/>), by name, as timings.json has them; null for a run that was made before checksums of them were kept.</summary>
    /// <exception cref="StoreException">The list cannot be read.</exception>
    public static IReadOnlyDictionary<string, ArrayEntry>? Asides(string folder)
    {
        try
        {
            return Timings(folder)?[AsidesName] is { } asides ? asides.Deserialize<Dictionary<string, ArrayEntry>>(RunManifest.Json) : null;
        }
        catch (JsonException e)
        {
            throw new StoreException(Path.Combine(folder, RunWriter.TimingsName), $"was altered: its '{AsidesName}' cannot be read", e);
        }
    }

    internal static Run Open(DataFolder data, string id, CancellationToken cancel)
    {
        string folder = Path.Combine(data.Runs, id);
        RunManifest manifest = RunManifest.Read(folder);
        if (!FolderSeal.Holds(folder, RunWriter.SealName, RunManifest.FileName, manifest.Arrays.Values))
        {
            foreach ((string name, ArrayEntry entry) in manifest.Arrays)
                entry.Verify(folder, name, RunManifest.FileName, "delete the run's folder and rank again", cancel);
            FolderSeal.TryWrite(folder, RunWriter.SealName, RunManifest.FileName, manifest.Arrays.Values);
        }
        var run = new Run(folder, id, manifest, manifest.Graph, "");
        try
        {
            run.OpenGraph(data, cancel);
            run.MapColumns();
            if (manifest.PageGraph is { } pages)
            {
                run.Pages = new Run(folder, id, manifest, pages, "page_");
                run._open.Add(run.Pages);
                run.Pages.OpenGraph(data, cancel);
                run.Pages.MapColumns();
            }
            return run;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (IDisposable opened in _open)
            opened.Dispose();
        _open.Clear();
    }

    private void OpenGraph(DataFolder data, CancellationToken cancel)
    {
        string folder = Path.Combine(data.Graphs, Ranked.Id);
        if (!Directory.Exists(folder))
            throw new StoreException(folder, $"run {Id} ranks this graph, which is not there: import it again" + (Manifest.PageGraph is null ? "" : ", or rank the link store again"));
        Graph = LinkGraph.Open(folder, cancel);
        _open.Add(Graph);
        if (Graph.Manifest.Digest() != Ranked.Digest)
            throw new StoreException(folder, $"is no longer the graph that run {Id} ranks: rank again");
    }

    private void MapColumns()
    {
        string[] order = ["pagerank", "authority", "raw", "harmonic", "core", "scc", "wcc"];
        Dictionary<string, ArrayEntry> arrays = Manifest.Arrays.Where(a => _prefix.Length > 0 ? a.Key.StartsWith(_prefix, StringComparison.Ordinal)
            : Manifest.PageGraph is null || !a.Key.StartsWith("page_", StringComparison.Ordinal)).ToDictionary(a => a.Key[_prefix.Length..], a => a.Value, StringComparer.Ordinal);
        foreach (string name in order.Concat(arrays.Keys.Except(order)).Where(arrays.ContainsKey))
        {
            ArrayEntry entry = arrays[name];
            if (name is "indegree" or "outdegree" || entry.Shape is not [long n] || n != Graph.NodeCount || name.StartsWith("seed", StringComparison.Ordinal) || name.StartsWith("told_", StringComparison.Ordinal) || name.StartsWith("model_", StringComparison.Ordinal))
                continue;
            if (entry.Dtype == "<f8")
                _columns.Add(new ScoreColumn(name, entry.Meaning, Map<double>(entry), null, null));
            else if (entry.Dtype == "<u4")
                _columns.Add(new ScoreColumn(name, entry.Meaning, null, Map<uint>(entry), null));
        }
        _columns.Add(new ScoreColumn("indegree", "links in", null, null, Graph.InOffsets));
        _columns.Add(new ScoreColumn("outdegree", "links out", null, null, Graph.OutOffsets));
    }

    private MappedArray<T> Map<T>(ArrayEntry entry) where T : unmanaged
    {
        MappedArray<T> array = MappedArray<T>.Open(Path.Combine(Folder, entry.File));
        _open.Add(array);
        if (array.Length != Graph.NodeCount)
            throw new StoreException(array.Path, $"has {array.Length} elements for {Graph.NodeCount} nodes: delete the run's folder and rank again");
        return array;
    }
}
