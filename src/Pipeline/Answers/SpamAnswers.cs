using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>Links of a target that come from one cluster.</summary>
/// <param name="InLinks">Domains of it that link to the target.</param>
/// <param name="Share">Of what all links would pass without any discount, 0 to 1.</param>
/// <param name="Examples">Up to five of those domains, those that would pass most.</param>
public sealed record ClusterLinks(string Id, double Score, bool Confirmed, int InLinks, double Share, IReadOnlyList<string> Examples);

/// <summary>What a domain has to do with spam clusters.</summary>
public sealed record SpamEvidence
{
    public required string Run { get; init; }

    public required string Target { get; init; }

    public required bool InIndex { get; init; }

    /// <summary>Of the cluster it is in, 0 to 100; 0 where it is in none.</summary>
    public required double SpamScore { get; init; }

    public required string? Cluster { get; init; }

    public required SpamRole? Role { get; init; }

    /// <summary>Why it was left out as a target though it looks like one; null where it was not.</summary>
    public required string? Excluded { get; init; }

    /// <summary>Domains that link to it.</summary>
    public required int InLinks { get; init; }

    public required int InLinksFromClusters { get; init; }

    /// <summary>Of what all links would pass without any discount, 0 to 1.</summary>
    public required double ShareFromClusters { get; init; }

    /// <summary>By what they would pass, most first.</summary>
    public required IReadOnlyList<ClusterLinks> Clusters { get; init; }

    /// <param name="node">Of the graph of domains.</param>
    /// <exception cref="RunLacksException">The run was made without looking for spam.</exception>
    public static SpamEvidence Of(SpamRun spam, int node, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(spam);
        Run run = spam.Run;
        SpamCluster? own = spam.ClusterOf(node);
        string domain = run.Graph.Names[node];
        List<SpamInLink> from = spam.InLinks(node, cancel);
        double all = from.Sum(f => f.Passes);
        ClusterLinks[] clusters = [.. from.Where(f => f.Cluster is not null).GroupBy(f => f.Cluster!, ReferenceEqualityComparer.Instance).Select(g => ((SpamCluster)g.Key!, Links: g.ToArray())).OrderByDescending(g => g.Links.Sum(f => f.Passes))
            .Select(g => new ClusterLinks(g.Item1.Id, g.Item1.Score, g.Item1.Confirmed, g.Links.Length, all > 0 ? g.Links.Sum(f => f.Passes) / all : 0, [.. g.Links.OrderByDescending(f => f.Passes).Take(5).Select(f => run.Graph.Names[f.Source])]))];
        return new SpamEvidence
        {
            Run = run.Id,
            Target = domain,
            InIndex = true,
            SpamScore = own?.Score ?? 0,
            Cluster = own?.Id,
            Role = own?.Members.First(m => m.Name == domain).Role,
            Excluded = spam.Report.Excluded.FirstOrDefault(e => e.Name == domain)?.Reason,
            InLinks = from.Count,
            InLinksFromClusters = from.Count(f => f.Cluster is not null),
            ShareFromClusters = clusters.Sum(c => c.Share),
            Clusters = clusters,
        };
    }
}

/// <summary>A link into a domain.</summary>
/// <param name="Cluster">That its source is in; null for none.</param>
/// <param name="Passes">What it would pass without any discount, in parts of the damping.</param>
public readonly record struct SpamInLink(int Source, SpamCluster? Cluster, double Passes);

/// <summary>A run with its spam clusters, read once. Safe for any number of readers, as long as the run is open.</summary>
public sealed class SpamRun
{
    private static readonly string[] DampingOf = ["raw", "authority", "pagerank"]; // the first that says it

    private readonly MappedArray<uint> _cluster; // 0 for none, else 1 + its place in the report
    private readonly MappedArray<double>? _raw, _before;
    private readonly Dictionary<string, SpamCluster> _byId;

    /// <exception cref="RunLacksException">The run was made without looking for spam.</exception>
    /// <exception cref="SpamException">Its report is damaged.</exception>
    public SpamRun(Run run)
    {
        ArgumentNullException.ThrowIfNull(run);
        Run = run;
        Report = run.Document(SpamReport.FileName) is { } json ? SpamReport.Parse(json, SpamReport.FileName)
            : throw new RunLacksException(run.Id, "was made without looking for spam: spam is found in runs of the link store ('backlinks rank --store' without '--without spam')");
        _cluster = run.Array<uint>("cluster") ?? throw new RunLacksException(run.Id, "has no array 'cluster': rank again");
        _raw = run.Array<double>("raw");
        _before = run.Array<double>("raw_before") ?? _raw;
        _byId = Report.Clusters.ToDictionary(c => c.Id, StringComparer.Ordinal);
    }

    public Run Run { get; }

    public SpamReport Report { get; }

    /// <summary>The cluster of that id, or null.</summary>
    public SpamCluster? Find(string id) => _byId.GetValueOrDefault(id);

    /// <summary>The cluster that a domain is in, or null.</summary>
    public SpamCluster? ClusterOf(int node) => _cluster[node] is > 0 and { } number && number <= Report.Clusters.Count ? Report.Clusters[(int)number - 1] : null;

    /// <summary>Domains that link to a domain, itself aside.</summary>
    public List<SpamInLink> InLinks(int node, CancellationToken cancel = default)
    {
        LinkGraph graph = Run.Graph;
        var from = new List<SpamInLink>();
        long position = graph.InOffsets[node];
        foreach (uint source in graph.InOf(node))
        {
            cancel.ThrowIfCancellationRequested();
            double weight = graph.InWeights is { } weights ? weights[position] : 1, total = graph.OutTotal((int)source);
            position++;
            if (source != (uint)node)
                from.Add(new SpamInLink((int)source, ClusterOf((int)source), total > 0 ? weight / total * (_before?[(int)source] ?? 1) : 0));
        }
        return from;
    }

    /// <summary>A cluster whose members are told with their raw authority without the cluster's inner links. Solves the graph of domains once.</summary>
    public SpamCluster WithAuthority(SpamCluster cluster, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        int[] nodes = [.. cluster.Members.Select(m => Run.Graph.Names.Find(m.Name))];
        var inside = nodes.ToHashSet();
        double[] without = DiscountedAuthority.Compute(Run.Graph, (u, v) => inside.Contains(u) && inside.Contains(v) ? 0 : 1, Damping, cancel);
        return cluster with { Members = [.. cluster.Members.Select((m, i) => nodes[i] < 0 ? m : m with { RawWithout = without[nodes[i]] })] };
    }

    /// <summary>The members of a cluster, the first of its victims, and the links between them.</summary>
    /// <param name="score">Authority of a node with its raw value.</param>
    /// <param name="victims">Victims drawn; ≥ 0.</param>
    public Neighbourhood Drawing(SpamCluster cluster, Func<int, double, double?>? score, int victims = 10)
    {
        ArgumentNullException.ThrowIfNull(cluster);
        LinkGraph graph = Run.Graph;
        var nodes = new List<NeighbourNode>();
        foreach ((string name, int distance) in cluster.Members.Select(m => (m.Name, m.Role == SpamRole.Target ? 0 : 1)).Concat(cluster.Victims.Take(victims).Select(v => (v.Name, 2))))
            if (graph.Names.Find(name) is >= 0 and int node)
            {
                double raw = _raw?[node] ?? 0;
                nodes.Add(new NeighbourNode(node, name, raw, score?.Invoke(node, raw), distance, distance < 2 ? cluster.Score : null));
            }
        var drawn = nodes.Select(n => n.Node).ToHashSet();
        var links = new List<NeighbourLink>();
        foreach (NeighbourNode node in nodes.Where(n => n.Distance < 2))
        {
            double total = graph.OutTotal(node.Node);
            for (long i = graph.OutOffsets[node.Node]; i < graph.OutOffsets[node.Node + 1L]; i++)
                if (graph.OutLinks[i] is var target && drawn.Contains((int)target) && graph.OutWeight(i) is var weight && weight > 0)
                    links.Add(new NeighbourLink(node.Node, (int)target, weight, weight / total, Damping * weight / total * node.Raw));
        }
        return Neighbourhood.Of(nodes, links);
    }

    private double Damping => DampingOf.Select(name => (double?)Run.Manifest.Configuration.GetValueOrDefault(name)?["damping"]).FirstOrDefault(d => d is not null) ?? new PageRankOptions().Damping;
}
