using System.Diagnostics;
using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Benchmarks;

/// <summary>
/// How long does raw authority take, true to a ten-billionth in every node, against rounds in double alone? A million pages and a
/// million domains of ten million links; <c>--graph DIR</c> for one of your own. Checks that both agree first.
/// </summary>
public static class SolveAuthority
{
    public static int Run(string[] args)
    {
        if (Array.IndexOf(args, "--graph") is >= 0 and int at)
            return Solve("graph", args[at + 1]);
        return Solve("1 M pages, host locality", MillionNodes.Graph(args, "pages")) | Solve("1 M domains, no locality", MillionNodes.Graph(args, "domains"));
    }

    private static int Solve(string title, string folder)
    {
        using LinkGraph graph = LinkGraph.Open(folder);
        MillionNodes.Print($"{title}: {graph.NodeCount:N0} nodes, {graph.LinkCount:N0} links");
        RawAuthorityResult result = null!;
        (double seconds, double cores) = MillionNodes.Best(3, () => result = RawAuthority.Compute(graph));
        MillionNodes.Print($"  raw authority             {seconds:F2} s, {cores:F2} of processors   ({result.Rounds} rounds, {result.Pushes:N0} pushes, residual {result.MaxRelativeResidual:E1} of each score, bound {result.ErrorBound:E1}, converged: {result.Converged})");
        var watch = Stopwatch.StartNew();
        using var shares = new LinkShares(graph);
        double[] z = new double[graph.NodeCount], y = new double[graph.NodeCount];
        Array.Fill(z, 1);
        int rounds = 0;
        for (double worst = 1; worst > 1e-10; rounds++)
        {
            shares.Multiply(z, y);
            worst = 0;
            for (int v = 0; v < y.Length; v++)
            {
                double next = 1 + 0.85 * y[v];
                worst = Math.Max(worst, Math.Abs(next - z[v]) / z[v]);
                z[v] = next;
            }
        }
        double plain = watch.Elapsed.TotalSeconds, error = 0;
        for (int v = 0; v < y.Length; v++)
            error = Math.Max(error, Math.Abs(z[v] - result.Raw[v]) / z[v]);
        MillionNodes.Print($"  rounds in double (Jacobi) {plain:F2} s   ({rounds} rounds; largest difference {error:E1} of a score)");
        return result.Converged && error < 1e-8 ? 0 : 1;
    }
}

/// <summary>The generated webs of a million nodes and some ten million links that several benchmarks use, kept in <c>--work DIR</c>.</summary>
internal static class MillionNodes
{
    public static string Graph(string[] args, string kind)
    {
        string work = Array.IndexOf(args, "--work") is >= 0 and int at ? args[at + 1] : Path.Combine(Path.GetTempPath(), "backlinks-benchmarks");
        string folder = Path.Combine(work, kind + "-1m");
        if (File.Exists(Path.Combine(folder, GraphManifest.FileName)))
            return folder;
        Directory.CreateDirectory(folder);
        new SyntheticWeb(kind == "pages" ? new() { Nodes = 1_000_000, MeanOutDegree = 10.8, Dangling = 0.25, Locality = 0.8 }
            : new() { Nodes = 1_000_000, MeanOutDegree = 10.5, Dangling = 0.5 }).Build(folder);
        return folder;
    }

    /// <summary>Least wall-clock and processor seconds (all threads) of <paramref name="times"/> runs: the second tells more where others use the cores.</summary>
    public static (double Wall, double Cores) Best(int times, Action work)
    {
        (double wall, double cores) = (double.MaxValue, double.MaxValue);
        for (int i = 0; i < times; i++)
        {
            TimeSpan before = Environment.CpuUsage.TotalTime;
            wall = Math.Min(wall, Machine.Best(1, work));
            cores = Math.Min(cores, (Environment.CpuUsage.TotalTime - before).TotalSeconds);
        }
        return (wall, cores);
    }

    public static void Print(FormattableString text) => Console.WriteLine(text.ToString(CultureInfo.InvariantCulture));
}
