using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>What became of the link from one source.</summary>
public enum SourceChange
{
    /// <summary>There before and after.</summary>
    Kept,

    /// <summary>The link is gone, its source is still there.</summary>
    LinkLost,

    /// <summary>The source itself is no longer in the graph.</summary>
    SourceGone,

    /// <summary>The source was there already and now links.</summary>
    LinkGained,

    /// <summary>The source is new in the graph.</summary>
    SourceNew,
}

/// <summary>
/// The parts of a difference, in the unit of what is split: raw authority, or points of score.
/// </summary>
/// <param name="LinksLost">Links that pass nothing any more, because they or their sources are gone.</param>
/// <param name="LinksGained">Links that passed nothing before.</param>
/// <param name="SourcesOwn">Sources of unchanged links are worth more or less themselves.</param>
/// <param name="Dilution">Sources of unchanged links link more or less elsewhere, so that each link gets another share.</param>
/// <param name="LinkWeight">Unchanged links weigh more or less.</param>
/// <param name="Discount">Links of spam clusters are discounted more or less.</param>
/// <param name="Teleport">What the node has without links: other seeds, other owners.</param>
/// <param name="Configuration">Another damping factor: what it alone makes of the links before, through all their sources.</param>
/// <param name="Scale">Another scale: the same raw value has another score. 0 in raw authority.</param>
/// <param name="Remainder">What both solvers left, and rounding.</param>
public readonly record struct AttributionParts(double LinksLost, double LinksGained, double SourcesOwn, double Dilution, double LinkWeight, double Discount,
    double Teleport, double Configuration, double Scale, double Remainder)
{
    public double Sum => LinksLost + LinksGained + SourcesOwn + Dilution + LinkWeight + Discount + Teleport + Configuration + Scale + Remainder;

    internal AttributionParts Times(double factor, double scale) => new(LinksLost * factor, LinksGained * factor, SourcesOwn * factor, Dilution * factor,
        LinkWeight * factor, Discount * factor, Teleport * factor, Configuration * factor, scale, Remainder * factor);
}

/// <summary>What one source has to do with the difference. Passes and parts in raw authority.</summary>
/// <param name="Name">As people write it.</param>
/// <param name="NodeBefore">Its node in the graph before, or -1; <paramref name="NodeAfter"/> likewise.</param>
/// <param name="PassedBefore">d·P·z of its link before, 0 without one; <paramref name="PassesAfter"/> likewise.</param>
/// <param name="Own">Because the source itself is worth more or less.</param>
/// <param name="Dilution">Because it links more or less.</param>
/// <param name="LinkWeight">Because the link weighs more or less.</param>
/// <param name="Discount">Because of the discount of spam clusters.</param>
/// <param name="Configuration">Because of the damping.</param>
public sealed record SourceDifference(string Name, int NodeBefore, int NodeAfter, SourceChange Change, double PassedBefore, double PassesAfter,
    double Own, double Dilution, double LinkWeight, double Discount, double Configuration)
{
    public double Difference => PassesAfter - PassedBefore;
}

/// <summary>
/// Why a node's authority differs between two runs, in parts that add up.
/// <code>
/// z(v) = t(v) + Σ_u c(u) + remainder        c = d · w₀·δ/W(u) · z(u)        w₀ the weight before discounts, δ the discount
/// c_B − c_A = L·[ln(z_B/z_A) + ln(W_A/W_B) + ln(w₀_B/w₀_A) + ln(δ_B/δ_A) + ln(d_B/d_A)],   L = (c_B − c_A)/ln(c_B/c_A)
/// </code>
/// The second line is the logarithmic mean Divisia index (Ang 2005): exact, without an interaction term, and symmetric in A and B; a
/// factor that did not change gets exactly 0. Where a link passes nothing on one side it was lost or gained as a whole, or discounted
/// to nothing. Points of score: along the straight way from z_A to z_B each part moves the score in proportion to its size (the
/// path of Aumann and Shapley 1974), so a part has Δpoints·part/Δz, on A's scale, and what the other scale makes of z_B stands apart.
/// Both splits are exact; rounding is in the remainder. Sources are matched by name, as node numbers differ between graphs.
/// Where the damping differs, A's graph is ranked again with B's, and the step from A to there is Configuration as a whole: else most of
/// it would hide in what sources are worth themselves.
/// <para>Cost: the in-links of v in both runs and their sources' out-rows, and one ranking where the damping differs; memory for a row a
/// source. Repeatable: sums in node order.</para>
/// </summary>
public sealed record Attribution
{
    /// <summary>z_A(v).</summary>
    public required double RawBefore { get; init; }

    /// <summary>z_B(v).</summary>
    public required double RawAfter { get; init; }

    /// <summary>In raw authority; their sum is RawAfter − RawBefore.</summary>
    public required AttributionParts Raw { get; init; }

    /// <summary>The score before, on A's scale.</summary>
    public required double ScoreBefore { get; init; }

    /// <summary>The score after, on B's scale.</summary>
    public required double ScoreAfter { get; init; }

    /// <summary>In points; their sum is ScoreAfter − ScoreBefore.</summary>
    public required AttributionParts Points { get; init; }

    /// <summary>Points for one unit of raw authority, between the two: what <see cref="Points"/> multiplies <see cref="Raw"/> by.</summary>
    public required double PointsPerRaw { get; init; }

    /// <summary>The sources that have to do with it, by the size of their difference, then by name.</summary>
    public required IReadOnlyList<SourceDifference> Sources { get; init; }

    /// <summary>Sources whose link passes what it did, but for a billionth of the node's authority: that is what solvers leave. Parts hold it all the same.</summary>
    public required int Unchanged { get; init; }

    /// <summary>Splits the difference between the node <paramref name="nodeA"/> of A and the node <paramref name="nodeB"/> of B, which are the same by name.</summary>
    /// <param name="scoreA">The scale of run A: score of a raw value; null for none, then points are 0.</param>
    /// <param name="scoreB">The scale of run B.</param>
    /// <exception cref="ArgumentOutOfRangeException">No such node.</exception>
    public static Attribution Between(SolvedAuthority a, int nodeA, SolvedAuthority b, int nodeB, Func<double, double>? scoreA = null, Func<double, double>? scoreB = null,
        CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        if ((uint)nodeA >= (uint)a.Graph.NodeCount)
            throw new ArgumentOutOfRangeException(nameof(nodeA), nodeA, $"nodes are 0 to {a.Graph.NodeCount - 1}");
        if ((uint)nodeB >= (uint)b.Graph.NodeCount)
            throw new ArgumentOutOfRangeException(nameof(nodeB), nodeB, $"nodes are 0 to {b.Graph.NodeCount - 1}");
        SolvedAuthority between = a.Damping == b.Damping ? a : WithDamping(a, b.Damping, cancel);
        var rows = new List<SourceDifference>();
        int unchanged = 0, steps = 0;
        double noise = Noise * Math.Max(a.Raw[nodeA], b.Raw[nodeB]);
        ReadOnlySpan<uint> before = a.Graph.InOf(nodeA), after = b.Graph.InOf(nodeB);
        foreach (uint source in before)
        {
            if ((++steps & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int other = Same(a.Graph, (int)source, b.Graph);
            Add(Compare(a, between, (int)source, nodeA, b, other >= 0 && after.BinarySearch((uint)other) >= 0 ? other : -1, nodeB, other));
        }
        foreach (uint source in after)
        {
            if ((++steps & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int other = Same(b.Graph, (int)source, a.Graph);
            if (other < 0 || before.BinarySearch((uint)other) < 0)
                Add(Gained(b, (int)source, nodeB, other));
        }
        double rawA = a.Raw[nodeA], rawB = b.Raw[nodeB];
        AttributionParts parts = Sum(rows, b.TeleportOf(nodeB) - a.TeleportOf(nodeA), rawB - rawA);
        scoreA ??= static _ => 0;
        scoreB ??= scoreA;
        double factor = Slope(scoreA, rawA, rawB);
        AttributionParts points = parts.Times(factor, scoreB(rawB) - scoreA(rawB));
        points = points with { Remainder = points.Remainder + (scoreB(rawB) - scoreA(rawA) - points.Sum) }; // rounding
        return new Attribution
        {
            RawBefore = rawA,
            RawAfter = rawB,
            Raw = parts,
            ScoreBefore = scoreA(rawA),
            ScoreAfter = scoreB(rawB),
            Points = points,
            PointsPerRaw = factor,
            Sources = [.. rows.Where(r => !IsNoise(r, noise)).OrderByDescending(r => Math.Abs(r.Difference)).ThenBy(r => r.Name, StringComparer.Ordinal)],
            Unchanged = unchanged,
        };

        void Add(SourceDifference row)
        {
            // Parts that cancel each other are told too.
            if (row is { Difference: 0, Change: SourceChange.Kept, Own: 0, Dilution: 0, LinkWeight: 0, Discount: 0, Configuration: 0 })
                unchanged++;
            else
            {
                rows.Add(row);
                unchanged += IsNoise(row, noise) ? 1 : 0;
            }
        }
    }

    /// <summary>Of the greater raw value: solvers go to a relative residual of 1e-10, and a source's part in that is less.</summary>
    private const double Noise = 1e-9;

    private static bool IsNoise(SourceDifference row, double noise) => row.Change == SourceChange.Kept && Math.Abs(row.Difference) <= noise
        && Math.Abs(row.Own) <= noise && Math.Abs(row.Dilution) <= noise && Math.Abs(row.LinkWeight) <= noise && Math.Abs(row.Discount) <= noise && Math.Abs(row.Configuration) <= noise;

    private static AttributionParts Sum(List<SourceDifference> rows, double teleport, double difference)
    {
        ExactSum lost = default, gained = default, own = default, dilution = default, weight = default, discount = default, configuration = default;
        foreach (SourceDifference row in rows)
        {
            if (row.Change is SourceChange.LinkLost or SourceChange.SourceGone)
                lost.Add(row.Difference - row.Discount - row.Configuration);
            else if (row.Change is SourceChange.LinkGained or SourceChange.SourceNew)
                gained.Add(row.Difference - row.Discount - row.Configuration);
            own.Add(row.Own);
            dilution.Add(row.Dilution);
            weight.Add(row.LinkWeight);
            discount.Add(row.Discount);
            configuration.Add(row.Configuration);
        }
        var parts = new AttributionParts(lost.Value, gained.Value, own.Value, dilution.Value, weight.Value, discount.Value, teleport, configuration.Value, 0, 0);
        return parts with { Remainder = difference - parts.Sum };
    }

    /// <summary>The node of that name in another graph, or -1.</summary>
    private static int Same(LinkGraph graph, int node, LinkGraph other) =>
        graph.Names.Stored && other.Names.Stored ? other.Names.FindKey(Encoding.UTF8.GetBytes(graph.Names.Key(node)))
        : graph.Names.Stored || other.Names.Stored ? other.Names.Find(graph.Names[node])
        : node < other.NodeCount ? node : -1;

    /// <summary>The factors of what one link passes.</summary>
    private readonly record struct Flow(double Damping, double Weight, double Undiscounted, double Total, double Raw)
    {
        public double Passes => Total > 0 ? Damping * Weight / Total * Raw : 0;

        public static Flow Of(SolvedAuthority solved, int source, int target)
        {
            long at = Explanation.PositionOf(solved.Graph, source, target);
            double weight = solved.Graph.OutWeight(at);
            return new Flow(solved.Damping, weight, solved.Undiscounted is { } full ? Math.Max(weight, full[at]) : weight, solved.TotalOf(source), solved.Raw[source]);
        }
    }

    private static SourceDifference Gained(SolvedAuthority b, int source, int nodeB, int there) =>
        new(b.Graph.Names[source], there, source, there < 0 ? SourceChange.SourceNew : SourceChange.LinkGained, 0, Flow.Of(b, source, nodeB).Passes, 0, 0, 0, 0, 0);

    /// <param name="linking">The source in B if it links there, else -1.</param>
    /// <param name="there">The source in B if it is there at all, else -1.</param>
    private static SourceDifference Compare(SolvedAuthority a, SolvedAuthority between, int source, int nodeA, SolvedAuthority b, int linking, int nodeB, int there)
    {
        string name = a.Graph.Names[source];
        Flow was = Flow.Of(between, source, nodeA);
        double before = ReferenceEquals(a, between) ? was.Passes : Flow.Of(a, source, nodeA).Passes, from = was.Passes, configuration = from - before;
        if (linking < 0)
            return new(name, source, there, there < 0 ? SourceChange.SourceGone : SourceChange.LinkLost, before, 0, 0, 0, 0, 0, configuration);
        Flow now = Flow.Of(b, linking, nodeB);
        double to = now.Passes, difference = to - from;
        if (from > 0 && to > 0)
        {
            double mean = LogMean(from, to);
            double Part(double before, double after) => before == after ? 0 : mean * Math.Log(after / before);
            double own = Part(was.Raw, now.Raw), dilution = Part(now.Total, was.Total), weight = Part(was.Undiscounted, now.Undiscounted);
            double discount = Part(was.Weight / was.Undiscounted, now.Weight / now.Undiscounted);
            return new(name, source, linking, SourceChange.Kept, before, to, own, dilution, weight, discount, configuration);
        }
        // One side passes nothing: the factor that is 0 there has it all.
        Flow zero = from > 0 ? now : was;
        SourceDifference whole = new(name, source, linking, SourceChange.Kept, before, to, 0, 0, 0, 0, configuration);
        return difference == 0 ? whole
            : zero.Weight == 0 && zero.Undiscounted > 0 ? whole with { Discount = difference }
            : zero.Weight == 0 ? whole with { Change = from > 0 ? SourceChange.LinkLost : SourceChange.LinkGained }
            : zero.Raw == 0 ? whole with { Own = difference }
            : whole with { Configuration = configuration + difference };
    }

    private static SolvedAuthority WithDamping(SolvedAuthority solved, double damping, CancellationToken cancel)
    {
        int n = solved.Graph.NodeCount;
        RawAuthorityResult result = RawAuthority.Compute(solved.Graph, new RawAuthorityOptions
        {
            Damping = damping,
            Teleport = solved.Teleport?.Slice(0, n).ToArray(),
            Start = solved.Raw.Slice(0, n).ToArray(),
        }, null, cancel);
        return new SolvedAuthority(solved.Graph, result.Raw, solved.Teleport, damping, result.MaxRelativeResidual);
    }

    /// <summary>(b−a)/ln(b/a), a at a = b; for near values by the series that does not cancel.</summary>
    private static double LogMean(double a, double b)
    {
        double x = (b - a) / (a + b); // ln(b/a) = 2·artanh x
        return Math.Abs(x) < 1e-3 ? (a + b) / 2 / (1 + x * x / 3 + x * x * x * x / 5) : (b - a) / Math.Log(b / a);
    }

    /// <summary>Points for a unit of raw authority on the way from one value to the other; where they are equal, the slope there.</summary>
    private static double Slope(Func<double, double> score, double from, double to)
    {
        double apart = Math.Abs(to - from);
        if (apart > 1e-9 * Math.Max(Math.Abs(from), Math.Abs(to)))
            return (score(to) - score(from)) / (to - from);
        double step = 1e-4 * Math.Max(Math.Abs(from), 1e-9);
        return (score(from + step) - score(from - step)) / (2 * step);
    }
}
