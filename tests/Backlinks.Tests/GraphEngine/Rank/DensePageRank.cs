using Backlinks.GraphEngine;
using MathNet.Numerics.LinearAlgebra;

namespace Backlinks.Tests.GraphEngine.Rank;

/// <summary>PageRank as its definition reads: the n × n Google matrix written out, (I − dM)x = (1−d)v solved by LU.</summary>
internal static class DensePageRank
{
    public static double[] Solve(LinkGraph graph, PageRankOptions options)
    {
        int n = graph.NodeCount;
        double[] v = new double[n];
        double sum = options.Teleport?.Values.Sum() ?? n;
        for (int i = 0; i < n; i++)
            v[i] = (options.Teleport is null ? 1 : options.Teleport.GetValueOrDefault(i)) / sum;
        Matrix<double> m = Matrix<double>.Build.Dense(n, n);
        for (int u = 0; u < n; u++)
        {
            double total = 0;
            for (long k = graph.OutOffsets[u]; k < graph.OutOffsets[u + 1]; k++)
                total += options.Weighted ? graph.OutWeight(k) : 1;
            if (total > 0)
                for (long k = graph.OutOffsets[u]; k < graph.OutOffsets[u + 1]; k++)
                    m[(int)graph.OutLinks[k], u] += (options.Weighted ? graph.OutWeight(k) : 1) / total;
            else
                for (int i = 0; i < n; i++)
                    m[i, u] = options.Dangling switch
                    {
                        DanglingPolicy.Teleport => v[i],
                        DanglingPolicy.Uniform => 1.0 / n,
                        _ => i == u ? 1 : 0,
                    };
        }
        Matrix<double> system = Matrix<double>.Build.DenseIdentity(n) - m * options.Damping;
        return [.. system.Solve(Vector<double>.Build.DenseOfArray(v) * (1 - options.Damping))];
    }
}
