using System.CommandLine;
using System.CommandLine.Invocation;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary>A command line that cannot be meant so; the program ends with <see cref="ExitCode.Usage"/>.</summary>
/// <param name="problem">What is wrong and what to do, without a final period.</param>
internal sealed class UsageException(string problem) : Exception(problem);

/// <summary>How the program ends.</summary>
internal static class ExitCode
{
    public const int Done = 0;

    /// <summary>It could not be done: a bad file, a full disk, a locked folder, nothing imported yet.</summary>
    public const int Failed = 1;

    /// <summary>The command line is wrong: an unknown option, target or score, a value out of range.</summary>
    public const int Usage = 2;

    /// <summary>Ctrl-C or SIGTERM; nothing half-done was left.</summary>
    public const int Interrupted = 130;

    /// <summary>The reader of standard output closed it, as other programs end on SIGPIPE.</summary>
    public const int ReaderGone = 141;
}

/// <summary>The program <c>backlinks</c>: parses, runs one command, turns every error into one line and an exit code.</summary>
internal static class CommandLine
{
    public static int Run(IReadOnlyList<string> args, Terminal terminal, CancellationToken cancel = default)
    {
        var session = new Session(terminal, cancel);
        try
        {
            ParseResult parsed = Root(session).Parse(args);
            if (parsed.Action is ParseErrorAction)
                throw new UsageException($"{Problem(parsed)}; see '{CommandName(parsed)} --help'");
            using StreamWriter output = new(terminal.Output, leaveOpen: true); // for help, version and completion
            return parsed.Invoke(new InvocationConfiguration
            {
                Output = output,
                Error = terminal.Error,
                EnableDefaultExceptionHandler = false,
                ProcessTerminationTimeout = null, // Program handles signals, and waits as long as tidying up takes
            });
        }
        catch (Exception e) when (Describe(e) is var (code, problem))
        {
            if (problem.Length > 0)
                terminal.Error.WriteLine($"backlinks: {problem}");
            return code;
        }
    }

    internal static RootCommand Root(Session session) => new("Who links to whom, and what it is worth: crawl or import, rank, look at the result.")
    {
        session.Data,
        CrawlCommand.Create(session),
        WhyCommand.Create(session),
        ImportCommand.Create(session),
        RankCommand.Create(session),
        RunsCommand.Create(session),
        TopCommand.Create(session),
        ShowCommand.Create(session),
        TopicsCommand.Create(session),
        SimilarCommand.Create(session),
        ExplainCommand.Create(session),
        SimulateCommand.Create(session),
        DiffCommand.Create(session),
        ExportCommand.Create(session),
        SpamCommand.Create(session),
        DisavowCommand.Create(session),
        EvalCommand.Create(session),
        ServeCommand.Create(session),
        KeysCommand.Create(session),
        DemoCommand.Create(session),
    };

    private static (int Code, string Problem) Describe(Exception e) => e switch
    {
        OperationCanceledException => (ExitCode.Interrupted, "interrupted; nothing half-done was left"),
        ReaderGoneException => (ExitCode.ReaderGone, ""),
        UsageException => (ExitCode.Usage, OneLine(e.Message)),
        RequestException request => (ExitCode.Usage, OneLine(request.Spelled(Option))),
        ArgumentException argument => (ExitCode.Usage, OneLine(WithoutParameter(argument))),
        IOException { HResult: 28 } => (ExitCode.Failed, $"{OneLine(e.Message)}; free some space or name another place: what was there is unchanged"),
        IOException => (ExitCode.Failed, OneLine(e.Message)),
        UnauthorizedAccessException => (ExitCode.Failed, $"{OneLine(e.Message)}; change the permissions or name another place"),
        OutOfMemoryException => (ExitCode.Failed, "not enough memory for this graph; use a machine with more or a smaller graph"),
        _ => (ExitCode.Failed, $"a defect of this program, please report it: {e.GetType().Name}: {OneLine(e.Message)}"),
    };

    /// <summary>The option that fills a field of a request: named alike but for these.</summary>
    private static string Option(string field) => field switch
    {
        "ports" => "--port",
        "proxies" => "--proxy",
        "sitemaps" => "--no-sitemaps",
        "known_pages" => "--no-known",
        "paths" => "PATH",
        _ => "--" + field.Replace('_', '-'),
    };

    /// <summary>.NET appends "(Parameter 'x')" and a line with the value; the message says both better already.</summary>
    private static string WithoutParameter(ArgumentException e)
    {
        string text = e.Message.Split('\n')[0].TrimEnd('\r');
        string tail = $" (Parameter '{e.ParamName}')";
        text = text.EndsWith(tail, StringComparison.Ordinal) ? text[..^tail.Length] : text;
        return e is ArgumentOutOfRangeException { ActualValue: { } value } && !text.Contains($"{value}", StringComparison.Ordinal)
            ? $"{text}, not {value}" : text;
    }

    /// <summary>Messages quote names and lines of foreign files, so nothing in them may steer the terminal.</summary>
    private static string OneLine(string text) =>
        Printing.Printable(string.Join(' ', text.Split(['\n', '\r', '\t'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)).TrimEnd('.'));

    private static string Problem(ParseResult parsed)
    {
        // Where no command was recognised, the parser complains of the missing one first and of the unknown word second.
        if (parsed.CommandResult.Command is RootCommand)
            return parsed.UnmatchedTokens.Count > 0 ? $"there is no command '{parsed.UnmatchedTokens[0]}'" : "no command was given";
        string text = OneLine(parsed.Errors[0].Message);
        foreach ((string type, string words) in new[] { ("System.Int32", "a whole number"), ("System.Double", "a number") })
            text = text.Replace($"as expected type '{type}'", $"as {words}", StringComparison.Ordinal);
        return text;
    }

    private static string CommandName(ParseResult parsed) =>
        parsed.CommandResult.Command is RootCommand ? "backlinks" : $"backlinks {parsed.CommandResult.Command.Name}";
}
