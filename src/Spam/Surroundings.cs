using Backlinks.GraphEngine;

namespace Backlinks.Spam;

/// <summary>
/// What every generator asks of a domain: its group, whether it is weak and narrow, what its links pass.
/// <para><em>Weak</em>: z ≤ 2/(1−d). A farm that lives on itself cannot lift its members' mean above 1/(1−d) (the fixed point of
/// z = 1 + d·z), which a closed ring reaches; twice as much leaves room for a hijacked link, and what is above has support. <em>Narrow</em>: breadth ≤ <see cref="SpamOptions.NarrowBreadth"/>.
/// Breadth counts the groups a domain links to, without its <em>circle</em>: neighbours that link back or to another of its
/// neighbours. Members of a dense farm link to hundreds of each other and to little else; a directory's entries do not know
/// each other. Where a domain links to more than <see cref="Looked"/>, that many, evenly spaced, stand for all.</para>
/// Cost O(m), and at most <see cref="Looked"/>·<see cref="LookedFurther"/> steps for a domain that links widely; 21 bytes a node.
/// Every node is worked out by itself: the same on any number of threads.
/// </summary>
internal sealed class Surroundings
{
    /// <summary>Neighbours looked at: the error of a share is then at most .06.</summary>
    private const int Looked = 64;

    /// <summary>Links of each such neighbour looked at.</summary>
    private const int LookedFurther = 512;

    private const int KnownBits = 4096;

    private readonly double[] _total, _passed; // W(u), d·z(u)/W(u)
    private readonly bool _grouped; // whether any domain has company

    public Surroundings(SpamInput input, SpamOptions options, CancellationToken cancel)
    {
        (Input, Options, Graph) = (input, options, input.Graph);
        Group = OwnerGroups.Of(input);
        int n = Graph.NodeCount;
        for (int node = 0; node < n && !_grouped; node++)
            _grouped = Group[node] != node;
        _total = new double[n];
        _passed = new double[n];
        Booster = new bool[n];
        double weak = 2 / (1 - input.Damping);
        Each(n, (start, end) =>
        {
            var groups = new List<int>();
            for (int node = start; node < end; node++)
            {
                _total[node] = Graph.OutTotal(node);
                _passed[node] = _total[node] > 0 ? input.Damping * input.Raw[node] / _total[node] : 0;
                if (input.Raw[node] > weak || Apart(node))
                    continue;
                int breadth = BreadthOf(node, groups);
                Booster[node] = groups.Count > 0 && breadth <= options.NarrowBreadth;
            }
        }, cancel);
    }

    public SpamInput Input { get; }

    public SpamOptions Options { get; }

    public LinkGraph Graph { get; }

    public int[] Group { get; }

    /// <summary>Weak and narrow, and links to another group: may be a booster.</summary>
    public bool[] Booster { get; }

    /// <summary>P(u,v) of the link at a position of <see cref="LinkGraph.InLinks"/>.</summary>
    public double Share(long position)
    {
        double total = _total[Graph.InLinks[position]];
        return total > 0 ? (Graph.InWeights is { } weights ? weights[position] : 1) / total : 0;
    }

    /// <summary>d·P(u,v)·z(u): what the link at a position of <see cref="LinkGraph.InLinks"/> gives its target.</summary>
    public double Contribution(long position) => (Graph.InWeights is { } weights ? weights[position] : 1) * _passed[Graph.InLinks[position]];

    /// <summary>Platforms, directories and networks of files are never members of a cluster.</summary>
    public bool Apart(int node) => Input.Traits is { } traits && (traits[node] & (DomainTraits.Platform | DomainTraits.Directory | DomainTraits.Cdn)) != 0;

    public bool Links(int source, int target) => Graph.OutOf(source).BinarySearch((uint)target) >= 0;

    /// <summary>Calls <paramref name="body"/>(start, end) for ranges of 0 to <paramref name="n"/> side by side; it may write only what belongs to its range.</summary>
    public void Each(int n, Action<int, int> body, CancellationToken cancel)
    {
        const int size = 4096;
        Parallel.For(0, (n + size - 1) / size, new ParallelOptions
        {
            CancellationToken = cancel,
            MaxDegreeOfParallelism = Options.Threads == 0 ? Environment.ProcessorCount : Options.Threads,
        }, range => body(range * size, Math.Min(n, (range + 1) * size)));
    }

    /// <summary>Groups linked to outside the own circle.</summary>
    private int BreadthOf(int node, List<int> groups)
    {
        ReadOnlySpan<uint> links = Graph.OutOf(node);
        groups.Clear();
        foreach (uint target in links)
            if (Group[target] != Group[node])
                groups.Add(Group[target]);
        int distinct = DistinctGroups(groups);
        if (distinct <= Options.NarrowBreadth)
            return distinct;
        Span<ulong> known = stackalloc ulong[KnownBits / 64]; // by the last bits of their numbers: most strangers need no search
        known.Clear();
        foreach (uint target in links)
            known[(int)(target % KnownBits / 64)] |= 1UL << (int)(target % 64);
        int looked = Math.Min(Looked, links.Length), circle = 0;
        for (int i = 0; i < looked; i++)
        {
            int neighbour = (int)links[(int)((long)i * links.Length / looked)];
            ReadOnlySpan<uint> further = Graph.OutOf(neighbour);
            if (Group[neighbour] != Group[node] && further.Length <= LookedFurther && KnowsAnother(node, links, known, further))
                circle++;
        }
        return (int)(distinct * (1 - (double)circle / looked));
    }

    private bool KnowsAnother(int node, ReadOnlySpan<uint> links, ReadOnlySpan<ulong> known, ReadOnlySpan<uint> further)
    {
        if (further.BinarySearch((uint)node) >= 0)
            return true;
        int common = 0;
        foreach (uint target in further)
            if ((known[(int)(target % KnownBits / 64)] >> (int)(target % 64) & 1) != 0 && Group[target] != Group[node] && links.BinarySearch(target) >= 0 && ++common >= 2) // one may be a popular site that both like
                return true;
        return false;
    }

    /// <summary>How many groups are in a list of those of different domains; may sort it.</summary>
    public int DistinctGroups(List<int> groups) => _grouped ? Distinct(groups) : groups.Count;

    /// <summary>How many different numbers are in a list; sorts it.</summary>
    public static int Distinct(List<int> numbers)
    {
        numbers.Sort();
        int distinct = 0;
        for (int i = 0; i < numbers.Count; i++)
            if (i == 0 || numbers[i] != numbers[i - 1])
                distinct++;
        return distinct;
    }
}
