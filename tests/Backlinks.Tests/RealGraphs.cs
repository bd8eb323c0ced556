using System.Globalization;
using System.IO.Compression;
using Backlinks.GraphEngine;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>
/// The 1996 slice of the UK Web Archive's host graph by its own convention: self-links dropped, nodes are the hosts left,
/// here in ordinal order, weight is the number of links. Read without the importers, so that it can be held against them.
/// Shared by the tests of a class: <c>IClassFixture&lt;UkHosts&gt;</c>.
/// </summary>
public sealed class UkHosts : IDisposable
{
    private TestGraph? _graph;

    /// <summary>Hosts in node order; empty before <see cref="Require"/>.</summary>
    internal string[] Hosts { get; private set; } = [];

    /// <summary>The graph; skips the test where the data is absent.</summary>
    internal TestGraph Require()
    {
        string path = SharedData.Require("graphs", "ukwa-1996", "1996-uk-web-hosts.tsv.gz");
        return _graph ??= Read(path);
    }

    public void Dispose() => _graph?.Dispose();

    private TestGraph Read(string path)
    {
        var rows = new List<(string Source, string Target, uint Count)>();
        using (StreamReader reader = new(new GZipStream(File.OpenRead(path), CompressionMode.Decompress)))
            while (reader.ReadLine() is { } line)
            {
                string[] parts = line.Split('|', '\t'); // year|source|target⇥count
                if (parts[1] != parts[2])
                    rows.Add((parts[1], parts[2], uint.Parse(parts[3], CultureInfo.InvariantCulture)));
            }
        Hosts = [.. rows.SelectMany(r => new[] { r.Source, r.Target }).Distinct().Order(StringComparer.Ordinal)];
        Dictionary<string, uint> node = Hosts.Index().ToDictionary(h => h.Item, h => (uint)h.Index);
        return TestGraphs.Weighted(Hosts.Length, [.. rows.Select(r => new TestLink(node[r.Source], node[r.Target], r.Count, r.Count))]);
    }
}

/// <summary>LAW's cnr-2000, pages of the Italian research council in the year 2000: 325,557 nodes in URL order, 3,216,152 links.</summary>
public sealed class CnrPages : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private LinkGraph? _graph;

    /// <summary>The graph; skips the test where the data is absent.</summary>
    internal LinkGraph Require()
    {
        string path = SharedData.Require("graphs", "cnr-2000", "cnr-2000.graph");
        if (_graph is null)
        {
            BvGraphImporter.Import(path, _folder.Path);
            _graph = LinkGraph.Open(_folder.Path);
        }
        return _graph;
    }

    public void Dispose()
    {
        _graph?.Dispose();
        _folder.Dispose();
    }
}
