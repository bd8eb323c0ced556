using System.Text.Json;

namespace Backlinks.Tests.Cli;

public sealed class CommandLineTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    private static readonly string Garden = Inputs.Dataset("sample", "garden.tsv");

    [Fact]
    public void Importing_ranking_and_showing_the_top_go_through_the_current_graph_and_run()
    {
        JsonElement imported = Program.Run(_data, "import", Garden, "--json").Ok().Json;
        Assert.Equal(15, imported.GetProperty("nodes").GetInt32());
        Assert.Equal(34, imported.GetProperty("links").GetInt64());
        Assert.Matches("^garden-[0-9a-f]{8}$", imported.GetProperty("graph").GetString());
        JsonElement ranked = Program.Run(_data, "rank", "--json").Ok().Json;
        Assert.Matches("^0001-[0-9a-f]{8}$", ranked.GetProperty("run").GetString());
        Assert.True(ranked.GetProperty("converged").GetBoolean());
        Assert.InRange(ranked.GetProperty("error_bound").GetDouble(), 0, 1e-9);
        JsonElement[] top = [.. Program.Run(_data, "top", "-n", "3", "--json").Ok().Json.EnumerateArray()];
        Assert.Equal([1, 2, 3], top.Select(row => row.GetProperty("rank").GetInt32()));
        Assert.Equal("botany.university.example", top[0].GetProperty("name").GetString());
        Assert.True(top[0].GetProperty("pagerank").GetDouble() >= top[1].GetProperty("pagerank").GetDouble());
    }

    [Fact]
    public void All_scores_sum_to_one_and_every_node_has_its_own_rank()
    {
        Ready();
        JsonElement[] all = [.. Program.Run(_data, "top", "-n", "1000", "--json").Ok().Json.EnumerateArray()];
        Assert.Equal(15, all.Length);
        Assert.Equal(1, all.Sum(row => row.GetProperty("pagerank").GetDouble()), 1e-9);
        Assert.Equal(Enumerable.Range(1, 15), all.Select(row => row.GetProperty("rank").GetInt32()));
    }

    [Fact]
    public void Nodes_with_equal_scores_follow_in_node_order()
    {
        Ready();
        string[] names = [.. Program.Run(_data, "top", "-n", "15", "--by", "outdegree", "--json").Ok().Json.EnumerateArray().Where(r => r.GetProperty("outdegree").GetInt32() == 1).Select(r => r.GetProperty("name").GetString()!)];
        Assert.True(names.Length > 2);
        Assert.Equal(names.OrderBy(Backlinks.GraphEngine.NodeNames.ToKey, StringComparer.Ordinal), names);
    }

    [Fact]
    public void Importing_the_same_file_twice_changes_nothing_and_says_so()
    {
        Program.Run(_data, "import", Garden).Ok();
        (string, DateTime, long)[] before = Snapshot();
        Outcome again = Program.Run(_data, "import", Garden).Ok();
        Assert.Contains("nothing changed", again.Output);
        Assert.Equal(before, Snapshot());
        Assert.False(Program.Run(_data, "import", Garden, "--json").Ok().Json.GetProperty("new").GetBoolean());
    }

    [Fact]
    public void Importing_again_repairs_a_damaged_graph()
    {
        string id = Program.Run(_data, "import", Garden, "--json").Ok().Json.GetProperty("graph").GetString()!;
        string links = Path.Combine(_data.Path, "graphs", id, "in_links.npy");
        byte[] bytes = File.ReadAllBytes(links);
        bytes[^1] ^= 1;
        File.WriteAllBytes(links, bytes);
        Assert.Contains("in_links.npy: at byte", Program.Run(_data, "rank").Fails());
        Outcome repaired = Program.Run(_data, "import", Garden).Ok();
        Assert.Contains("damaged", repaired.Error);
        Program.Run(_data, "rank").Ok();
        Assert.Equal([id], Directory.GetDirectories(Path.Combine(_data.Path, "graphs")).Select(Path.GetFileName));
    }

    [Fact]
    public void Equal_runs_have_equal_bytes_whatever_the_number_of_threads()
    {
        Program.Run(_data, "import", Garden).Ok();
        string first = Program.Run(_data, "rank", "--with", "harmonic,scc,wcc,degrees,core", "--threads", "1", "--json").Ok().Json.GetProperty("run").GetString()!;
        string second = Program.Run(_data, "rank", "--with", "harmonic,scc,wcc,degrees,core", "--threads", "4", "--json").Ok().Json.GetProperty("run").GetString()!;
        Assert.Equal(first[4..], second[4..]);
        Assert.Equal("0002", second[..4]);
        string[] files = [.. Directory.GetFiles(Path.Combine(_data.Path, "runs", first)).Select(f => Path.GetFileName(f)!).Where(f => f is not ("timings.json" or "run.seal")).Order()];
        Assert.Equal(["authority.npy", "core.npy", "harmonic.npy", "indegree.npy", "outdegree.npy", "pagerank.npy", "raw.npy", "run.json", "scale.json", "scc.npy", "wcc.npy"], files);
        foreach (string file in files)
            Assert.True(File.ReadAllBytes(Path.Combine(_data.Path, "runs", first, file)).AsSpan().SequenceEqual(
                File.ReadAllBytes(Path.Combine(_data.Path, "runs", second, file))), $"{file} differs");
        string json = File.ReadAllText(Path.Combine(_data.Path, "runs", first, "run.json"));
        Assert.DoesNotContain("threads", json);
        Assert.DoesNotContain(_data.Path, json);
    }

    [Fact]
    public void Another_configuration_has_another_digest_in_its_id()
    {
        Program.Run(_data, "import", Garden).Ok();
        string[] ids = [.. new string[][] { [], ["--damping", "0.5"], ["--dangling", "sink"], ["--unweighted"], ["--with", "scc"] }
            .Select(options => Program.Run(_data, ["rank", "--json", .. options]).Ok().Json.GetProperty("run").GetString()!)];
        Assert.Equal(ids.Length, ids.Select(id => id[5..]).Distinct().Count());
        Assert.Equal(ids.Last(), File.ReadAllText(Path.Combine(_data.Path, "runs", "current")).Trim());
    }

    [Fact]
    public void Runs_lists_all_and_says_which_is_current()
    {
        Ready();
        Program.Run(_data, "rank", "--damping", "0.5").Ok();
        JsonElement[] runs = [.. Program.Run(_data, "runs", "--json").Ok().Json.EnumerateArray()];
        Assert.Equal([false, true], runs.Select(r => r.GetProperty("current").GetBoolean()));
        Assert.All(runs, r => Assert.True(r.GetProperty("rounds").GetInt32() > 1));
        Assert.Contains("0002-", Program.Run(_data, "runs").Ok().Output);
    }

    [Fact]
    public void A_damaged_run_is_refused_with_its_path_and_does_not_hide_the_others()
    {
        Ready();
        Program.Run(_data, "rank", "--damping", "0.5").Ok();
        string current = File.ReadAllText(Path.Combine(_data.Path, "runs", "current")).Trim();
        string scores = Path.Combine(_data.Path, "runs", current, "pagerank.npy");
        byte[] bytes = File.ReadAllBytes(scores);
        bytes[200] ^= 64;
        File.WriteAllBytes(scores, bytes);
        Assert.Contains("pagerank.npy: at byte", Program.Run(_data, "top").Fails());
        File.Delete(scores);
        Assert.Contains("pagerank.npy: the file of array 'pagerank' is missing", Program.Run(_data, "top").Fails());
        string manifest = Path.Combine(_data.Path, "runs", current, "run.json");
        string json = File.ReadAllText(manifest);
        File.WriteAllText(manifest, json.Replace("\"damping\": 0.5", "\"damping\": 0.6"));
        Assert.Contains("run.json: was altered", Program.Run(_data, "top").Fails());
        File.WriteAllText(manifest, "{");
        Assert.Contains("run.json: is not a valid run", Program.Run(_data, "top").Fails());
        Assert.Equal(2, Program.Run(_data, "runs", "--json").Ok().Json.GetArrayLength());
    }

    [Fact]
    public void Show_explains_a_score_by_the_links_that_pass_it()
    {
        Ready("--tolerance", "1e-12");
        JsonElement shown = Program.Run(_data, "show", "journal.plants.example", "--json").Ok().Json;
        JsonElement rank = shown.GetProperty("scores").GetProperty("pagerank");
        Assert.Equal(2, rank.GetProperty("rank").GetInt32());
        Assert.Equal(100.0 * 13 / 15, rank.GetProperty("percentile").GetDouble(), 9);
        // x = Σ passes + (1−d)/n + d·(dangling mass)/n; weather.example is the only dangling node.
        double passed = shown.GetProperty("in_links").EnumerateArray().Sum(l => l.GetProperty("passes").GetDouble());
        double dangling = Program.Run(_data, "show", "weather.example", "--json").Ok().Json.GetProperty("scores").GetProperty("pagerank").GetProperty("value").GetDouble();
        Assert.Equal(rank.GetProperty("value").GetDouble(), passed + 0.15 / 15 + 0.85 * dangling / 15, 1e-11);
        Assert.Equal("botany.university.example", shown.GetProperty("in_links")[0].GetProperty("name").GetString());
        int node = shown.GetProperty("node").GetInt32();
        Assert.Equal(shown.ToString(), Program.Run(_data, "show", $"{node}", "--json").Ok().Json.ToString());
        Assert.Equal(shown.ToString(), Program.Run(_data, "show", "example.plants.journal", "--json").Ok().Json.ToString());
        Assert.Contains("links in, by what each passes: 2 of 2", Program.Run(_data, "show", "journal.plants.example").Ok().Output);
    }

    [Fact]
    public void Seeds_teleport_only_to_the_nodes_they_name()
    {
        Program.Run(_data, "import", Garden).Ok();
        string seeds = _data.File("seeds.txt");
        File.WriteAllText(seeds, "# trusted\nbotany.university.example,3\n\nsoil.institute.example\n");
        Program.Run(_data, "rank", "--seeds", seeds).Ok();
        JsonElement[] top = [.. Program.Run(_data, "top", "-n", "15", "--json").Ok().Json.EnumerateArray()];
        Assert.Equal(0, top.Single(r => r.GetProperty("name").GetString() == "cheap-seeds.example").GetProperty("pagerank").GetDouble());
        Assert.Equal(1, top.Sum(r => r.GetProperty("pagerank").GetDouble()), 1e-9);
        File.WriteAllText(seeds, "botany.university.example\nnobody.example\nnothing.example,2\n");
        string line = Program.Run(_data, "rank", "--seeds", seeds).Fails();
        Assert.Contains("2 of 3 names are not in the graph: 'nobody.example' (line 2), 'nothing.example,2' (line 3)", line);
        File.WriteAllText(seeds, "botany.university.example,-1\n");
        Assert.Contains("line 1: '-1' is not a weight", Program.Run(_data, "rank", "--seeds", seeds).Fails());
        File.WriteAllText(seeds, "\n# nothing\n");
        Assert.Contains("names no node", Program.Run(_data, "rank", "--seeds", seeds).Fails());
    }

    [Theory]
    [InlineData("top", "--by", "zz", "it can by pagerank, authority, raw, indegree, outdegree")]
    [InlineData("top", "-n", "x", "'x'")]
    [InlineData("top", "-n", "-1", "0 or more")]
    [InlineData("show", "journal.plant.example", "-n1", "near it are journal.plants.example")]
    [InlineData("rank", "--damping", "1", "damping")]
    [InlineData("rank", "--damping", "NaN", "damping")]
    [InlineData("rank", "--tolerance", "0", "olerance")]
    [InlineData("rank", "--max-rounds", "0", "ounds")]
    [InlineData("rank", "--dangling", "zz", "teleport, uniform, sink")]
    [InlineData("rank", "--with", "zz", "it knows harmonic, scc, wcc, degrees, core")]
    [InlineData("rank", "--harmonic", "zz", "auto, exact, hyperball")]
    [InlineData("export", "--format", "zz", "'cc-ranks'")]
    [InlineData("export", "--format", "parquet", "needs --out")]
    [InlineData("import", "--nope", "x", "see 'backlinks import --help'")]
    public void A_wrong_argument_is_one_line_with_what_would_be_right(string command, string first, string second, string expected)
    {
        Ready();
        Assert.Contains(expected, Program.Run(_data, command, first, second).Fails(2));
    }

    [Fact]
    public void A_wrong_command_or_none_is_told()
    {
        Assert.Contains("no command was given", Program.Run([]).Fails(2));
        Assert.Contains("there is no command 'frobnicate'", Program.Run(["frobnicate"]).Fails(2));
    }

    [Fact]
    public void What_comes_first_is_told_where_it_is_missing()
    {
        Assert.Contains("import one with 'backlinks import FILE'", Program.Run(_data, "rank").Fails());
        Assert.Contains("then 'backlinks rank'", Program.Run(_data, "top").Fails());
        Assert.Equal(0, Program.Run(_data, "runs", "--json").Ok().Json.GetArrayLength());
        Program.Run(_data, "import", Garden).Ok();
        Assert.Contains("no run yet; make one with 'backlinks rank'", Program.Run(_data, "top").Fails());
        Assert.Contains("has no graph 'zz'; there is garden-", Program.Run(_data, "rank", "--graph", "zz").Fails());
        Program.Run(_data, "rank").Ok();
        Assert.Contains("has no run 'zz'; there is 0001-", Program.Run(_data, "top", "--run", "zz").Fails());
    }

    [Fact]
    public void A_graph_without_nodes_goes_all_the_way()
    {
        string links = _data.File("none.txt");
        File.WriteAllText(links, "# nothing\n");
        Program.Run(_data, "import", links).Ok();
        Program.Run(_data, "rank", "--with", "harmonic,scc,wcc,degrees,core").Ok();
        Assert.Equal(0, Program.Run(_data, "top", "--json").Ok().Json.GetArrayLength());
        Assert.Contains("there is no node '0'; the graph has none", Program.Run(_data, "show", "0").Fails(2));
        Assert.Single(Program.Run(_data, "export", "--format", "csv").Ok().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Host_links_drop_those_within_a_host_unless_they_are_to_be_kept()
    {
        string hosts = _data.File("hosts.tsv"), plain = _data.File("plain.tsv");
        File.WriteAllText(hosts, "1996|a.uk|b.uk\t3\n1996|a.uk|a.uk\t9\n1996|c.uk|c.uk\t1\n");
        File.WriteAllText(plain, "a.uk\tb.uk\na.uk\ta.uk\n");
        (int, long) Import(params string[] args)
        {
            JsonElement json = Program.Run(_data, ["import", .. args, "--json"]).Ok().Json;
            return (json.GetProperty("nodes").GetInt32(), json.GetProperty("links").GetInt64());
        }
        Assert.Equal((2, 1), Import(hosts));
        Assert.Equal((3, 3), Import(hosts, "--keep-self-links"));
        Assert.Equal((2, 2), Import(plain));
        Assert.Equal((2, 1), Import(plain, "--drop-self-links"));
        Assert.Contains("exclude each other", Program.Run(_data, "import", plain, "--keep-self-links", "--drop-self-links").Fails(2));
    }

    [Fact]
    public void An_export_longer_than_its_buffer_has_each_node_once()
    {
        Program.Run(_data, "import", Inputs.EdgeList(_data, "many.tsv", 60_000, nodes: 20_000)).Ok();
        int nodes = Program.Run(_data, "rank", "--json").Ok().Json.GetProperty("nodes").GetInt32();
        string[] rows = Program.Run(_data, "export", "--format", "csv").Ok().Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(Enumerable.Range(0, nodes).Select(node => $"{node}"), rows.Skip(1).Select(row => row.Split(',')[0]));
    }

    [Fact]
    public void Numbers_are_names_where_asked()
    {
        string links = _data.File("keys.txt");
        File.WriteAllText(links, "70 900\n900 5\n");
        JsonElement imported = Program.Run(_data, "import", links, "--by-name", "--json").Ok().Json;
        Assert.Equal((3, true), (imported.GetProperty("nodes").GetInt32(), imported.GetProperty("named").GetBoolean()));
    }

    [Fact]
    public void A_path_that_leads_nowhere_leaves_no_data_folder()
    {
        string data = _data.File("new");
        Assert.Contains("nowhere.tsv: there is no such file", Program.Run("import", _data.File("nowhere.tsv"), "--data", data).Fails());
        Assert.False(Directory.Exists(data));
    }

    [Fact]
    public void The_data_folder_comes_from_the_option_then_the_environment_then_the_working_directory()
    {
        using MemoryStream output = new();
        using StringWriter error = new();
        var terminal = new Backlinks.Cli.Terminal { Output = output, Error = error, Environment = name => name == "BACKLINKS_DATA" ? _data.Path : null };
        Assert.Equal(0, Backlinks.Cli.CommandLine.Run(["import", Garden], terminal, TestContext.Current.CancellationToken));
        Assert.True(Directory.Exists(Path.Combine(_data.Path, "graphs")));
        Assert.Contains("DIR>", Program.Run(["top", "--help"]).Ok().Output);
    }

    [Fact]
    public void Cancelled_work_ends_with_130_and_changes_nothing()
    {
        Program.Run(_data, "import", Garden).Ok();
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        string other = Inputs.EdgeList(_data, "other.tsv", 5000);
        Assert.Contains("interrupted", Program.Run(["import", other, "--data", _data.Path], stopped.Token).Fails(130));
        Assert.Contains("interrupted", Program.Run(["rank", "--data", _data.Path], stopped.Token).Fails(130));
        Assert.Single(Directory.GetDirectories(Path.Combine(_data.Path, "graphs")));
        Assert.Empty(Directory.GetFileSystemEntries(Path.Combine(_data.Path, "runs")));
    }

    [Fact]
    public void Completion_knows_commands_options_and_scores()
    {
        Ready();
        Assert.Contains("import", Suggest(""));
        Assert.Contains("--damping", Suggest("rank --d"));
        Assert.Contains("indegree", Suggest($"top --data {_data.Path} --by "));
        Assert.Contains("0001-", Suggest($"top --data {_data.Path} --run "));
        Assert.Contains("sink", Suggest("rank --dangling "));
        Assert.DoesNotContain("backlinks:", Suggest("top --data /nowhere --by "));

        static string Suggest(string typed) => Program.Run([$"[suggest:{typed.Length}]", typed]).Ok().Output;
    }

    [Fact]
    public void Help_of_the_program_and_of_every_command_is_given()
    {
        var session = new Backlinks.Cli.Session(Backlinks.Cli.Terminal.OfProcess(), CancellationToken.None);
        Assert.Contains("spam", Program.Run("--help").Ok().Output, StringComparison.Ordinal);
        foreach (System.CommandLine.Command command in Backlinks.Cli.CommandLine.Root(session).Subcommands)
        {
            Assert.Contains("Options:", Program.Run(command.Name, "--help").Ok().Output, StringComparison.Ordinal);
            foreach (System.CommandLine.Command below in command.Subcommands)
                Assert.Contains("Options:", Program.Run(command.Name, below.Name, "--help").Ok().Output, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void Csv_of_top_has_a_header_and_as_many_rows()
    {
        Ready();
        string[] lines = Program.Run(_data, "top", "-n", "2", "--csv").Ok().Output.Split("\r\n");
        Assert.Equal("rank,name,pagerank,authority,raw,indegree,outdegree", lines[0]);
        Assert.StartsWith("1,botany.university.example,0.28", lines[1]);
        Assert.Equal(4, lines.Length);
        Assert.Equal("", lines[3]);
        Assert.Contains("exclude", Program.Run(_data, "top", "--csv", "--json").Fails(2));
    }

    private void Ready(params string[] options)
    {
        Program.Run(_data, "import", Garden).Ok();
        Program.Run(_data, ["rank", .. options]).Ok();
    }

    private (string, DateTime, long)[] Snapshot() =>
        [.. Directory.EnumerateFiles(_data.Path, "*", SearchOption.AllDirectories).Where(f => !f.Contains("/.lock")).Order()
            .Select(f => (f, File.GetLastWriteTimeUtc(f), new FileInfo(f).Length))];
}
