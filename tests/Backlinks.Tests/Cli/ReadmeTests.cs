using System.Diagnostics;

namespace Backlinks.Tests.Cli;

/// <summary>The README is executed: every command in its shell blocks, then its Python, in the order a reader would.</summary>
public sealed class ReadmeTests : IDisposable
{
    private const string Development = "dotnet run -c Release --project src/Cli -- ";
    private const string SampleWeb = "dotnet run -c Release --project datasets/SampleWeb -- ";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_command_of_the_README_works()
    {
        // A working directory with nothing in it but the datasets, as in a fresh clone.
        CopyFolder(Inputs.Dataset(), _folder.File("datasets"));
        string readme = File.ReadAllText(Path.Combine(Inputs.Repository, "README.md"));
        int commands = 0;
        using var served = new Served();
        foreach (string line in Blocks(readme, "sh").SelectMany(b => b.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (line.StartsWith("dotnet test", StringComparison.Ordinal))
                continue; // this
            if (line.StartsWith(SampleWeb, StringComparison.Ordinal))
            {
                served.Start(line[SampleWeb.Length..]); // as a reader would in another window
                continue;
            }
            string words = line.StartsWith(Development, StringComparison.Ordinal) ? line[Development.Length..]
                : line.StartsWith("backlinks ", StringComparison.Ordinal) ? line["backlinks ".Length..]
                : throw new InvalidOperationException($"a command this test cannot run: {line}");
            Outcome outcome = InFolder("dotnet", [Path.Combine(AppContext.BaseDirectory, "backlinks.dll"), .. words.Split(' ')]);
            Assert.True(outcome.Code == 0, $"{line}: exit code {outcome.Code}: {outcome.Error}");
            Assert.NotEmpty(outcome.Output);
            commands++;
        }
        Assert.True(commands >= 8);
        Assert.True(File.Exists(_folder.File("garden.csv")));
        Assert.True(File.Exists(_folder.File("garden-ranks.txt.gz")));
    }

    [Fact]
    public void The_Python_of_the_README_opens_what_the_program_wrote()
    {
        string[] pythons = ["python3", "/usr/bin/python3"];
        string? python = Array.Find(pythons, p => InFolder(p, ["-c", "import numpy"]).Code == 0);
        Assert.SkipWhen(python is null, "needs python3 with numpy");
        string script = Assert.Single(Blocks(File.ReadAllText(Path.Combine(Inputs.Repository, "README.md")), "python"));
        Program.Run("import", Inputs.Dataset("sample", "garden.tsv"), "--data", _folder.File("data")).Ok();
        Program.Run("rank", "--data", _folder.File("data")).Ok();
        Outcome outcome = InFolder(python, ["-c", script]);
        Assert.True(outcome.Code == 0, outcome.Error);
        string best = Program.Run("top", "-n", "1", "--json", "--data", _folder.File("data")).Ok().Json[0].GetProperty("name").GetString()!;
        int node = Program.Run("show", best, "--json", "--data", _folder.File("data")).Ok().Json.GetProperty("node").GetInt32();
        Assert.StartsWith($"node {node} has 0.28", outcome.Output);
    }

    [Fact]
    public void The_README_names_every_command_and_exit_code()
    {
        string readme = File.ReadAllText(Path.Combine(Inputs.Repository, "README.md"));
        var session = new Backlinks.Cli.Session(Backlinks.Cli.Terminal.OfProcess(), CancellationToken.None);
        foreach (System.CommandLine.Command command in Backlinks.Cli.CommandLine.Root(session).Subcommands)
            Assert.Contains($"| `{command.Name}", readme);
        foreach (int code in new[] { Backlinks.Cli.ExitCode.Done, Backlinks.Cli.ExitCode.Failed, Backlinks.Cli.ExitCode.Usage, Backlinks.Cli.ExitCode.Interrupted, Backlinks.Cli.ExitCode.ReaderGone })
            Assert.Contains($"| {code} |", readme);
        foreach (string link in System.Text.RegularExpressions.Regex.Matches(readme, @"\]\(([^)h][^)]*)\)").Select(m => m.Groups[1].Value))
            Assert.True(File.Exists(Path.Combine(Inputs.Repository, link)), $"README links to {link}, which is not there");
    }

    private static IEnumerable<string> Blocks(string markdown, string language) =>
        markdown.Split($"```{language}\n").Skip(1).Select(rest => rest[..rest.IndexOf("```", StringComparison.Ordinal)]);

    private Outcome InFolder(string program, string[] args)
    {
        var start = new ProcessStartInfo(program, args) { WorkingDirectory = _folder.Path, RedirectStandardOutput = true, RedirectStandardError = true };
        start.Environment.Remove("BACKLINKS_DATA");
        try
        {
            using Process process = Process.Start(start)!;
            return Program.Wait(process);
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new Outcome(127, "", e.Message);
        }
    }

    private static void CopyFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from, "*", SearchOption.AllDirectories))
        {
            string target = Path.Combine(to, Path.GetRelativePath(from, file));
            Directory.CreateDirectory(Path.GetDirectoryName(target)!);
            File.Copy(file, target);
        }
    }

    /// <summary>The sample web's own process, until disposed.</summary>
    private sealed class Served : IDisposable
    {
        private Process? _process;

        public void Start(string words)
        {
            string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
            _process = Process.Start(new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, "Backlinks.SampleWeb.dll"), .. words.Split(' ')]) { RedirectStandardOutput = true })!;
            string? line = _process.StandardOutput.ReadLine(); // it serves before it speaks
            Assert.False(string.IsNullOrEmpty(line), "the sample web did not start");
        }

        public void Dispose()
        {
            _process?.Kill();
            _process?.Dispose();
        }
    }
}
