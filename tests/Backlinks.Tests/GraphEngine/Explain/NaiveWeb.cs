using Backlinks.GraphEngine;

namespace Backlinks.Tests.GraphEngine.Explain;

/// <summary>A small web as a table of weights that can be changed at will, and its raw authority by plain iteration: what explanations,
/// simulations and attributions must agree with.</summary>
internal sealed class NaiveWeb(int nodes)
{
    public const double Damping = 0.85;

    public int Nodes { get; } = nodes;

    /// <summary>By source and target; an entry of weight 0 is a link that passes nothing.</summary>
    public SortedDictionary<(int Source, int Target), double> Weights { get; } = [];

    public double[] Lost { get; } = new double[nodes];

    public double[] Teleport { get; } = [.. Enumerable.Repeat(1.0, nodes)];

    public double[]? Undiscounted { get; set; }

    public double Total(int source) => Weights.Where(w => w.Key.Source == source).Sum(w => w.Value) + Lost[source];

    /// <summary>z = t + d·Pᵀz, to the last bits.</summary>
    public double[] Solve(double damping = Damping)
    {
        double[] totals = [.. Enumerable.Range(0, Nodes).Select(Total)], z = [.. Teleport];
        (int Source, int Target, double Share)[] shares = [.. Weights.Where(w => totals[w.Key.Source] > 0).Select(w => (w.Key.Source, w.Key.Target, damping * w.Value / totals[w.Key.Source]))];
        for (int round = 0; round < 300; round++)
        {
            double[] next = [.. Teleport];
            foreach ((int source, int target, double share) in shares)
                next[target] += share * z[source];
            z = next;
        }
        return z;
    }

    public NaiveWeb Copy()
    {
        var copy = new NaiveWeb(Nodes);
        foreach (var (link, weight) in Weights)
            copy.Weights.Add(link, weight);
        Lost.CopyTo(copy.Lost, 0);
        Teleport.CopyTo(copy.Teleport, 0);
        return copy;
    }

    public LinkGraph Build(string folder, string[]? sortedKeys = null)
    {
        using var builder = new GraphBuilder(folder);
        foreach (var (link, weight) in Weights)
            builder.Add((uint)link.Source, (uint)link.Target, weight);
        if (Lost.Any(l => l > 0))
            builder.AddLostWeights(Lost);
        if (Undiscounted is not null)
            builder.AddArray<float>("undiscounted_weights", [.. Undiscounted.Select(w => (float)w)], "weight of each of out_links before discounts");
        using NodeNamesWriter? names = sortedKeys is null ? null : new NodeNamesWriter(folder);
        foreach (string key in sortedKeys ?? [])
            names!.Add(System.Text.Encoding.UTF8.GetBytes(key));
        builder.Build(Nodes, names);
        return LinkGraph.Open(folder);
    }

    /// <summary>Up to 40 nodes, some dangling, some with lost weight, self-links among the rest.</summary>
    public static NaiveWeb Random(Random random, int most = 40)
    {
        var web = new NaiveWeb(random.Next(2, most));
        double density = random.NextDouble() * 4;
        for (int i = 0; i < density * web.Nodes; i++)
            web.Weights[(random.Next(web.Nodes), random.Next(web.Nodes))] = (float)Math.Round(random.NextDouble() * 3 + 0.01, 3);
        for (int node = 0; node < web.Nodes; node++)
            if (random.Next(3) == 0)
                web.Lost[node] = Math.Round(random.NextDouble() * 2, 3);
        return web;
    }
}
