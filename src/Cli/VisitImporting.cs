using System.Diagnostics;
using System.Text.Json.Nodes;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary>The branch of <c>backlinks import</c> for archives of pages and other tools' exports: they go into the link store.</summary>
internal static class VisitImporting
{
    /// <summary>Whether these paths are for the store: the first file, or any file of the first folder that is no graph, tells.</summary>
    public static bool Applies(IReadOnlyList<string> paths)
    {
        string first = paths[0];
        if (!Directory.Exists(first))
            return VisitImport.Detect(first) is not null;
        try
        {
            GraphImport.Detect(first);
            return false;
        }
        catch (ImportException)
        {
            return Directory.EnumerateFiles(first, "*", SearchOption.AllDirectories).Any(f => VisitImport.Detect(f) is not null);
        }
    }

    public static int Run(Session session, DataFolder folder, IReadOnlyList<string> paths, VisitImportOptions options, Layout layout)
    {
        long start = Stopwatch.GetTimestamp();
        VisitImportResult result;
        using (DuckDbLinkStore store = folder.OpenLinks(readOnly: false))
        {
            options = options with { Quarantine = Path.Combine(folder.Path, "quarantine") };
            result = Watching.Watch(session, progress => VisitImport.Import(paths, store, options, progress, session.Cancel));
        }
        Print(session, layout, result, Stopwatch.GetElapsedTime(start).TotalSeconds);
        bool nothing = result is { Files: > 0, Pages: 0, Quarantined: > 0, AlreadyImported: 0 };
        return nothing ? throw new IOException($"nothing could be imported; {result.FirstProblem}") : ExitCode.Done;
    }

    private static void Print(Session session, Layout layout, VisitImportResult result, double seconds)
    {
        double rate = result.Pages / Math.Max(seconds, 1e-6);
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, new JsonObject
            {
                ["files"] = result.Files,
                ["already_imported"] = result.AlreadyImported,
                ["unknown_files"] = result.Unknown,
                ["records"] = result.Records,
                ["pages"] = result.Pages,
                ["links"] = result.Links,
                ["skipped"] = result.Skipped,
                ["quarantined"] = result.Quarantined,
                ["quarantine_file"] = result.QuarantineFile,
                ["repeated"] = result.Repeated,
                ["new_pages"] = result.NewPages,
                ["new_links"] = result.NewLinks,
                ["seconds"] = seconds,
                ["pages_per_second"] = rate,
            });
        else
            Printing.Lines(session.Terminal, result.Files == 0
                ? $"{(result.AlreadyImported == 1 ? "the file was" : $"the {Printing.ForPeople(result.AlreadyImported)} files were")} imported already: nothing changed; --again reads once more"
                : $"{Printing.ForPeople(result.Records)} records: {Printing.ForPeople(result.Pages)} pages with {Printing.ForPeople(result.Links)} links"
                    + $" in {Printing.ForPeople(seconds)} s ({Watching.Rate(rate, "pages")}), {Printing.ForPeople(result.Skipped)} skipped, {Printing.ForPeople(result.Quarantined)} left out"
                    + (result.AlreadyImported > 0 ? $"; {Printing.ForPeople(result.AlreadyImported)} files had been imported before" : ""));
        if (result.Quarantined > 0)
            session.Note($"note: {Printing.ForPeople(result.Quarantined)} damaged or unreadable {(result.Quarantined == 1 ? "record was" : "records were")} left out"
                + (result.QuarantineFile is { } list ? $", listed in {list}" : "") + $"; the first: {Printing.Printable(result.FirstProblem)}");
        if (result.Unknown > 0)
            session.Note($"note: {Printing.ForPeople(result.Unknown)} files are of no known format and were passed over");
    }
}
