using System.Diagnostics;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What an import did: one of the two is there.</summary>
/// <param name="Visits">Of pages and links into the link store.</param>
/// <param name="Graph">The web graph, new or found to be there already.</param>
public sealed record ImportReport(VisitImportResult? Visits, PublishedGraph? Graph, double Seconds)
{
    /// <summary>Whether files were read and none of their records could be taken.</summary>
    public bool Nothing => Visits is { Files: > 0, Pages: 0, Quarantined: > 0, AlreadyImported: 0 };
}

/// <summary>Imports into a data folder: web graphs become graphs of their own, archives of pages and other tools' exports go into the link
/// store. Both can be interrupted anywhere and asked for again: files that were imported are passed over, the same graph is found.</summary>
public static class DataImport
{
    /// <summary>Imports what the paths hold; readers see a graph when it is whole, visits transaction by transaction.</summary>
    /// <exception cref="RequestException">Several web graphs at once.</exception>
    /// <exception cref="ImportException">A file is missing, damaged or of no known format.</exception>
    /// <exception cref="StoreException">Another process writes to the folder.</exception>
    public static ImportReport Run(DataFolder folder, ImportRequest request, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        request.Check();
        if (request.Format is null && IsOfPages(request.Paths))
            return Pages(folder, request.Paths, request.Visits, progress, cancel);
        return request.Paths.Count == 1 ? Graph(folder, request.Paths[0], request.Graph, progress, cancel)
            : throw new RequestException("paths", "one web graph can be imported at a time; several paths are for archives and exports");
    }

    /// <summary>Whether these paths are for the store: the first file, or any file of the first folder that is no graph, tells.</summary>
    public static bool IsOfPages(IReadOnlyList<string> paths)
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

    /// <summary>Imports archives and exports into the link store.</summary>
    public static ImportReport Pages(DataFolder folder, IReadOnlyList<string> paths, VisitImportOptions options, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        long start = Stopwatch.GetTimestamp();
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: false);
        VisitImportResult result = VisitImport.Import(paths, store, options with { Quarantine = Path.Combine(folder.Path, "quarantine") }, progress, cancel);
        return new ImportReport(result, null, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }

    /// <summary>Imports a web graph and publishes it; readers see it when it is whole.</summary>
    public static ImportReport Graph(DataFolder folder, string path, GraphImportOptions options, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        if (!Path.Exists(path) && !Path.Exists(path + ".graph")) // before the lock: a wrong path should not make a data folder
            throw new IOException($"{path}: there is no such file or folder");
        long start = Stopwatch.GetTimestamp();
        using DataWriter writer = folder.BeginWriting();
        string building = writer.NewGraphFolder();
        GraphManifest manifest = GraphImport.Import(path, building, options, progress, cancel);
        PublishedGraph published = writer.PublishGraph(building, manifest, cancel: cancel);
        return new ImportReport(null, published, Stopwatch.GetElapsedTime(start).TotalSeconds);
    }
}
