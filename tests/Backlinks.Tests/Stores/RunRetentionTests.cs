using Backlinks.Stores;
using Backlinks.Tests.Cli;

namespace Backlinks.Tests.Stores;

public sealed class RunRetentionTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    private DataFolder Folder => new(_data.Path);

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Old_runs_go_with_the_graphs_that_only_they_named()
    {
        (string[] runs, string[] graphs) = ThreeGraphsWithARunEach();
        string unranked = Import("unranked", 5);
        Rank(graphs[1]); // named by the last run, too
        RunsRemoved removed = RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 1 });
        Assert.Equal(runs, removed.Runs);
        Assert.Equal(new[] { graphs[0], graphs[2] }.Order(StringComparer.Ordinal), removed.Graphs);
        Assert.Equal(new[] { graphs[1], unranked }.Order(StringComparer.Ordinal), Folder.GraphIds()); // what was never ranked is somebody's input still
        Assert.Equal(Folder.CurrentRun, Assert.Single(Folder.RunIds()));
        using Run run = Folder.OpenRun();
        Assert.Empty(RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 1 }).Runs);
    }

    [Fact]
    public void Pinned_used_and_young_runs_stay_and_so_does_the_current_one()
    {
        (string[] runs, string[] graphs) = ThreeGraphsWithARunEach();
        string last = Rank(graphs[2]);
        RunRetention.Pin(Folder, runs[0], pinned: true);
        Assert.Equal([runs[2]], RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 1, InUse = id => id == runs[1] }).Runs);
        Assert.Equal([runs[0], runs[1], last], Folder.RunIds());
        Assert.Empty(RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 1, KeepFor = TimeSpan.FromDays(1) }).Runs);
        RunRetention.Pin(Folder, runs[0], pinned: false);
        var later = new FakeTime(DateTimeOffset.UtcNow + TimeSpan.FromDays(2));
        File.WriteAllText(Path.Combine(Folder.Runs, "current"), runs[0] + "\n"); // whoever put an old run back wants it
        Assert.Equal([runs[1]], RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 1, KeepFor = TimeSpan.FromDays(1), Time = later }).Runs);
        Assert.Throws<StoreException>(() => RunRetention.Pin(Folder, "0099-x", pinned: true));
        Assert.Throws<ArgumentOutOfRangeException>(() => RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 0 }));
    }

    [Fact]
    public void Who_reads_a_run_that_is_removed_reads_on()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows does not let go of the names of mapped files");
        (string[] runs, _) = ThreeGraphsWithARunEach();
        using Run read = Folder.OpenRun(runs[0]);
        double before = Enumerable.Range(0, read.Graph.NodeCount).Sum(node => read.Column("pagerank")![node] * read.Graph.InDegree(node));
        Assert.Contains(runs[0], RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 1 }).Runs);
        Assert.Equal(before, Enumerable.Range(0, read.Graph.NodeCount).Sum(node => read.Column("pagerank")![node] * read.Graph.InDegree(node)));
        Assert.Empty(Directory.GetDirectories(Folder.Runs, ".*"));
    }

    [Fact]
    public void A_damaged_run_goes_and_while_one_is_kept_no_graph_does()
    {
        (string[] runs, string[] graphs) = ThreeGraphsWithARunEach();
        File.WriteAllText(Path.Combine(Folder.Runs, runs[0], "run.json"), "{");
        File.WriteAllText(Path.Combine(Folder.Runs, runs[1], "run.json"), "{");
        RunsRemoved removed = RunRetention.Prune(Folder, new RunRetentionOptions { Keep = 2 });
        Assert.Equal([runs[0]], removed.Runs);
        Assert.Empty(removed.Graphs); // the other damaged run may name any
        Assert.Equal(graphs.Order(StringComparer.Ordinal), Folder.GraphIds());
    }

    [Fact]
    public void The_program_prunes_and_says_what_it_removed()
    {
        (string[] runs, string[] graphs) = ThreeGraphsWithARunEach();
        Outcome pruned = Program.Run(_data, "runs", "--prune", "2", "--json").Ok();
        Assert.Contains($"removed run {runs[0]} and graph {graphs[0]}", pruned.Error, StringComparison.Ordinal);
        Assert.Equal(2, pruned.Json.GetArrayLength());
        Assert.Contains("--prune must be at least 1", Program.Run(_data, "runs", "--prune", "0").Fails(2), StringComparison.Ordinal);
        using (Folder.BeginWriting())
            Assert.Contains("is writing here", Program.Run(_data, "runs", "--prune", "1").Fails(), StringComparison.Ordinal);
        Program.Run("runs", "--prune", "1", "--data", _data.File("nowhere")).Ok();
        Assert.False(Directory.Exists(_data.File("nowhere")));
    }

    private (string[] Runs, string[] Graphs) ThreeGraphsWithARunEach()
    {
        string[] graphs = new string[3], runs = new string[3];
        for (int i = 0; i < 3; i++)
        {
            graphs[i] = Import($"g{i}", 10 + i);
            runs[i] = Rank(graphs[i]);
        }
        return (runs, graphs);
    }

    private string Import(string name, int links)
    {
        using TemporaryFolder inputs = new();
        return Program.Run(_data, "import", Inputs.EdgeList(inputs, name + ".tsv", links, nodes: 8, seed: links), "--json").Ok().Json.GetProperty("graph").GetString()!;
    }

    private string Rank(string graph) => Program.Run(_data, "rank", "--graph", graph, "--json").Ok().Json.GetProperty("run").GetString()!;
}
