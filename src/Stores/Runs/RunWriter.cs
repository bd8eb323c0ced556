using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>Collects the scores of one run in an invisible folder and publishes them together. Arrays may be added by several threads.</summary>
public sealed class RunWriter
{
    internal const string TimingsName = "timings.json";
    internal const string SealName = "run.seal";

    private readonly DataWriter _writer;
    private readonly RunGraph _graph;
    private readonly string _folder;
    private readonly SortedDictionary<string, JsonObject> _configuration = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, JsonObject> _results = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, ArrayEntry> _arrays = new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, ArrayEntry> _asides = new(StringComparer.Ordinal);

    private readonly SortedDictionary<string, string> _documents = new(StringComparer.Ordinal);

    private RunGraph? _pageGraph;

    /// <param name="writer">Holds the lock of the data folder.</param>
    /// <param name="graphId">The folder of <paramref name="graph"/> in graphs/.</param>
    public RunWriter(DataWriter writer, string graphId, LinkGraph graph)
    {
        _writer = writer;
        _graph = new RunGraph(graphId, graph.Manifest.Digest(), graph.NodeCount, graph.LinkCount, graph.Manifest.Granularity);
        _folder = writer.NewRunFolder();
    }

    /// <summary>Names the page graph, whose arrays are to be added as <c>page_…</c>.</summary>
    public void AddPageGraph(string graphId, LinkGraph graph) =>
        _pageGraph = new RunGraph(graphId, graph.Manifest.Digest(), graph.NodeCount, graph.LinkCount, graph.Manifest.Granularity);

    /// <summary>Version of the engine, as run.json names it.</summary>
    public static string EngineVersion { get; } =
        typeof(LinkGraph).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0] ?? "0";

    /// <summary>Records the options of an algorithm; see <see cref="RunManifest.Describe"/>.</summary>
    public void Configure(string algorithm, JsonObject options) => _configuration.Add(algorithm, options);

    /// <summary>Records what an algorithm says of its result.</summary>
    public void Report(string algorithm, JsonObject result) => _results.Add(algorithm, result);

    /// <summary>Writes <c>&lt;name&gt;.npy</c>.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void Add<T>(string name, ReadOnlySpan<T> values, string meaning) where T : unmanaged =>
        Enter(name, NpyWriter<T>.WriteAll(Path.Combine(_folder, $"{name}.npy"), values, meaning));

    /// <summary>Writes a matrix of n rows, <paramref name="columns"/> numbers each, row by row.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void AddRows<T>(string name, ReadOnlySpan<T> values, int columns, string meaning) where T : unmanaged =>
        Enter(name, NpyWriter<T>.WriteAll(Path.Combine(_folder, $"{name}.npy"), values, meaning, columns));

    /// <summary>Writes a file of text beside the arrays, such as <c>clusters.json</c>.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void AddDocument(string name, ReadOnlySpan<byte> content)
    {
        _documents.Add(name, Convert.ToHexStringLower(System.IO.Hashing.XxHash128.Hash(content)));
        File.WriteAllBytes(Path.Combine(_folder, name), content);
    }

    /// <summary>Writes a file that may differ between equal runs, as timings.json may, which holds its checksums: nothing that is published depends on it.</summary>
    /// <exception cref="IOException">The disk is full or fails.</exception>
    public void AddAside<T>(string name, ReadOnlySpan<T> values, string meaning) where T : unmanaged
    {
        ArrayEntry entry = NpyWriter<T>.WriteAll(Path.Combine(_folder, $"{name}.npy"), values, meaning);
        lock (_asides)
            _asides.Add(name, entry);
    }

    /// <summary>Where a file that its maker writes himself is to lie; it appears with the run, flushed to the disk as all of it, and may
    /// differ between equal runs. It must be closed before <see cref="Publish"/>.</summary>
    public string PathOf(string name) => Path.Combine(_folder, name);

    /// <summary>An array added before, or null; the caller disposes it before <see cref="Publish"/>.</summary>
    public MappedArray<T>? Map<T>(string name) where T : unmanaged => _arrays.ContainsKey(name) ? MappedArray<T>.Open(PathOf($"{name}.npy")) : null;

    /// <summary>Writes run.json and timings.json and makes the run visible and current.</summary>
    /// <param name="timings">Seconds by step and whatever else differs between equal runs.</param>
    /// <returns>The run's id.</returns>
    /// <exception cref="IOException">The disk is full or fails; nothing was published.</exception>
    public string Publish(JsonObject timings, CancellationToken cancel = default)
    {
        cancel.ThrowIfCancellationRequested();
        var manifest = new RunManifest
        {
            EngineVersion = EngineVersion,
            Graph = _graph,
            PageGraph = _pageGraph,
            Configuration = _configuration,
            Results = _results,
            Arrays = _arrays,
            Documents = _documents.Count > 0 ? _documents : null,
        };
        File.WriteAllBytes(Path.Combine(_folder, RunManifest.FileName), manifest.ToBytes());
        if (_asides.Count > 0)
            timings[Run.AsidesName] = JsonSerializer.SerializeToNode(_asides, RunManifest.Json);
        File.WriteAllText(Path.Combine(_folder, TimingsName), timings.ToJsonString(RunManifest.Json) + "\n");
        FolderSeal.TryWrite(_folder, SealName, RunManifest.FileName, _arrays.Values);
        return _writer.PublishRun(_folder, manifest.ConfigurationDigest());
    }

    private void Enter(string name, ArrayEntry entry)
    {
        lock (_arrays)
            _arrays.Add(name, entry);
    }
}
