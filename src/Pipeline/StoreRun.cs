using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>
/// A run of the link store, from what was observed to what is published:
/// <code>
/// topics of pages ─► link weights ─► page graph, domain graph ─► authority of domains ─► spam clusters
///                                                │                                          │ discount
///                                                └──────────────► authority of pages and domains ─► topical ranks ─► run
/// </code>
/// Links inside confirmed clusters lose weight in both graphs, and what they lose evaporates (<see cref="ReweighedGraph"/>); the
/// authority that domains had before is kept beside (<c>raw_before</c>). Nothing is visible until all is done; the same store and
/// options give the same bytes on any number of threads.
/// </summary>
public static class StoreRun
{
    /// <summary>Makes a run and publishes it.</summary>
    /// <param name="writer">Holds the lock of the data folder.</param>
    /// <exception cref="StoreException">The store cannot be read.</exception>
    /// <exception cref="IOException">The disk is full or fails; nothing was published.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public static StoreRunResult Make(DataWriter writer, StoreRunOptions options, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        if (!writer.Folder.HasLinks)
            throw new StoreException(writer.Folder.Path, "has no link store yet: crawl or import first");
        using var steps = new StoreRunSteps(writer, options, progress, cancel);
        return steps.Run();
    }
}
