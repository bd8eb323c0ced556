using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Pipeline;

/// <summary>
/// The topics of one level of a run, mapped:
/// <code>
/// taxonomy.json              the taxonomy, whose order is that of the columns
/// [page_]topics              &lt;f4 n×K  probabilities, rows of sum 1
/// [page_]topic_confidence    &lt;f4 n    probability that the likeliest is right, 0 where unknown
/// [page_]topic_rank          &lt;f8 n×K  optional: authority by topic, rows sum to the score that was split
/// </code>
/// </summary>
public sealed class TopicScores
{
    private readonly MappedArray<float> _topics;
    private readonly MappedArray<float> _confidence;
    private readonly MappedArray<double>? _ranks;
    private double[]? _totals;

    /// <param name="opened">The run as a whole.</param>
    /// <param name="part">It, or its page level.</param>
    /// <exception cref="RunLacksException">The run has no topics.</exception>
    /// <exception cref="StoreException">What it has does not fit together.</exception>
    public TopicScores(Run opened, Run part)
    {
        ArgumentNullException.ThrowIfNull(opened);
        ArgumentNullException.ThrowIfNull(part);
        string prefix = ReferenceEquals(opened, part) ? "" : "page_";
        if (opened.Document("taxonomy.json") is not { } document || opened.Array<float>(prefix + "topics") is not { } topics
            || opened.Array<float>(prefix + "topic_confidence") is not { } confidence)
            throw new RunLacksException(opened.Id, $"has no topics{(prefix.Length > 0 ? " of pages" : "")}: topics are told of pages with text, so rank a link store with 'backlinks rank --store'");
        Run = part;
        Taxonomy = Taxonomy.Parse(document, "taxonomy.json");
        (_topics, _confidence, _ranks) = (topics, confidence, opened.Array<double>(prefix + "topic_rank"));
        long n = part.Graph.NodeCount, K = Count;
        if (_topics.Length != n * K || _confidence.Length != n || (_ranks is not null && _ranks.Length != n * K))
            throw new StoreException(_topics.Path, $"does not have {K} topics of each of {n} nodes: delete the run's folder and rank again");
    }

    public Run Run { get; }

    public Taxonomy Taxonomy { get; }

    /// <summary>K.</summary>
    public int Count => Taxonomy.Topics.Count;

    public bool HasRanks => _ranks is not null;

    public ReadOnlySpan<float> Of(int node) => _topics.Slice((long)node * Count, Count);

    public double ConfidenceOf(int node) => _confidence[node];

    public double RankOf(int node, int topic) => _ranks is null ? double.NaN : _ranks[(long)node * Count + topic];

    /// <summary>The likeliest topic, the first of equals; −1 where the node is unknown.</summary>
    public int Likeliest(int node)
    {
        if (_confidence[node] <= 0)
            return -1;
        ReadOnlySpan<float> row = Of(node);
        int best = 0;
        for (int k = 1; k < row.Length; k++)
            best = row[k] > row[best] ? k : best;
        return best;
    }

    /// <summary>Share of the topic in the node's authority over its share in all; 0 for a node without authority.</summary>
    public double Lift(int node, int topic, CancellationToken cancel = default)
    {
        double[] totals = Totals(cancel);
        double score = 0, all = totals.Sum();
        for (int k = 0; k < Count; k++)
            score += RankOf(node, k);
        return score > 0 && totals[topic] > 0 ? RankOf(node, topic) / score / (totals[topic] / all) : 0;
    }

    /// <summary>Place of a node by its rank in each topic, from 1; equals by node. One pass over the ranks.</summary>
    public int[] PlacesOf(int node, CancellationToken cancel = default)
    {
        int[] places = new int[Count];
        Array.Fill(places, 1);
        if (_ranks is null)
            return places;
        double[] own = _ranks.Slice((long)node * Count, Count).ToArray();
        for (int other = 0; other < Run.Graph.NodeCount; other++)
        {
            if ((other & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            ReadOnlySpan<double> theirs = _ranks.Slice((long)other * Count, Count);
            for (int k = 0; k < own.Length; k++)
                places[k] += theirs[k] > own[k] || (theirs[k] == own[k] && other < node) ? 1 : 0;
        }
        return places;
    }

    /// <summary>The specialists of each topic asked for, as <see cref="Specialists"/> defines them: by lift, among nodes that are linked to
    /// and whose score is at least the median of such nodes'. One pass over the ranks.</summary>
    public Specialist[][] SpecialistsOf(IReadOnlyList<int> topics, int count, CancellationToken cancel = default)
    {
        ArgumentNullException.ThrowIfNull(topics);
        double[] totals = Totals(cancel), shares = [.. totals.Select(total => total / totals.Sum())];
        LinkGraph graph = Run.Graph;
        double[] scores = new double[graph.NodeCount];
        for (int node = 0; node < scores.Length; node++)
            for (int k = 0; k < Count; k++)
                scores[node] += RankOf(node, k);
        double[] known = [.. Enumerable.Range(0, scores.Length).Where(node => graph.InDegree(node) > 0).Select(node => scores[node]).Order()];
        var best = topics.Select(_ => new PriorityQueue<Specialist, Specialist>(Comparer<Specialist>.Create((a, b) =>
            a.Lift != b.Lift ? a.Lift.CompareTo(b.Lift) : a.Rank != b.Rank ? a.Rank.CompareTo(b.Rank) : b.Node.CompareTo(a.Node)))).ToArray();
        double least = known.Length == 0 ? 0 : known[(int)(known.Length * new SpecialistsOptions().LeastQuantile)];
        for (int node = 0; node < scores.Length && count > 0; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (graph.InDegree(node) == 0 || scores[node] < least)
                continue;
            for (int i = 0; i < topics.Count; i++)
            {
                double rank = RankOf(node, topics[i]);
                if (!(rank > 0) || !(shares[topics[i]] > 0))
                    continue;
                var specialist = new Specialist(node, rank / scores[node] / shares[topics[i]], rank);
                if (best[i].Count < count)
                    best[i].Enqueue(specialist, specialist);
                else
                    best[i].EnqueueDequeue(specialist, specialist);
            }
        }
        return [.. best.Select(queue =>
        {
            Specialist[] ordered = new Specialist[queue.Count];
            for (int i = ordered.Length - 1; i >= 0; i--)
                ordered[i] = queue.Dequeue();
            return ordered;
        })];
    }

    /// <summary>Σ of each topic's rank over nodes.</summary>
    private double[] Totals(CancellationToken cancel)
    {
        if (_totals is not null)
            return _totals;
        double[] totals = new double[Count];
        for (int node = 0; node < Run.Graph.NodeCount; node++)
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            for (int k = 0; k < Count; k++)
                totals[k] += RankOf(node, k);
        }
        return _totals = totals;
    }
}
