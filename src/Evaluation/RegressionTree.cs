namespace Backlinks.Evaluation;

/// <summary>
/// Features cut into at most 256 bins at quantiles of the training rows, so that a tree sees order and nothing else: no
/// scaling is needed, and infinities are merely the largest values. Bin 0 holds what is missing.
/// </summary>
internal sealed class BinnedFeatures
{
    public BinnedFeatures(FeatureTable table, ReadOnlySpan<int> training, int bins)
    {
        (Bins, Counts) = (new byte[table.Names.Count][], new int[table.Names.Count]);
        double[] values = new double[training.Length];
        for (int f = 0; f < Bins.Length; f++)
        {
            double[] column = table.Columns[f];
            int known = 0;
            foreach (int row in training)
                if (!double.IsNaN(column[row]))
                    values[known++] = column[row];
            Array.Sort(values, 0, known);
            var cuts = new List<double>();
            for (int b = 1; b < bins - 1 && known > 0; b++)
                if (values[(long)b * known / (bins - 1)] is var cut && cut > values[0] && (cuts.Count == 0 || cut > cuts[^1]))
                    cuts.Add(cut);
            byte[] of = Bins[f] = new byte[table.Rows];
            for (int row = 0; row < of.Length; row++)
                of[row] = double.IsNaN(column[row]) ? (byte)0 : cuts.BinarySearch(column[row]) is >= 0 and int at ? (byte)(at + 2) : (byte)(~cuts.BinarySearch(column[row]) + 1);
            Counts[f] = cuts.Count + 2;
        }
    }

    /// <summary>By feature, then row.</summary>
    public byte[][] Bins { get; }

    /// <summary>Bins in use, by feature.</summary>
    public int[] Counts { get; }
}

/// <summary>How a tree grows.</summary>
internal readonly record struct TreeLimits(int Depth, int LeastRows, int Features, double Ridge);

/// <summary>
/// A regression tree on binned features, grown greedily to minimise the second-order loss (Chen, Guestrin 2016):
/// <code>leaf = G/(H+λ)     gain of a split = G_l²/(H_l+λ) + G_r²/(H_r+λ) − G²/(H+λ)</code>
/// G and H are sums of a row's gradient and curvature. With gradient = weight × target and curvature = weight this is the weighted
/// mean and CART's variance gain, which for targets 0 and 1 is half the Gini gain: so one grower serves boosting and forests.
/// At each node a few features are tried, drawn with replacement (Breiman 2001). Cost: rows × features tried, a level.
/// </summary>
internal sealed class RegressionTree
{
    private readonly List<Node> _nodes = [];

    private RegressionTree()
    {
    }

    /// <param name="rows">Rows to learn from; their order changes.</param>
    public static RegressionTree Grow(BinnedFeatures features, double[] gradient, double[] curvature, Span<int> rows, TreeLimits limits, SeededRandom random)
    {
        var tree = new RegressionTree();
        tree._nodes.Add(default);
        tree.Build(0, rows, features, gradient, curvature, limits, random, 0, new Sums[256]);
        return tree;
    }

    public double Of(byte[][] bins, int row)
    {
        Node node = _nodes[0];
        while (node.Left > 0)
            node = _nodes[bins[node.Feature][row] < node.Cut ? node.Left : node.Left + 1];
        return node.Value;
    }

    private void Build(int at, Span<int> rows, BinnedFeatures features, double[] gradient, double[] curvature, TreeLimits limits, SeededRandom random, int depth, Sums[] sums)
    {
        double g = 0, h = 0;
        foreach (int row in rows)
            (g, h) = (g + gradient[row], h + curvature[row]);
        double ridge = limits.Ridge + 1e-12, least = g * g / (h + ridge) + 1e-9, best = least;
        _nodes[at] = new Node { Value = g / (h + ridge) };
        if (depth == limits.Depth || rows.Length < 2 * limits.LeastRows)
            return;
        (int feature, int cut) = (-1, 0);
        for (int t = 0; t < limits.Features; t++)
        {
            int f = random.Next(features.Bins.Length);
            byte[] bins = features.Bins[f];
            Span<Sums> of = sums.AsSpan(0, features.Counts[f]);
            of.Clear();
            foreach (int row in rows)
            {
                ref Sums sum = ref of[bins[row]];
                sum.G += gradient[row];
                sum.H += curvature[row];
                sum.Rows++;
            }
            double left = 0, leftH = 0;
            int count = 0;
            for (int c = 1; c < of.Length; c++)
            {
                (left, leftH, count) = (left + of[c - 1].G, leftH + of[c - 1].H, count + of[c - 1].Rows);
                if (of[c - 1].Rows == 0 || count < limits.LeastRows)
                    continue;
                if (rows.Length - count < limits.LeastRows)
                    break;
                double gain = left * left / (leftH + ridge) + (g - left) * (g - left) / (h - leftH + ridge);
                if (gain > best)
                    (best, feature, cut) = (gain, f, c);
            }
        }
        if (feature < 0)
            return;
        int middle = 0;
        for (int i = 0; i < rows.Length; i++)
            if (features.Bins[feature][rows[i]] < cut)
            {
                (rows[i], rows[middle]) = (rows[middle], rows[i]);
                middle++;
            }
        int first = _nodes.Count;
        _nodes[at] = new Node { Feature = feature, Cut = cut, Left = first };
        _nodes.Add(default);
        _nodes.Add(default);
        Build(first, rows[..middle], features, gradient, curvature, limits, random, depth + 1, sums);
        Build(first + 1, rows[middle..], features, gradient, curvature, limits, random, depth + 1, sums);
    }

    private struct Sums
    {
        public double G;
        public double H;
        public int Rows;
    }

    private struct Node
    {
        public int Feature;
        public int Cut;   // left of it if the bin is below
        public int Left;  // number of the left child, the right one follows; 0 for a leaf
        public double Value;
    }
}
