using System.Diagnostics;
using System.Text;
using System.Text.Json;
using Backlinks.Cli;

namespace Backlinks.Tests.Cli;

/// <summary>What a run of the program left behind.</summary>
internal sealed record Outcome(int Code, string Output, string Error)
{
    public JsonElement Json => JsonDocument.Parse(Output).RootElement;

    /// <summary>Requires success; returns itself.</summary>
    public Outcome Ok()
    {
        Assert.True(Code == 0, $"exit code {Code}: {Error}");
        return this;
    }

    /// <summary>Requires this exit code and exactly one line on standard error; returns the line.</summary>
    public string Fails(int code = 1)
    {
        Assert.Equal(code, Code);
        string line = Assert.Single(Error.Split('\n', StringSplitOptions.RemoveEmptyEntries), l => !IsProgress(l));
        Assert.StartsWith("backlinks: ", line);
        Assert.DoesNotContain(" at Backlinks.", Error);
        return line;
    }

    private static bool IsProgress(string line) => line.EndsWith(" s", StringComparison.Ordinal) && !line.StartsWith("backlinks:", StringComparison.Ordinal);
}

/// <summary>The program <c>backlinks</c>, called in this process or as one of its own.</summary>
internal static class Program
{
    /// <summary>Runs in this process, on a data folder.</summary>
    public static Outcome Run(TemporaryFolder data, params string[] args) => Run([.. args, "--data", data.Path]);

    public static Outcome Run(params string[] args) => Run(args, CancellationToken.None);

    public static Outcome Run(string[] args, CancellationToken cancel)
    {
        using MemoryStream output = new();
        using StringWriter error = new();
        int code = CommandLine.Run(args, new Terminal { Output = output, Error = error, Environment = _ => null }, cancel);
        return new Outcome(code, Encoding.UTF8.GetString(output.ToArray()), error.ToString());
    }

    /// <summary>Starts a process; standard output and error are redirected.</summary>
    public static Process Start(params string[] args) => Start(new Dictionary<string, string>(), args);

    /// <summary>The same, with more in its environment.</summary>
    public static Process Start(IReadOnlyDictionary<string, string> environment, params string[] args)
    {
        string host = Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") is { Length: > 0 } path ? path : "dotnet";
        var start = new ProcessStartInfo(host, [System.IO.Path.Combine(AppContext.BaseDirectory, "backlinks.dll"), .. args])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        foreach ((string name, string value) in environment)
            start.Environment[name] = value;
        return Process.Start(start)!;
    }

    public static Outcome Wait(Process process)
    {
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new Outcome(process.ExitCode, output, error.Result);
    }
}

/// <summary>Inputs for the program.</summary>
internal static class Inputs
{
    /// <summary>Path of a file in the repository's datasets folder.</summary>
    public static string Dataset(params string[] parts) => Path.Combine([Repository, "datasets", .. parts]);

    public static string Repository { get; } = FindRepository();

    /// <summary>A text edge list with this many pseudo-random links between names like <c>n123.example</c>.</summary>
    public static string EdgeList(TemporaryFolder folder, string name, int links, int nodes = 1000, int seed = 1)
    {
        Random random = new(seed);
        string path = folder.File(name);
        using StreamWriter file = new(path);
        for (int i = 0; i < links; i++)
            file.Write($"n{random.Next(nodes)}.example\tn{random.Next(nodes)}.example\n");
        return path;
    }

    private static string FindRepository()
    {
        DirectoryInfo? at = new(AppContext.BaseDirectory);
        while (at is not null && !File.Exists(Path.Combine(at.FullName, "Backlinks.sln")))
            at = at.Parent;
        return at?.FullName ?? throw new InvalidOperationException("the tests run outside the repository");
    }
}
