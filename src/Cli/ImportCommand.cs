using System.CommandLine;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary><c>backlinks import</c>: a web graph becomes a graph of its own; archives of pages and backlink exports go into
/// the link store.</summary>
internal static class ImportCommand
{
    private static readonly GraphImportOptions Defaults = new();

    public static Command Create(Session session)
    {
        Argument<string[]> paths = new("PATH")
        {
            Description = "A BVGraph, a Common Crawl web graph, an edge list (text or gzip) or a NumPy/SciPy CSR folder; or, into the link store, WARC, ARC or WAT files or CSV exports of Ahrefs, Majestic, Semrush, Moz or Search Console, or folders of them.",
            Arity = ArgumentArity.OneOrMore,
        };
        Option<GraphFormat?> format = Choice.Optional<GraphFormat>("--format", "The format, where it is not to be told from the content.");
        Option<bool> dropSelfLinks = new("--drop-self-links") { Description = "Leave out links from a node to itself; the default for the host links of web archives." };
        Option<bool> keepSelfLinks = new("--keep-self-links") { Description = "Keep links from a node to itself; the default for all other formats." };
        Option<bool> unweighted = new("--unweighted") { Description = "Ignore weights that the source has." };
        Option<string?> names = new("--names") { Description = "A text file with one name a line, in node order, for sources without names.", HelpName = "FILE" };
        Option<bool> byName = new("--by-name") { Description = "In an edge list, take the ends as names even if they are numbers." };
        Option<DomainFold?> fold = Choice.Optional<DomainFold>("--fold", "Fold hosts to domains by the public suffix list, with its private section too, or by removing www only.");
        Option<string?> psl = new("--psl") { Description = "A public suffix list to fold by instead of the built-in one.", HelpName = "FILE" };
        Option<string?> granularity = new("--granularity") { Description = "What a node is, where the source does not say.", HelpName = "page|host|domain" };
        granularity.AcceptOnlyFromAmong("page", "host", "domain");
        Option<int> memory = new("--memory") { Description = "Private memory for sorting, in MiB; links beyond it are sorted on disk.", HelpName = "MIB", DefaultValueFactory = _ => (int)(Defaults.MemoryBytes >> 20) };
        Option<int> threads = new("--threads") { Description = "Worker threads, 0 for one a processor; the result does not depend on it.", HelpName = "N", DefaultValueFactory = _ => Defaults.Threads };
        Option<bool> again = new("--again") { Description = "Archives and exports: read files once more that were imported completely." };
        Option<bool> ignoreDigests = new("--ignore-digests") { Description = "Archives: take records whose digest is not that of their content." };
        Option<string?> site = new("--site") { Description = "Search Console exports: the site to which the links lead, where the file's name does not say it.", HelpName = "SITE" };
        var command = new Command("import", "Import a web graph, or pages and links into the link store.")
        {
            paths, again, ignoreDigests, site, format, dropSelfLinks, keepSelfLinks, unweighted, names, byName, fold, psl, granularity, memory, threads, session.Json,
        };
        command.SetAction(parsed =>
        {
            if (parsed.GetValue(dropSelfLinks) && parsed.GetValue(keepSelfLinks))
                throw new UsageException("--drop-self-links and --keep-self-links exclude each other");
            string[] named = parsed.GetValue(paths)!;
            if (Array.Find(named, p => p.StartsWith('-') && !Path.Exists(p)) is { } unknown)
                throw new UsageException($"there is no option '{unknown}'; see 'backlinks import --help'");
            var request = new ImportRequest
            {
                Paths = named,
                Format = parsed.GetValue(format),
                SelfLinks = parsed.GetValue(dropSelfLinks) ? SelfLinks.Drop : parsed.GetValue(keepSelfLinks) ? SelfLinks.Keep : null,
                Unweighted = parsed.GetValue(unweighted),
                Names = parsed.GetValue(names),
                ByName = parsed.GetValue(byName),
                Fold = parsed.GetValue(fold),
                Psl = parsed.GetValue(psl),
                Granularity = parsed.GetValue(granularity),
                Memory = parsed.GetValue(memory),
                Threads = parsed.GetValue(threads),
                Again = parsed.GetValue(again),
                IgnoreDigests = parsed.GetValue(ignoreDigests),
                Site = parsed.GetValue(site),
            };
            ImportReport report = Watching.Watch(session, progress => DataImport.Run(session.Folder(parsed), request, progress, session.Cancel));
            if (report.Visits is not null)
                PrintVisits(session, session.Layout(parsed, csv: false), report);
            else
                Print(session, session.Layout(parsed, csv: false), report);
            return report.Nothing ? throw new IOException($"nothing could be imported; {report.Visits!.FirstProblem}") : ExitCode.Done;
        });
        return command;
    }

    /// <summary>What to tell of a web graph imported.</summary>
    internal static void Print(Session session, Layout layout, ImportReport imported)
    {
        (PublishedGraph graph, GraphManifest manifest) = (imported.Graph!, imported.Graph!.Manifest);
        double rate = manifest.Observed / Math.Max(imported.Seconds, 1e-6);
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, Reports.Describe(imported));
        else
            Printing.Lines(session.Terminal, graph.IsNew
                ? $"graph {graph.Id}: {Printing.ForPeople(manifest.Nodes)} nodes, {Printing.ForPeople(manifest.Links)} links"
                    + (manifest.Observed != manifest.Links ? $" ({Printing.ForPeople(manifest.Observed)} observed)" : "")
                    + $" in {Printing.ForPeople(imported.Seconds)} s ({Watching.Rate(rate, "links")})"
                : $"graph {graph.Id} is here already: nothing changed");
        if (graph.Replaced)
            session.Note("note: the copy that was here is damaged; this one took its place");
    }

    /// <summary>What to tell of archives and exports imported into the link store.</summary>
    private static void PrintVisits(Session session, Layout layout, ImportReport report)
    {
        (VisitImportResult result, double seconds) = (report.Visits!, report.Seconds);
        double rate = result.Pages / Math.Max(seconds, 1e-6);
        if (layout == Layout.Json)
            Printing.Json(session.Terminal, Reports.Describe(report));
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
