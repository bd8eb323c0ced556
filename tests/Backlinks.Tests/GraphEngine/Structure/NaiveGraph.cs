using Backlinks.GraphEngine;
using CsCheck;

namespace Backlinks.Tests.GraphEngine.Structure;

/// <summary>
/// The slow and obvious way to know a small graph: all distances by Floyd's algorithm, everything else from definitions.
/// </summary>
internal sealed class NaiveGraph
{
    private const int Never = int.MaxValue / 4;

    private readonly bool[,] _link;
    private readonly int[,] _distance;

    public NaiveGraph(int nodes, IEnumerable<TestLink> links)
    {
        Nodes = nodes;
        _link = new bool[nodes, nodes];
        foreach (TestLink link in links)
            _link[link.Source, link.Target] = true;
        _distance = new int[nodes, nodes];
        foreach ((int u, int v) in Pairs())
            _distance[u, v] = u == v ? 0 : _link[u, v] ? 1 : Never;
        for (int k = 0; k < nodes; k++)
            foreach ((int u, int v) in Pairs())
                _distance[u, v] = Math.Min(_distance[u, v], _distance[u, k] + _distance[k, v]);
    }

    public int Nodes { get; }

    private IEnumerable<int> All => Enumerable.Range(0, Nodes);

    /// <summary>Random small graphs with self-links, duplicates, isolated and dangling nodes; 0 nodes included.</summary>
    public static Gen<(int Nodes, TestLink[] Links)> Gen(int mostNodes = 14, int mostLinks = 40) =>
        CsCheck.Gen.Int[0, mostNodes].SelectMany(n => n == 0
            ? CsCheck.Gen.Const((0, Array.Empty<TestLink>()))
            : CsCheck.Gen.Select(CsCheck.Gen.Int[0, n - 1], CsCheck.Gen.Int[0, n - 1]).Select(p => (TestLink)p)
                .Array[0, mostLinks].Select(links => (n, links)));

    /// <summary>dist(u,v), or null if u does not reach v.</summary>
    public int? Distance(int u, int v) => _distance[u, v] >= Never ? null : _distance[u, v];

    public bool Reaches(int u, int v) => _distance[u, v] < Never;

    /// <summary>Σ over distances t, ascending, of the nodes at distance t divided by t.</summary>
    public double Harmonic(int v)
    {
        double sum = 0;
        for (int t = 1; t < Nodes; t++)
            sum += (double)All.Count(u => _distance[u, v] == t) / t;
        return sum;
    }

    public int Reaching(int v) => All.Count(u => Reaches(u, v));

    public int Diameter => Pairs().Select(p => Distance(p.U, p.V) ?? 0).DefaultIfEmpty().Max();

    /// <summary>Numbered as published: by descending size, then smallest member.</summary>
    public int[] StrongComponents() => Number((u, v) => Reaches(u, v) && Reaches(v, u));

    public int[] WeakComponents() => Number(Undirected().Reaches);

    public BowTieRegion[] BowTie()
    {
        int[] strong = StrongComponents();
        NaiveGraph undirected = Undirected();
        int[] core = [.. All.Where(v => strong[v] == 0)];
        int[] ins = [.. All.Except(core).Where(v => Reaches(v, core[0]))];
        int[] outs = [.. All.Except(core).Where(v => Reaches(core[0], v))];
        return [.. All.Select(v =>
            core.Contains(v) ? BowTieRegion.Core :
            ins.Contains(v) ? BowTieRegion.In :
            outs.Contains(v) ? BowTieRegion.Out :
            ins.Any(u => Reaches(u, v)) && outs.Any(u => Reaches(v, u)) ? BowTieRegion.Tube :
            undirected.Reaches(core[0], v) ? BowTieRegion.Tendril : BowTieRegion.Disconnected)];
    }

    /// <summary>Core numbers by removing, for each k, whatever has fewer than k neighbours left.</summary>
    public int[] Cores()
    {
        int[] core = new int[Nodes];
        bool[] left = [.. All.Select(_ => true)];
        for (int k = 1; left.Contains(true); k++)
        {
            int Neighbours(int v) => All.Count(u => u != v && left[u] && (_link[u, v] || _link[v, u]));
            while (All.Any(v => left[v] && Neighbours(v) < k))
                left[All.First(v => left[v] && Neighbours(v) < k)] = false;
            foreach (int v in All.Where(v => left[v]))
                core[v] = k;
        }
        return core;
    }

    private NaiveGraph Undirected() =>
        new(Nodes, Pairs().Where(p => _link[p.U, p.V] || _link[p.V, p.U]).Select(p => (TestLink)p));

    private int[] Number(Func<int, int, bool> together)
    {
        int[] smallest = [.. All.Select(v => All.First(u => together(u, v)))];
        int[] order = [.. All.Where(v => smallest[v] == v).OrderByDescending(s => smallest.Count(x => x == s)).ThenBy(s => s)];
        return [.. smallest.Select(s => Array.IndexOf(order, s))];
    }

    private IEnumerable<(int U, int V)> Pairs() => All.SelectMany(u => All.Select(v => (u, v)));
}
