using System.CommandLine;
using System.Text.Json.Nodes;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary>What all commands share: the outside, the stop signal and the options that several of them take.</summary>
internal sealed class Session
{
    public Session(Terminal terminal, CancellationToken cancel)
    {
        Terminal = terminal;
        Cancel = cancel;
        Data = new Option<string>("--data")
        {
            Description = "Folder with graphs and runs ($BACKLINKS_DATA sets the default).",
            HelpName = "DIR",
            Recursive = true,
            DefaultValueFactory = _ => terminal.Environment("BACKLINKS_DATA") is { Length: > 0 } named ? named : "./data",
        };
        RunId = new Option<string?>("--run") { Description = "The run to read instead of the current one.", HelpName = "ID" };
        RunId.CompletionSources.Add(context => Known(() => Folder(context.ParseResult).RunIds()));
    }

    public Terminal Terminal { get; }

    public CancellationToken Cancel { get; }

    public Option<string> Data { get; }

    public Option<bool> Json { get; } = new("--json") { Description = "Print one JSON value instead of text." };

    public Option<bool> Csv { get; } = new("--csv") { Description = "Print CSV instead of text." };

    public Option<string?> RunId { get; }

    public Option<GraphLevel?> Level { get; } = Choice.Optional<GraphLevel>("--graph-level", "Which of the two graphs in a run of the link store; domain by default.");

    public DataFolder Folder(ParseResult parsed) => new(parsed.GetValue(Data) ?? "./data"); // null where help asks for completions

    public Run OpenRun(ParseResult parsed) => Folder(parsed).OpenRun(parsed.GetValue(RunId), Cancel);

    public Layout Layout(ParseResult parsed, bool csv = true) =>
        parsed.GetValue(Json)
            ? csv && parsed.GetValue(Csv) ? throw new UsageException("--json and --csv exclude each other") : Cli.Layout.Json
            : csv && parsed.GetValue(Csv) ? Cli.Layout.Csv : Cli.Layout.Text;

    /// <summary>What completion offers; nothing where the data folder cannot tell.</summary>
    public static IEnumerable<string> Known(Func<IEnumerable<string>> words)
    {
        try
        {
            return [.. words()];
        }
        catch (IOException)
        {
            return [];
        }
    }

    /// <summary>What is said where the target is not in the index: one line on standard output, near names on standard error; the exit code is 0.</summary>
    public int NotInIndex(RunAuthority authority, string target, bool json, Action<JsonObject>? more = null)
    {
        if (json)
        {
            var answer = new JsonObject { ["run"] = authority.Run.Id, ["graph"] = authority.Part.Ranked.Id, ["level"] = authority.LevelWord, ["target"] = target, ["in_index"] = false };
            more?.Invoke(answer);
            Printing.Json(Terminal, answer);
        }
        else
            Printing.Lines(Terminal, $"{Printing.Printable(target)} is not in the index: run {authority.Run.Id} knows no such {authority.LevelWord}");
        IReadOnlyList<string> near = authority.Near(target, Cancel);
        if (near.Count > 0)
            Note($"near it are {string.Join(", ", near.Select(Printing.Printable))}");
        return ExitCode.Done;
    }

    /// <summary>A remark for a person, on standard error.</summary>
    public void Note(string text) => Terminal.Error.WriteLine(text);
}

/// <summary>How data is printed.</summary>
internal enum Layout
{
    /// <summary>For people: tables, rounded numbers.</summary>
    Text,

    /// <summary>One JSON value, snake_case names, numbers with all digits needed to read back the same value.</summary>
    Json,

    /// <summary>RFC 4180 with a header.</summary>
    Csv,
}

/// <summary>Options whose value is one of a few words: the members of an enumeration in lower case.</summary>
internal static class Choice
{
    public static Option<T> Of<T>(string name, string description, T standard) where T : struct, Enum
    {
        Option<T> option = new(name) { Description = description, HelpName = Words<T>("|"), DefaultValueFactory = _ => standard, CustomParser = Parse<T> };
        option.CompletionSources.Add(Words<T>("|").Split('|'));
        return option;
    }

    public static Option<T?> Optional<T>(string name, string description) where T : struct, Enum
    {
        Option<T?> option = new(name) { Description = description, HelpName = Words<T>("|"), CustomParser = result => Parse<T>(result) };
        option.CompletionSources.Add(Words<T>("|").Split('|'));
        return option;
    }

    private static T Parse<T>(System.CommandLine.Parsing.ArgumentResult result) where T : struct, Enum
    {
        string word = result.Tokens[0].Value;
        foreach (T value in Enum.GetValues<T>())
            if (word.Equals(value.ToString(), StringComparison.OrdinalIgnoreCase))
                return value;
        result.AddError($"'{word}' is not one of {Words<T>(", ")}");
        return default;
    }

    private static string Words<T>(string between) where T : struct, Enum => string.Join(between, Enum.GetNames<T>().Select(name => name.ToLowerInvariant()));
}
