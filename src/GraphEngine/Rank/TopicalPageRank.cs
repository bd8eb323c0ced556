using System.Runtime.Intrinsics;

namespace Backlinks.GraphEngine;

/// <summary>How to split authority by topic.</summary>
public sealed record TopicalPageRankOptions
{
    /// <summary>d of the ranking that is split; 0 ≤ d &lt; 1. Default .85.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>α: share of what a link carries that stays in the topic it came with; the rest takes the topics of the page that links. 0 ≤ α &lt; 1.
    /// Default .5: half a page's reputation from what it is about, half from who made it known.</summary>
    public double Stay { get; init; } = 0.5;

    /// <summary>Topics of nodes of which nothing is known, K values ≥ 0 with a sum above 0; null is all alike.</summary>
    public double[]? Prior { get; init; }

    /// <summary>Where to begin: n × K, row-major, a row on any scale ≥ 0, or zeros to begin from the node's own topics; such as a
    /// split made before the graph changed a little. Null for that everywhere. Changes the time, and the answer within the tolerance.</summary>
    public float[]? Start { get; init; }

    /// <summary>Largest error of a node's split, as a share of its score, at which to stop; ≥ 1e-6, what float columns carry. Default 1e-5.
    /// That topics sum to the score does not depend on it.</summary>
    public double Tolerance { get; init; } = 1e-5;

    /// <summary>Rounds after which to stop unconverged; ≥ 1. Default 200.</summary>
    public int MaxRounds { get; init; } = 200;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }
}

/// <summary>Authority by topic.</summary>
public sealed record TopicalPageRankResult
{
    /// <summary>K.</summary>
    public required int Topics { get; init; }

    /// <summary>A: n × K, row-major, ≥ 0; a row sums to the node's score.</summary>
    public required double[] Ranks { get; init; }

    /// <summary>Σ over nodes, K values.</summary>
    public required double[] Totals { get; init; }

    public required int Rounds { get; init; }

    /// <summary>Proven, but for float's rounding: the split of no node is off by more than this share of its score.</summary>
    public required double ErrorBound { get; init; }

    public required bool Converged { get; init; }

    /// <summary>How far the share of topic <paramref name="topic"/> in a node's authority is above (over 1) or below its share in all; 0 for a node without.</summary>
    public double Lift(int node, int topic)
    {
        double score = 0, all = 0;
        for (int i = 0; i < Topics; i++)
        {
            score += Ranks[(long)node * Topics + i];
            all += Totals[i];
        }
        return score > 0 && Totals[topic] > 0 ? Ranks[(long)node * Topics + topic] / score / (Totals[topic] / all) : 0;
    }
}

/// <summary>
/// Topical PageRank: splits each node's score into topics by where it comes from.
/// <code>
/// A_i(v) = d·Σ_u P(u,v)·(α·A_i(u) + (1−α)·C_i(u)·x(u)) + t(v)·C_i(v)        Σ_i A_i(v) = x(v)
/// </code>
/// C: n × K topics of the nodes themselves, x: a ranking of the same graph, t(v) = x(v) − d·(Pᵀx)(v): what x has from no link,
/// whatever its teleport, dangling policy or lost weight. Nie, Davison, Qi 2006; their walk follows a link and keeps its topic
/// (α), follows it and takes one of the page it leaves (1−α), or jumps and takes one of the page it lands on.
/// <para>Variant: all K in one pass as interleaved float rows, Gauss–Seidel over 16 stages of rows (within one, the round's old
/// values), each row scaled to its score after it is summed. So the law holds at every round, to the last digit of double in
/// what is published, and only the split converges: by α a round at least, as each node's split is an average of
/// others'. Starts at C, so a few rounds do. A row is summed again only where one of those that link to it has changed by more than
/// the tolerance leaves room for since it was summed last: rounds shrink to what still moves, and from a split made before the graph
/// changed a little the second is next to nothing.</para>
/// <para>Cost a round: one gather of 4·K bytes a link; memory 4·K bytes a node (K rounded up to 8), and 8·K for the result.
/// Equal bytes for any number of threads: pieces are fixed, stages follow each other.</para>
/// </summary>
public static unsafe class TopicalPageRank
{
    private const int Stages = 16;
    private const int Lanes = 8;

    /// <summary>Links summed in float before the sum goes to double: rounding stays below 1e-6 even where millions link.</summary>
    private const int Chunk = 32;

    /// <summary>Splits <paramref name="scores"/> by topic.</summary>
    /// <param name="graph">The graph that was ranked.</param>
    /// <param name="scores">x or z: n values that are a ranking of this graph with this damping.</param>
    /// <param name="topics">C: n × K, row-major, each row of sum 1, or of zeros where nothing is known.</param>
    /// <param name="count">K: 1 to 256.</param>
    /// <exception cref="ArgumentException">A length, a row or an option is out of range, or the scores are no ranking of this graph.</exception>
    public static TopicalPageRankResult Compute(LinkGraph graph, ReadOnlySpan<double> scores, ReadOnlySpan<float> topics, int count,
        TopicalPageRankOptions? options = null, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new TopicalPageRankOptions();
        double[] prior = Check(graph, scores, topics, count, options);
        fixed (double* x = scores)
        fixed (float* c = topics)
            using (var split = new Split(graph, x, c, count, prior, options))
                return split.NoRanking is { } node
                    ? throw new ArgumentException($"is no ranking of this graph with damping {options.Damping}: node {node} has less than its links bring it", nameof(scores))
                    : split.Run(options, progress, cancel);
    }

    private static double[] Check(LinkGraph graph, ReadOnlySpan<double> scores, ReadOnlySpan<float> topics, int count, TopicalPageRankOptions options)
    {
        if (!(options.Damping >= 0 && options.Damping < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Damping, "damping must be at least 0 and less than 1");
        if (!(options.Stay >= 0 && options.Stay < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Stay, "the share that stays in its topic must be at least 0 and less than 1");
        if (!(options.Tolerance >= 1e-6 && options.Tolerance < 1))
            throw new ArgumentOutOfRangeException(nameof(options), options.Tolerance, "tolerance must be at least 1e-6 and less than 1");
        if (options.MaxRounds < 1)
            throw new ArgumentOutOfRangeException(nameof(options), options.MaxRounds, "max rounds must be at least 1");
        if (count is < 1 or > 256)
            throw new ArgumentOutOfRangeException(nameof(count), count, "1 to 256 topics");
        if (options.Start is { } start && start.Length != (long)graph.NodeCount * count)
            throw new ArgumentException($"Start has {start.Length} values where {graph.NodeCount} nodes of {count} topics need {(long)graph.NodeCount * count}", nameof(options));
        if (scores.Length != graph.NodeCount)
            throw new ArgumentException($"has {scores.Length} scores where the graph has {graph.NodeCount} nodes", nameof(scores));
        if (topics.Length != (long)graph.NodeCount * count)
            throw new ArgumentException($"has {topics.Length} values where {graph.NodeCount} nodes of {count} topics need {(long)graph.NodeCount * count}", nameof(topics));
        for (int v = 0; v < scores.Length; v++)
            if (!(scores[v] >= 0 && scores[v] < double.PositiveInfinity))
                throw new ArgumentOutOfRangeException(nameof(scores), scores[v], $"the score of node {v} must be finite and at least 0");
        for (int v = 0; v < graph.NodeCount; v++)
        {
            double sum = 0;
            bool negative = false;
            foreach (float share in topics.Slice(v * count, count))
            {
                sum += share;
                negative |= !(share >= 0);
            }
            if (negative || !(sum == 0 || Math.Abs(sum - 1) <= 1e-3))
                throw new ArgumentOutOfRangeException(nameof(topics), sum, $"the topics of node {v} must be at least 0 and sum to 1, or all be 0");
        }
        double[] prior = options.Prior ?? [.. Enumerable.Repeat(1.0 / count, count)];
        double total = prior.Sum();
        if (prior.Length != count || prior.Any(share => !(share >= 0)) || !(total is > 0 and < double.PositiveInfinity))
            throw new ArgumentException($"the prior must have {count} values of at least 0 and a sum above 0", nameof(options));
        return [.. prior.Select(share => share / total)];
    }

    /// <summary>S(u) = (α·A(u) + (1−α)·C(u)·x(u))/W(u) by node, K floats padded to a multiple of 8: all that a link carries.</summary>
    private sealed class Split : IDisposable
    {
        private readonly LinkGraph _graph;
        private readonly LinkShares _shares;
        private readonly double* _x;
        private readonly int _k;
        private readonly int _width;
        private readonly double _d;
        private readonly double _stay;
        private readonly float* _topics;
        private readonly double[] _prior;
        private readonly HugeArray<float> _s;
        private readonly HugeArray<double> _t;
        private readonly HugeArray<byte> _stale; // 1 where a row is to be summed again
        private readonly HugeArray<float> _pending; // by how much S changed since those that are linked to were last told

        public Split(LinkGraph graph, double* x, float* c, int k, double[] prior, TopicalPageRankOptions options)
        {
            _graph = graph;
            _shares = new LinkShares(graph, options.Threads);
            _x = x;
            (_k, _width, _d, _stay) = (k, (k + 7) / 8 * 8, options.Damping, options.Stay);
            int n = graph.NodeCount;
            _t = new HugeArray<double>(n);
            _stale = new HugeArray<byte>(n);
            _pending = new HugeArray<float>(n);
            _topics = c;
            _prior = prior;
            _s = new HugeArray<float>((long)n * _width);
            NoRanking = Start(options.Start);
        }

        /// <summary>A node whose score is less than what its links bring it, which is in no ranking; null where there is none.</summary>
        public int? NoRanking { get; }

        public TopicalPageRankResult Run(TopicalPageRankOptions options, IProgress<StepProgress>? progress, CancellationToken cancel)
        {
            int rounds = 0;
            double bound = double.PositiveInfinity;
            int n = _graph.NodeCount;
            double[] ranks = GC.AllocateUninitializedArray<double>(checked(n * _k));
            // The change of S is that of the split times α; what follows a change is at most 1 + α + α² … of it. A row whose sources
            // each changed by at most so much since it was summed is off by no more, for it is an average of them.
            double room = options.Tolerance * (1 - _stay);
            new Span<byte>(_stale.Pointer, _graph.NodeCount).Fill(1);
            while (rounds < options.MaxRounds && bound > options.Tolerance)
            {
                bound = Round(room, ranks, cancel) / (1 - _stay);
                rounds++;
                progress?.Report(new StepProgress("splitting by topic", rounds, 0, "rounds"));
            }
            double[][] sums = new double[_shares.Ranges.Count][];
            _shares.Ranges.Run(_shares.Threads, (piece, first, end) =>
            {
                double* row = stackalloc double[_width];
                sums[piece] = new double[_k];
                for (int v = first; v < end; v++)
                {
                    Span<double> rank = ranks.AsSpan(v * _k, _k);
                    if (_shares.InversePointer[v] == 0) // the others have what they were last found to have
                    {
                        Row(v, row);
                        new Span<double>(row, _k).CopyTo(rank);
                    }
                    for (int i = 0; i < _k; i++)
                        sums[piece][i] += rank[i];
                }
            }, cancel);
            double[] totals = new double[_k];
            foreach (double[] part in sums)
                for (int i = 0; i < _k; i++)
                    totals[i] += part[i];
            return new TopicalPageRankResult { Topics = _k, Ranks = ranks, Totals = totals, Rounds = rounds, ErrorBound = bound, Converged = bound <= options.Tolerance };
        }

        public void Dispose()
        {
            _shares.Dispose();
            _s.Dispose();
            _t.Dispose();
            _stale.Dispose();
            _pending.Dispose();
        }

        private int? Start(float[]? begin)
        {
            int n = _graph.NodeCount, k = _k, width = _width;
            float* s = _s.Pointer;
            double* x = _x, t = _t.Pointer, inverse = _shares.InversePointer;
            _shares.Multiply(x, t, 1, default);
            int? wrong = null;
            for (int v = 0; v < n; v++)
            {
                t[v] = x[v] - _d * t[v];
                if (t[v] < -1e-6 * x[v])
                    wrong ??= v;
                t[v] = Math.Max(t[v], 0);
            }
            FixedRanges.Run(n, FixedRanges.Nodes, _shares.Threads, (_, first, end) =>
            {
                float* own = stackalloc float[width];
                for (int v = first; v < end; v++)
                {
                    if (inverse[v] == 0)
                        continue; // passes nothing on
                    Own(v, own);
                    double passed = x[v] * inverse[v];
                    double began = 0;
                    for (int i = 0; begin is not null && i < k; i++)
                        began += begin[(long)v * k + i];
                    for (int i = 0; i < k; i++)
                    {
                        double split = began > 0 ? begin![(long)v * k + i] / began : own[i];
                        s[(long)v * width + i] = (float)(passed * (_stay * split + (1 - _stay) * own[i]));
                    }
                }
            }, default);
            return wrong;
        }

        /// <summary>C of a node, sum 1: its own, or the prior.</summary>
        private void Own(int v, float* to)
        {
            float* c = _topics + (long)v * _k;
            double sum = 0;
            for (int i = 0; i < _k; i++)
                sum += c[i];
            for (int i = 0; i < _k; i++)
                to[i] = (float)(sum > 0 ? c[i] / sum : _prior[i]);
        }

        /// <summary>One Gauss–Seidel round over the rows that are stale; returns the largest change of a node's α·split, as a share of
        /// its score, that those it links to have not summed yet.</summary>
        private double Round(double room, double[] ranks, CancellationToken cancel)
        {
            LinkRanges ranges = _shares.Ranges;
            int stages = Math.Clamp(ranges.Count / Lanes, 1, Stages);
            double[] changes = new double[ranges.Count];
            byte* stale = _stale.Pointer;
            float* pending = _pending.Pointer;
            for (int stage = 0; stage < stages; stage++)
            {
                int firstPiece = (int)((long)ranges.Count * stage / stages), endPiece = (int)((long)ranges.Count * (stage + 1) / stages);
                if (firstPiece == endPiece)
                    continue;
                Fresh?[] fresh = new Fresh?[endPiece - firstPiece];
                ranges.Run(firstPiece, endPiece, _shares.Threads, (piece, first, end) =>
                {
                    int rows = 0;
                    for (int v = first; v < end; v++)
                        rows += stale[v] != 0 && _shares.InversePointer[v] > 0 ? 1 : 0; // who passes nothing on is split once, at the end
                    if (rows == 0)
                        return;
                    Fresh of = fresh[piece - firstPiece] = new Fresh(rows, _width);
                    double* row = stackalloc double[_width];
                    int at = 0;
                    for (int v = first; v < end; v++)
                        if (stale[v] != 0 && _shares.InversePointer[v] > 0)
                        {
                            Row(v, row);
                            new Span<double>(row, _k).CopyTo(ranks.AsSpan(v * _k, _k));
                            of.Nodes[at] = v;
                            of.Changes[at] = Write(v, row, of.Rows.Pointer + (long)at * _width);
                            at++;
                        }
                }, cancel);
                ranges.Run(firstPiece, endPiece, _shares.Threads, (piece, _, _) =>
                {
                    if (fresh[piece - firstPiece] is not { } of)
                        return;
                    for (int at = 0; at < of.Nodes.Length; at++)
                    {
                        int v = of.Nodes[at];
                        Buffer.MemoryCopy(of.Rows.Pointer + (long)at * _width, _s.Pointer + (long)v * _width, _width * 4L, _width * 4L);
                        stale[v] = 0;
                        pending[v] += of.Changes[at];
                    }
                }, cancel);
                // After all of the stage are clean: those of it that link to each other saw old values.
                ranges.Run(firstPiece, endPiece, _shares.Threads, (piece, _, _) =>
                {
                    using Fresh? of = fresh[piece - firstPiece];
                    if (of is null)
                        return;
                    foreach (int v in of.Nodes)
                    {
                        if (!(pending[v] > room))
                            continue;
                        changes[piece] = Math.Max(changes[piece], pending[v]);
                        pending[v] = 0;
                        foreach (uint target in _graph.OutOf(v))
                            stale[target] = 1;
                    }
                }, cancel);
            }
            double most = changes.DefaultIfEmpty().Max();
            return most > 0 ? most : Left();
        }

        /// <summary>Where nothing is stale any more: the largest change that nobody was told of.</summary>
        private double Left()
        {
            double left = 0;
            for (int v = 0; v < _graph.NodeCount; v++)
                left = Math.Max(left, _pending.Pointer[v]);
            return left;
        }

        /// <summary>S of a node from its split.</summary>
        private float Write(int v, double* row, float* to)
        {
            float* c = stackalloc float[_width], before = _s.Pointer + (long)v * _width;
            Own(v, c);
            double inverse = _shares.InversePointer[v], x = _x[v], change = 0;
            for (int i = 0; i < _k; i++)
            {
                to[i] = (float)((_stay * row[i] + (1 - _stay) * c[i] * x) * inverse);
                change += Math.Abs((double)to[i] - before[i]);
            }
            return x > 0 ? (float)(change / (inverse * x)) : 0;
        }

        /// <summary>A of a node from S of those that link to it, scaled to its score.</summary>
        private void Row(int v, double* row)
        {
            new Span<double>(row, _width).Clear();
            long at = _graph.InOffsets.Pointer[v], last = _graph.InOffsets.Pointer[v + 1L];
            uint* links = _graph.InLinks.Pointer;
            float* weights = _graph.InWeights is null ? null : _graph.InWeights.Pointer;
            for (; at < last; at += Chunk)
            {
                long end = Math.Min(at + Chunk, last);
                int column = 0;
                for (; column + 24 <= _width; column += 24)
                    Three(_s.Pointer + column, links, weights, at, end, row + column);
                for (; column < _width; column += 8)
                    One(_s.Pointer + column, links, weights, at, end, row + column);
            }
            float* c = stackalloc float[_width];
            Own(v, c);
            double sum = 0, x = _x[v], t = _t.Pointer[v];
            for (int i = 0; i < _k; i++)
                sum += row[i] = _d * row[i] + t * c[i];
            double scale = sum > 0 ? x / sum : 0, rest = x;
            int most = 0;
            for (int i = 0; i < _k; i++)
            {
                row[i] *= scale;
                rest -= row[i];
                if (row[i] > row[most])
                    most = i;
            }
            row[most] += sum > 0 ? rest : 0; // the last bits of the division
        }

        private void Three(float* s, uint* links, float* weights, long at, long end, double* to)
        {
            Vector256<float> a = default, b = default, c = default;
            for (; at < end; at++)
            {
                float* row = s + (long)links[at] * _width;
                Vector256<float> w = Vector256.Create(weights == null ? 1f : weights[at]);
                a += w * Vector256.Load(row);
                b += w * Vector256.Load(row + 8);
                c += w * Vector256.Load(row + 16);
            }
            Add(a, to);
            Add(b, to + 8);
            Add(c, to + 16);
        }

        private void One(float* s, uint* links, float* weights, long at, long end, double* to)
        {
            Vector256<float> a = default;
            for (; at < end; at++)
                a += Vector256.Create(weights == null ? 1f : weights[at]) * Vector256.Load(s + (long)links[at] * _width);
            Add(a, to);
        }

        private static void Add(Vector256<float> sum, double* to)
        {
            (Vector256<double> low, Vector256<double> high) = Vector256.Widen(sum);
            (Vector256.Load(to) + low).Store(to);
            (Vector256.Load(to + 4) + high).Store(to + 4);
        }

        /// <summary>Rows of a piece that were summed and do not count yet.</summary>
        private sealed class Fresh(int rows, int width) : IDisposable
        {
            public int[] Nodes { get; } = new int[rows];

            public float[] Changes { get; } = new float[rows];

            public HugeArray<float> Rows { get; } = new((long)rows * width);

            public void Dispose() => Rows.Dispose();
        }
    }
}
