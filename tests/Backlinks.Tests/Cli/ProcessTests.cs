using System.Diagnostics;
using System.Runtime.InteropServices;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>What only a process of its own can show: being killed, signals, locks and pipes.</summary>
public sealed partial class ProcessTests : IDisposable
{
    internal const int SigInt = 2, SigTerm = 15;
    private const int Kills = 20;

    private readonly TemporaryFolder _folder = new();

    private string Data => _folder.File("data");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Killing_import_at_any_moment_leaves_the_old_state_or_the_new()
    {
        Program.Run("import", Inputs.EdgeList(_folder, "old.tsv", 1000), "--data", Data).Ok();
        var state = new DataFolder(Data);
        string big = Inputs.EdgeList(_folder, "big.tsv", 120_000, nodes: 5000);
        TimeSpan whole = Time(() => Program.Wait(Program.Start("import", big, "--data", _folder.File("timing"))).Ok());
        var random = new Random(1);
        (int old, int renewed) = (0, 0);
        for (int i = 0; i < Kills; i++)
        {
            string before = state.CurrentGraph!;
            string source = _folder.File($"new{i}.tsv"); // another name, another graph
            File.Copy(big, source);
            using (Process process = Program.Start("import", source, "--data", Data))
                KillAfter(process, whole * (random.NextDouble() * 1.1));
            string after = state.CurrentGraph!;
            if (after == before)
                old++;
            else
                renewed++;
            Assert.True(after == before || after.StartsWith($"new{i}-", StringComparison.Ordinal), after);
            foreach (string id in state.GraphIds())
                LinkGraph.Verify(Path.Combine(state.Graphs, id), TestContext.Current.CancellationToken);
        }
        Assert.True(old > 0, "every process was done before it was killed");
        Program.Run("import", big, "--data", Data).Ok();
        Assert.StartsWith("big-", state.CurrentGraph);
        AssertTidy();
        TestContext.Current.SendDiagnosticMessage($"{old} kills left the old graph, {renewed} the new one");
    }

    [Fact]
    public void Killing_rank_at_any_moment_leaves_the_old_state_or_the_new()
    {
        Program.Run("import", Inputs.EdgeList(_folder, "graph.tsv", 60_000, nodes: 5000), "--data", Data).Ok();
        Program.Run("rank", "--data", Data).Ok();
        var state = new DataFolder(Data);
        string[] rank = ["rank", "--with", "harmonic,scc,core,degrees", "--harmonic", "hyperball", "--tolerance", "1e-12", "--data"];
        string twin = _folder.File("timing");
        Program.Run("import", _folder.File("graph.tsv"), "--data", twin).Ok();
        TimeSpan whole = Time(() => Program.Wait(Program.Start([.. rank, twin])).Ok());
        var random = new Random(2);
        int old = 0;
        for (int i = 0; i < Kills; i++)
        {
            string before = state.CurrentRun!;
            using (Process process = Program.Start([.. rank, Data]))
                KillAfter(process, whole * (random.NextDouble() * 1.1));
            if (state.CurrentRun == before)
                old++;
            foreach (string id in state.RunIds())
            {
                File.Delete(Path.Combine(state.Runs, id, "run.seal")); // so that opening checks every byte
                using Run run = state.OpenRun(id, TestContext.Current.CancellationToken);
                Assert.Equal(1, Enumerable.Range(0, run.Graph.NodeCount).Sum(n => run.Column("pagerank")![n]), 1e-9);
            }
        }
        Assert.True(old > 0, "every process was done before it was killed");
        string last = state.CurrentRun!;
        Program.Run("rank", "--data", Data).Ok();
        Assert.NotEqual(last, state.CurrentRun);
        AssertTidy();
    }

    [Theory]
    [InlineData(SigInt)]
    [InlineData(SigTerm)]
    public void A_signal_stops_an_import_cleanly(int signal)
    {
        Program.Run("import", Inputs.EdgeList(_folder, "old.tsv", 1000), "--data", Data).Ok();
        string before = new DataFolder(Data).CurrentGraph!;
        using Process process = Program.Start("import", Inputs.EdgeList(_folder, "big.tsv", 1_500_000, nodes: 50_000), "--data", Data);
        while (!Directory.Exists(Path.Combine(Data, "graphs", $".building-{process.Id}-work")) && !process.HasExited)
            Thread.Sleep(1);
        Assert.Equal(0, Signal(process.Id, signal));
        Assert.Contains("interrupted", Program.Wait(process).Fails(130));
        Assert.Equal([before], new DataFolder(Data).GraphIds());
        AssertTidy();
    }

    [Fact]
    public void Two_imports_at_once_get_one_clear_error_for_the_second()
    {
        using (new DataFolder(Data).BeginWriting())
        {
            using Process second = Program.Start("import", Inputs.Dataset("sample", "garden.tsv"), "--data", Data);
            string line = Program.Wait(second).Fails();
            Assert.Contains(Data, line);
            Assert.Contains($"(process {Environment.ProcessId})", line);
            using Process third = Program.Start("runs", "--json", "--data", Data); // readers are not locked out
            Assert.Equal(0, Program.Wait(third).Ok().Json.GetArrayLength());
        }
        using Process later = Program.Start("import", Inputs.Dataset("sample", "garden.tsv"), "--data", Data);
        Program.Wait(later).Ok();
    }

    [Fact]
    public void A_reader_that_goes_away_ends_the_export_at_once()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "Windows has no SIGPIPE to imitate");
        Program.Run("import", Inputs.EdgeList(_folder, "graph.tsv", 200_000, nodes: 60_000), "--data", Data).Ok();
        Program.Run("rank", "--data", Data).Ok();
        using Process export = Program.Start("export", "--format", "csv", "--data", Data);
        Assert.StartsWith("node,name", export.StandardOutput.ReadLine());
        export.StandardOutput.Close();
        Assert.Equal("", export.StandardError.ReadToEnd());
        export.WaitForExit();
        Assert.Equal(141, export.ExitCode);
    }

    [Fact]
    public void Output_shares_a_file_with_other_programs()
    {
        Assert.SkipWhen(OperatingSystem.IsWindows(), "uses a POSIX shell");
        Program.Run("import", Inputs.Dataset("sample", "garden.tsv"), "--data", Data).Ok();
        Program.Run("rank", "--data", Data).Ok();
        string top = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "backlinks.dll")}' top -n 1 --csv --data '{Data}'";
        Assert.Equal(0, Shell($"(echo before; {top}; echo between; {top}) > '{_folder.File("out")}'"));
        string[] lines = File.ReadAllLines(_folder.File("out"));
        Assert.Equal(["before", "rank,name", "1,botany.u", "between", "rank,name", "1,botany.u"], lines.Select(l => l[..Math.Min(l.Length, l[0] == '1' ? 10 : 9)]));
    }

    [Fact]
    public void A_full_disk_is_one_error_and_nothing_is_left()
    {
        Assert.SkipUnless(File.Exists("/dev/full"), "there is no /dev/full");
        Program.Run("import", Inputs.Dataset("sample", "garden.tsv"), "--data", Data).Ok();
        Program.Run("rank", "--data", Data).Ok();
        string program = $"dotnet '{Path.Combine(AppContext.BaseDirectory, "backlinks.dll")}'";
        Assert.Equal(1, Shell($"{program} top --json --data '{Data}' > /dev/full 2> '{_folder.File("error")}'"));
        Assert.Contains("standard output: No space left on device", Assert.Single(File.ReadAllLines(_folder.File("error"))));
        string disk = _folder.NewFolder();
        Assert.SkipUnless(Shell($"mount -t tmpfs -o size=1200k none '{disk}' 2> /dev/null") == 0, "a small file system needs the right to mount one");
        try
        {
            string data = Path.Combine(disk, "data");
            Program.Run("import", Inputs.Dataset("sample", "garden.tsv"), "--data", data).Ok();
            string line = Program.Run("import", Inputs.EdgeList(_folder, "big.tsv", 300_000, nodes: 50_000), "--data", data).Fails();
            Assert.Contains("No space left on device", line);
            Assert.Contains(disk, line);
            Assert.Single(new DataFolder(data).GraphIds());
            Assert.DoesNotContain(Directory.EnumerateDirectories(Path.Combine(data, "graphs")), d => Path.GetFileName(d).StartsWith('.'));
            Program.Run("rank", "--data", data).Ok();
        }
        finally
        {
            Shell($"umount -l '{disk}'");
        }
    }

    [Theory]
    [InlineData("csv", "out.csv")]
    [InlineData("csv", "out.csv.gz")]
    [InlineData("cc-ranks", "out.txt")]
    [InlineData("parquet", "out.parquet")]
    [InlineData("numpy", "out")]
    public void An_export_to_a_full_disk_is_one_error_and_nothing_is_left(string format, string name)
    {
        string disk = _folder.NewFolder();
        Assert.SkipUnless(Shell($"mount -t tmpfs -o size=64k none '{disk}' 2> /dev/null") == 0, "a small file system needs the right to mount one");
        try
        {
            Program.Run("import", Inputs.EdgeList(_folder, "big.tsv", 60_000, nodes: 20_000), "--data", Data).Ok();
            Program.Run("rank", "--with", "harmonic", "--data", Data).Ok();
            string line = Program.Run("export", "--format", format, "--out", Path.Combine(disk, name), "--data", Data).Fails();
            Assert.Contains("No space left on device", line);
            Assert.Contains(disk, line);
            Assert.Empty(Directory.EnumerateFileSystemEntries(disk));
        }
        finally
        {
            Shell($"umount -l '{disk}'");
        }
    }

    private void AssertTidy() =>
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(Data, "*", SearchOption.AllDirectories), f => f.Contains(".building-") || f.EndsWith(".tmp", StringComparison.Ordinal));

    private static TimeSpan Time(Action action)
    {
        long start = Stopwatch.GetTimestamp();
        action();
        return Stopwatch.GetElapsedTime(start);
    }

    private static void KillAfter(Process process, TimeSpan delay)
    {
        process.OutputDataReceived += (_, _) => { };
        process.ErrorDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        if (!process.WaitForExit(delay))
            process.Kill(); // SIGKILL
        process.WaitForExit();
    }

    private static int Shell(string command)
    {
        using Process shell = Process.Start("/bin/sh", ["-c", command]);
        shell.WaitForExit();
        return shell.ExitCode;
    }

    [LibraryImport("libc", EntryPoint = "kill")]
    internal static partial int Signal(int process, int signal);
}
