using System.CommandLine;
using System.Diagnostics;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary>What <c>backlinks export</c> writes.</summary>
internal enum ExportFormat
{
    /// <summary><see cref="Csv"/>.</summary>
    Csv,

    /// <summary><see cref="ParquetFile"/>.</summary>
    Parquet,

    /// <summary><see cref="NumPyFolder"/>.</summary>
    NumPy,

    /// <summary><see cref="CommonCrawlRanks"/>.</summary>
    CcRanks,
}

/// <summary><c>backlinks export</c>: a run with all its nodes as a file, a folder of arrays, or on standard output.</summary>
internal static class ExportCommand
{
    private static readonly Dictionary<string, ExportFormat> Formats = new()
    {
        ["csv"] = ExportFormat.Csv,
        ["parquet"] = ExportFormat.Parquet,
        ["numpy"] = ExportFormat.NumPy,
        ["cc-ranks"] = ExportFormat.CcRanks,
    };

    public static Command Create(Session session)
    {
        Option<string> format = new("--format") { Description = "csv, parquet, numpy (a folder) or cc-ranks (Common Crawl's ranks file).", Required = true };
        format.AcceptOnlyFromAmong([.. Formats.Keys]);
        Option<string?> output = new("--out") { Description = "Where to write; csv and cc-ranks go to standard output without it, and are gzipped if it ends in .gz.", HelpName = "PATH" };
        var command = new Command("export", "Write a run for other programs.") { format, output, session.Level, session.RunId, session.Json };
        command.SetAction(parsed =>
        {
            ExportFormat chosen = Formats[parsed.GetValue(format)!];
            string? path = parsed.GetValue(output);
            if (path is null && chosen is ExportFormat.Parquet or ExportFormat.NumPy)
                throw new UsageException($"--format {parsed.GetValue(format)} needs --out PATH");
            if (path is null && parsed.GetValue(session.Json))
                throw new UsageException("--json needs --out PATH, for without it the export itself goes to standard output");
            using Run opened = session.OpenRun(parsed);
            Run run = RunTargets.Part(opened, parsed.GetValue(session.Level));
            if (chosen == ExportFormat.CcRanks)
                CommonCrawlRanks.Require(run);
            long start = Stopwatch.GetTimestamp();
            if (path is null)
                Write(chosen, run, session.Terminal.Output, null, session.Cancel);
            else
            {
                Watching.Watch(session, progress =>
                {
                    if (chosen == ExportFormat.NumPy)
                        ExportFile.WriteFolder(path, folder => NumPyFolder.Write(run, folder, progress, session.Cancel));
                    else
                        ExportFile.Write(path, stream => Write(chosen, run, stream, progress, session.Cancel));
                    return true;
                });
                Print(session, session.Layout(parsed, csv: false), run, path, parsed.GetValue(format)!, Stopwatch.GetElapsedTime(start).TotalSeconds);
            }
            return ExitCode.Done;
        });
        return command;
    }

    private static void Write(ExportFormat format, Run run, Stream stream, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        if (format == ExportFormat.Csv)
            Csv.Write(run, stream, progress, cancel);
        else if (format == ExportFormat.CcRanks)
            CommonCrawlRanks.Write(run, stream, progress, cancel);
        else
            ParquetFile.WriteAsync(run, stream, progress, cancel).GetAwaiter().GetResult();
    }

    private static void Print(Session session, Layout layout, Run run, string path, string format, double seconds)
    {
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject { ["run"] = run.Id, ["format"] = format, ["out"] = path, ["nodes"] = run.Graph.NodeCount, ["seconds"] = seconds });
        else
            Printing.Lines(session.Terminal, $"{path}: {Printing.ForPeople(run.Graph.NodeCount)} nodes of run {run.Id} in {Printing.ForPeople(seconds)} s");
    }
}
