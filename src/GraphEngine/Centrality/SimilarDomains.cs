namespace Backlinks.GraphEngine;

/// <summary>What to count as similar.</summary>
public sealed record SimilarDomainsOptions
{
    /// <summary>Sources that both must be linked by, at least; ≥ 1. Default 2: two domains with one link each, from one list, are alike
    /// in nothing else.</summary>
    public int LeastShared { get; init; } = 2;

    /// <summary>Sources that link to more than this many are passed over, ≥ 1. Default 10,000: a directory of everything tells nobody
    /// apart.</summary>
    public int MostOut { get; init; } = 10_000;

    /// <summary>Links of sources looked at in all, ≥ 1; the rarest sources are looked at first. Default 20 million, about a tenth of a
    /// second.</summary>
    public long MostLinks { get; init; } = 20_000_000;

    /// <summary>Norms known from other questions about the same graph; null: none are kept.</summary>
    public ProfileNorms? Norms { get; init; }
}

/// <summary>Norms of in-link profiles of one graph's nodes, kept where they took long to make: popular nodes are candidates of many others.
/// At most one for each 256 links. Safe for any number of threads.</summary>
public sealed class ProfileNorms
{
    internal const int LeastLinks = 256;

    internal System.Collections.Concurrent.ConcurrentDictionary<int, double> Known { get; } = new();
}

/// <summary>A node linked to by the same sources.</summary>
/// <param name="Similarity">Cosine of the profiles, above 0 to 1.</param>
/// <param name="Shared">Sources that link to both.</param>
public readonly record struct SimilarDomain(int Node, double Similarity, int Shared);

/// <param name="Complete">False where sources were passed over, for their number of links or for the bound on work: nodes that
/// only these share are then missing, and similarities are lower bounds.</param>
/// <param name="Sources">Sources looked at.</param>
public sealed record SimilarDomainsResult(SimilarDomain[] Domains, bool Complete, int Sources);

/// <summary>
/// Nodes with similar in-link profiles: those that the same sources link to.
/// <code>
/// a(u,v) = w(u,v)·ln(1 + n/out(u))      cos(v,x) = Σ_u a(u,v)·a(u,x) / (‖a(·,v)‖·‖a(·,x)‖)
/// </code>
/// Co-citation (Small 1973) as a weighted cosine: a source that links to few says more than one that links to all. Looks two hops
/// from the node: sources in order of their number of links, then of number, until the bound on work. The node itself is never among
/// the results. Cost: the links of the sources, and the in-links of the candidates; 12 bytes a candidate. Single-threaded, in a
/// fixed order: repeatable.
/// </summary>
public static class SimilarDomains
{
    /// <summary>The nodes most similar to <paramref name="node"/>, at most <paramref name="count"/>; equals by number.</summary>
    /// <exception cref="ArgumentOutOfRangeException">Node, count or an option is out of its range.</exception>
    public static SimilarDomainsResult To(LinkGraph graph, int node, int count, SimilarDomainsOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new SimilarDomainsOptions();
        Check(graph, node, count, options);
        int[] sources = [.. graph.InOf(node).ToArray().Select(u => (int)u).OrderBy(graph.OutDegree).ThenBy(u => u)];
        var shared = new Dictionary<int, (double Product, double Squares, int Count)>();
        long links = 0;
        int looked = 0;
        foreach (int u in sources)
        {
            cancel.ThrowIfCancellationRequested();
            long degree = graph.OutDegree(u);
            if (degree > options.MostOut || (links += degree) > options.MostLinks)
                break; // the rest link to as many or more
            looked++;
            double rarity = Rarity(graph, u);
            ReadOnlySpan<uint> targets = graph.OutOf(u);
            long first = graph.OutOffsets[u];
            double ofNode = rarity * graph.OutWeight(first + targets.BinarySearch((uint)node));
            for (int i = 0; i < targets.Length; i++)
            {
                if (targets[i] == (uint)node)
                    continue;
                ref (double Product, double Squares, int Count) sum = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(shared, (int)targets[i], out _);
                double ofOther = rarity * graph.OutWeight(first + i);
                sum = (sum.Product + ofNode * ofOther, sum.Squares + ofOther * ofOther, sum.Count + 1);
            }
        }
        return new SimilarDomainsResult(Best(graph, node, count, shared, options, cancel), looked == sources.Length, looked);
    }

    /// <summary>The norm of a candidate is at least that of what it shares, so most are told apart without their in-links being read: those that
    /// may be most alike come first, and what cannot reach the last of the best is passed over.</summary>
    private static SimilarDomain[] Best(LinkGraph graph, int node, int count, Dictionary<int, (double Product, double Squares, int Count)> shared, SimilarDomainsOptions options, CancellationToken cancel)
    {
        double own = Norm(graph, node, options.Norms);
        if (own == 0 || count == 0)
            return [];
        List<(double Bound, int Node, double Product, int Count)> candidates = [.. shared.Where(s => s.Value.Count >= options.LeastShared && s.Value.Product > 0)
            .Select(s => (s.Value.Product / own / Math.Sqrt(s.Value.Squares), s.Key, s.Value.Product, s.Value.Count))];
        var best = new PriorityQueue<SimilarDomain, (double Similarity, int Order)>(); // the least first
        var likely = new PriorityQueue<int, double>(); // places of the highest bounds
        for (int i = 0; i < candidates.Count; i++)
            if (likely.Count < count)
                likely.Enqueue(i, candidates[i].Bound);
            else
                likely.EnqueueDequeue(i, candidates[i].Bound);
        var first = new HashSet<int>(likely.UnorderedItems.Select(item => item.Element));
        foreach (int i in first)
            Try(candidates[i]);
        for (int i = 0; i < candidates.Count; i++)
            if (!first.Contains(i))
                Try(candidates[i]);
        return [.. best.UnorderedItems.Select(item => item.Element).OrderByDescending(s => s.Similarity).ThenBy(s => s.Node)];

        void Try((double Bound, int Node, double Product, int Count) candidate)
        {
            if (best.Count == count && best.TryPeek(out _, out (double Similarity, int) least) && candidate.Bound * (1 + 1e-12) < least.Similarity)
                return;
            cancel.ThrowIfCancellationRequested();
            var similar = new SimilarDomain(candidate.Node, Math.Min(1, candidate.Product / own / Norm(graph, candidate.Node, options.Norms)), candidate.Count);
            best.Enqueue(similar, (similar.Similarity, -similar.Node));
            if (best.Count > count)
                best.Dequeue();
        }
    }

    private static double Rarity(LinkGraph graph, int source) => Math.Log(1 + (double)graph.NodeCount / graph.OutDegree(source));

    private static double Norm(LinkGraph graph, int node, ProfileNorms? norms) =>
        norms is null || graph.InDegree(node) < ProfileNorms.LeastLinks ? Norm(graph, node) : norms.Known.GetOrAdd(node, static (node, graph) => Norm(graph, node), graph);

    private static double Norm(LinkGraph graph, int node)
    {
        double sum = 0;
        long first = graph.InOffsets[node];
        ReadOnlySpan<uint> sources = graph.InOf(node);
        for (int i = 0; i < sources.Length; i++)
        {
            double a = Rarity(graph, (int)sources[i]) * (graph.InWeights is { } weights ? weights[first + i] : 1);
            sum += a * a;
        }
        return Math.Sqrt(sum);
    }

    private static void Check(LinkGraph graph, int node, int count, SimilarDomainsOptions options)
    {
        if (node < 0 || node >= graph.NodeCount)
            throw new ArgumentOutOfRangeException(nameof(node), node, $"nodes are 0 to {graph.NodeCount - 1}");
        ArgumentOutOfRangeException.ThrowIfNegative(count);
        if (options.LeastShared < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.LeastShared, "the sources shared must be 1 or more");
        if (options.MostOut < 1 || options.MostLinks < 1)
            throw new ArgumentOutOfRangeException(nameof(options), Math.Min(options.MostOut, options.MostLinks), "the bounds on links must be 1 or more");
    }
}
