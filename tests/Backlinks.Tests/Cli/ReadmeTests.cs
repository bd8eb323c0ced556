using System.Diagnostics;
using System.Text.Json;

namespace Backlinks.Tests.Cli;

/// <summary>The README is executed: every command in its shell blocks, then its Python, in the order a reader would.</summary>
public sealed class ReadmeTests : IDisposable
{
    private const string Development = "dotnet run -c Release --project src/Cli -- ";
    private const string SampleWeb = "dotnet run -c Release --project datasets/SampleWeb -- ";

    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    /// <summary>The first command and every line of the recipes and of what follows, then the notebook's Python over what they made.</summary>
    [Fact]
    public void Every_command_of_the_README_works()
    {
        // A working directory with nothing in it but the datasets, as in a fresh clone.
        CopyFolder(Inputs.Dataset(), _folder.File("datasets"));
        string readme = File.ReadAllText(Path.Combine(Inputs.Repository, "README.md"));
        int commands = 0, questions = 0;
        using var web = new Background();
        using var service = new Background();
        string address = "";
        foreach (string line in Blocks(readme, "sh").SelectMany(b => b.Split('\n', StringSplitOptions.RemoveEmptyEntries)))
        {
            if (line.StartsWith("dotnet test", StringComparison.Ordinal))
                continue; // this
            if (line.StartsWith(SampleWeb, StringComparison.Ordinal))
            {
                web.Start(_folder.Path, "Backlinks.SampleWeb.dll", line[SampleWeb.Length..], said => said.Length > 0); // as a reader would in another window
                continue;
            }
            if (line.StartsWith("curl ", StringComparison.Ordinal))
            {
                Assert.NotEmpty(address);
                Outcome answer = InFolder("sh", ["-c", line.Replace("http://localhost:5080", address, StringComparison.Ordinal).Replace("curl -s", "curl -sS --fail-with-body", StringComparison.Ordinal)]);
                if (answer.Code == 127)
                    continue; // no curl here
                Assert.True(answer.Code == 0, $"{line}: exit code {answer.Code}: {answer.Output} {answer.Error}");
                Assert.NotEmpty(answer.Output);
                questions++;
                continue;
            }
            string words = line.StartsWith(Development, StringComparison.Ordinal) ? line[Development.Length..]
                : line.StartsWith("backlinks ", StringComparison.Ordinal) ? line["backlinks ".Length..]
                : throw new InvalidOperationException($"a command this test cannot run: {line}");
            if (words == "serve")
            {
                string said = service.Start(_folder.Path, "backlinks.dll", "serve --urls http://127.0.0.1:0", s => s.Contains(" at http://", StringComparison.Ordinal));
                address = said[(said.IndexOf(" at ", StringComparison.Ordinal) + 4)..].Split(';')[0];
                continue;
            }
            Outcome outcome = InFolder("dotnet", [Path.Combine(AppContext.BaseDirectory, "backlinks.dll"), .. words.Split(' '), .. words == "demo" ? ["--no-serve"] : Array.Empty<string>()]);
            Assert.True(outcome.Code == 0, $"{line}: exit code {outcome.Code}: {outcome.Error}");
            Assert.NotEmpty(outcome.Output + outcome.Error);
            if (words == "demo")
                CheckDemo(outcome.Output);
            commands++;
        }
        Assert.True(commands >= 12);
        Assert.True(File.Exists(_folder.File("ranks.txt.gz")));
        Assert.True(File.Exists(_folder.File("disavow.txt")));
        Assert.SkipWhen(questions == 0, "the commands all work; asking the service needs curl");
        OpenInPython(readme);
    }

    /// <summary>Farms are named and confirmed, honest look-alikes are not, links were lost, and the first crawl is dated when its clock said it was.</summary>
    private void CheckDemo(string told)
    {
        string[] lines = told.Split('\n');
        string[] farms = [.. lines.Where(l => l.StartsWith("  farm-", StringComparison.Ordinal))], honest = [.. lines.Where(l => l.Contains(" honest ", StringComparison.Ordinal) && l.StartsWith("  ", StringComparison.Ordinal))];
        Assert.True(farms.Length >= 5 && honest.Length >= 4, told);
        Assert.All(farms, l => Assert.EndsWith("confirmed", l.TrimEnd(), StringComparison.Ordinal));
        Assert.All(honest, l => Assert.EndsWith("in no cluster", l.TrimEnd(), StringComparison.Ordinal));
        Assert.Contains("links lost", told, StringComparison.Ordinal);
        var folder = new Backlinks.Stores.DataFolder(_folder.File("demo-data"));
        Assert.Equal(2, folder.RunIds().Count);
        using Backlinks.Stores.DuckDbLinkStore store = folder.OpenLinks(readOnly: true);
        Assert.InRange(DateTime.UtcNow - store.Pages().Min(p => p.FirstSeen), TimeSpan.FromDays(74), TimeSpan.FromDays(76));
    }

    private void OpenInPython(string readme)
    {
        string[] pythons = ["python3", "/usr/bin/python3"];
        string? python = Array.Find(pythons, p => InFolder(p, ["-c", "import numpy"]).Code == 0);
        Assert.SkipWhen(python is null, "the commands all work; the notebook needs python3 with numpy");
        string script = Assert.Single(Blocks(readme, "python"));
        Outcome outcome = InFolder(python, ["-c", script]);
        Assert.True(outcome.Code == 0, outcome.Error);
        string data = _folder.File("demo-data"), best = Program.Run("top", "-n", "1", "--by", "authority", "--json", "--data", data).Ok().Json[0].GetProperty("name").GetString()!;
        JsonElement shown = Program.Run("show", best, "--graph-level", "domain", "--json", "--data", data).Ok().Json;
        Assert.StartsWith($"node {shown.GetProperty("node").GetInt32()} has ", outcome.Output);
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
        foreach (string link in System.Text.RegularExpressions.Regex.Matches(readme, @"\]\(([^)h#][^)]*)\)").Select(m => m.Groups[1].Value))
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

    /// <summary>A process of its own, until disposed.</summary>
    private sealed class Background : IDisposable
    {
        private Process? _process;

        /// <returns>The first line it says, on either stream, that tells it is ready.</returns>
        public string Start(string folder, string program, string words, Func<string, bool> ready)
        {
            string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
            var start = new ProcessStartInfo(host, [Path.Combine(AppContext.BaseDirectory, program), .. words.Split(' ')]) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
            start.Environment.Remove("BACKLINKS_DATA");
            _process = new Process { StartInfo = start };
            var heard = new TaskCompletionSource<string>(TaskCreationOptions.RunContinuationsAsynchronously);
            void Hear(object _, DataReceivedEventArgs line)
            {
                if (line.Data is { } text && ready(text))
                    heard.TrySetResult(text);
            }
            _process.OutputDataReceived += Hear;
            _process.ErrorDataReceived += Hear;
            _process.Start();
            _process.BeginOutputReadLine();
            _process.BeginErrorReadLine();
            Assert.True(heard.Task.Wait(TimeSpan.FromMinutes(2)), $"{program} {words} did not start");
            return heard.Task.Result;
        }

        public void Dispose()
        {
            _process?.Kill();
            _process?.WaitForExit();
            _process?.Dispose();
        }
    }
}
