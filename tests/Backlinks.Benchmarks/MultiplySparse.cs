using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// How fast is the transposed product with the matrix of shares, for one vector and for several at once, against MathNet's sparse
/// product and against the machine: links and rows streamed at copy bandwidth, plus one gather of 8 bytes a link at the
/// measured rate? On a million pages and domains of ten million links; checks against the definition first.
/// </summary>
public static class MultiplySparse
{
    public static int Run(string[] args) => Multiply(args, "pages") | Multiply(args, "domains");

    private static int Multiply(string[] args, string kind)
    {
        using LinkGraph graph = LinkGraph.Open(MillionNodes.Graph(args, kind));
        int n = graph.NodeCount, m = (int)graph.LinkCount;
        using var shares = new LinkShares(graph);
        var random = new Random(1);
        double[] x = [.. Enumerable.Range(0, n).Select(_ => random.NextDouble())], y = new double[n], naive = new double[n];
        shares.Multiply(x, y);
        for (int u = 0; u < n; u++)
            foreach (uint v in graph.OutOf(u))
                naive[v] += x[u] / graph.OutDegree(u);
        double worst = 0;
        for (int v = 0; v < n; v++)
            worst = Math.Max(worst, Math.Abs(naive[v] - y[v]) / Math.Max(naive[v], 1e-9));
        if (worst > 1e-11)
            throw new InvalidOperationException($"the product is wrong by {worst}");
        var storage = MathNet.Numerics.LinearAlgebra.Storage.SparseCompressedRowMatrixStorage<double>.OfValue(n, n, 0);
        storage.ColumnIndices = new int[m];
        storage.Values = new double[m];
        for (int v = 0, at = 0; v < n; storage.RowPointers[++v] = at)
            foreach (uint u in graph.InOf(v))
            {
                storage.ColumnIndices[at] = (int)u;
                storage.Values[at++] = 1.0 / graph.OutDegree((int)u);
            }
        var matrix = new MathNet.Numerics.LinearAlgebra.Double.SparseMatrix(storage);
        var from = MathNet.Numerics.LinearAlgebra.Vector<double>.Build.DenseOfArray(x);
        var to = MathNet.Numerics.LinearAlgebra.Vector<double>.Build.Dense(n);
        double ours = double.MaxValue, theirs = double.MaxValue;
        for (int i = 0; i < 5; i++) // in turn, the best of each: noise hits both
        {
            ours = Math.Min(ours, Machine.Best(2, () => shares.Multiply(x, y)));
            theirs = Math.Min(theirs, Machine.Best(2, () => matrix.Multiply(from, to)));
        }
        double copy = Machine.CopyBytesPerSecond(), gathers = Machine.GathersPerSecond(8L * n);
        double limit = (4.0 * m + 40.0 * n) / copy + m / gathers;
        MillionNodes.Print($"1 M {kind}, {m:N0} links: largest difference from the definition {worst:E1}");
        MillionNodes.Print($"  one vector       {ours * 1000:F1} ms   ({m / ours / 1e6:F0} M links/s; MathNet {theirs / ours:F1}×; machine's limit {limit * 1000:F1} ms, of which we are {ours / limit:F2}×)");
        foreach (int columns in new[] { 4, 8, 16, 20 })
        {
            double[] many = [.. Enumerable.Range(0, n * columns).Select(_ => random.NextDouble())], out_ = new double[n * columns];
            double time = Machine.Best(3, () => shares.MultiplyMany(many, out_, columns));
            MillionNodes.Print($"  {columns,2} at once       {time * 1000:F1} ms   {time / ours:F1}× one");
        }
        return 0;
    }
}
