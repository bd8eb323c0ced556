namespace Backlinks.Benchmarks;

/// <summary>How fast is a graph of Common Crawl's kind ranked: 60 M domains, 420 M links, no locality? Some 11 GB of disk in the work folder.</summary>
public static class RankSixtyMillionDomains
{
    public static int Run(string[] args)
    {
        var benchmark = new RankBenchmark([.. args, "--no-many"]);
        var web = new SyntheticWeb(new SyntheticWebOptions { Nodes = 60_000_000, MeanOutDegree = 7, Dangling = 0.5 });
        return benchmark.Run("60 M domains, no locality", benchmark.Graph("domains-60m", web.Build));
    }
}
