using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Pipeline;

/// <summary>A run that was made: of the link store or of a graph.</summary>
public sealed record RankReport(StoreRunResult? Store, GraphRunResult? Graph)
{
    public string RunId => Store?.RunId ?? Graph!.RunId;
}

/// <summary>A run that is to be made: its files are read and its options known.</summary>
public sealed record RankPlan
{
    public required DataFolder Folder { get; init; }

    /// <summary>For a run of the link store; else null.</summary>
    public StoreRunOptions? Store { get; init; }

    /// <summary>The graph that is ranked where <see cref="Store"/> is null.</summary>
    public string? GraphId { get; init; }

    public GraphRunOptions? Graph { get; init; }

    /// <summary>The plan with a note of who asked for it, see <see cref="StoreRunOptions.AskedBy"/>.</summary>
    public RankPlan For(string asking) => this with { Store = Store is null ? null : Store with { AskedBy = asking }, Graph = Graph is null ? null : Graph with { AskedBy = asking } };

    /// <summary>The run that was published for somebody, or null: the newest few are looked at.</summary>
    public static string? Published(DataFolder folder, string asking) => folder.RunIds().TakeLast(20).LastOrDefault(id => (string?)Run.Timings(Path.Combine(folder.Runs, id))?["asked_by"] == asking);

    /// <summary>Makes the run and publishes it.</summary>
    /// <exception cref="StoreException">Another process writes to the folder, or what is to be ranked cannot be read.</exception>
    /// <exception cref="IOException">The disk is full or fails; nothing was published.</exception>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    public RankReport Make(IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        if (Store is null)
            return new RankReport(null, GraphRun.Make(Folder, GraphId!, Graph, progress, cancel));
        using DataWriter writer = Folder.BeginWriting();
        return new RankReport(StoreRun.Make(writer, Store, progress, cancel), null);
    }
}

/// <summary>From what a user asks of a run to what the libraries are told.</summary>
public static class Ranking
{
    /// <summary>Decides what is ranked and reads the files that the request names.</summary>
    /// <param name="note">Told what was decided where the request leaves it open.</param>
    /// <exception cref="ArgumentException">A value is out of its range, or two exclude each other.</exception>
    /// <exception cref="StoreException">There is nothing to rank, or no graph of that id.</exception>
    /// <exception cref="IOException">A file cannot be read, or is not what it should be.</exception>
    public static RankPlan Plan(DataFolder folder, RankRequest request, Action<string>? note = null)
    {
        request.Check();
        HashSet<string> extras = request.Extras;
        var harmonic = new HarmonicOptions();
        harmonic = harmonic with { Method = request.Harmonic ?? harmonic.Method, Log2Registers = request.Log2Registers ?? harmonic.Log2Registers, Threads = request.Threads ?? 0 };
        Func<NodeNames, IReadOnlyDictionary<int, double>>? seeds = request.Seeds is { } trusted ? names => SeedFile.Read(trusted, names) : null;
        if (request.AsksForStore is not null || (request.Graph is null && StoreChangedLast(folder, note)))
        {
            StoreRunOptions options = OfStore(request) with { Seeds = seeds, With = extras, Harmonic = harmonic };
            (request with { Store = true }).Check(); // the store was not asked for, but is what changed last
            if (!folder.HasLinks)
                throw new StoreException(folder.Path, "has no link store yet: crawl or import first"); // before a folder is made for it
            return new RankPlan { Folder = folder, Store = options };
        }
        string id = folder.GraphId(request.Graph);
        (request with { Graph = id }).Check();
        var standard = new PageRankOptions();
        return new RankPlan
        {
            Folder = folder,
            GraphId = id,
            Graph = new GraphRunOptions
            {
                PageRank = standard with
                {
                    Damping = request.Damping ?? standard.Damping,
                    Tolerance = request.Tolerance ?? standard.Tolerance,
                    MaxRounds = request.MaxRounds ?? standard.MaxRounds,
                    Dangling = request.Dangling ?? standard.Dangling,
                    Weighted = !request.Unweighted,
                    Threads = request.Threads ?? standard.Threads,
                },
                Seeds = seeds,
                With = extras,
                Harmonic = harmonic,
            },
        };
    }

    private static StoreRunOptions OfStore(RankRequest request)
    {
        HostFold hosts = HostFold.Parse(request.Fold ?? "domain");
        HashSet<string> left = request.Left;
        OwnerFile? owned = request.Owners is { } file ? OwnerFile.Read(file) : null;
        var standard = new StoreRunOptions { Fold = hosts.Of, FoldName = hosts.Name };
        return standard with
        {
            Owner = owned is null ? null : owned.OwnerOf,
            OwnerName = owned?.Digest ?? "",
            Profile = request.Unweighted ? LinkProfile.Uniform : LinkProfileFile.Find(request.Profile ?? LinkProfile.Default.Name),
            Damping = request.Damping ?? standard.Damping,
            MaxRounds = request.MaxRounds ?? standard.MaxRounds,
            Taxonomy = request.Taxonomy is { } topics ? Taxonomy.Read(topics) : Taxonomy.Default,
            Topics = !left.Contains("topics"),
            Spam = !left.Contains("spam"),
            Discount = !left.Contains("discount"),
            Rows = !left.Contains("rows"),
            Since = request.Since,
            TopicsOf = request.TopicsOf,
            Threads = request.Threads ?? standard.Threads,
        };
    }

    private static bool StoreChangedLast(DataFolder folder, Action<string>? note)
    {
        if (folder.LinksChanged is not { } links)
            return false;
        if (folder.GraphImported is not { } graph)
            return true;
        note?.Invoke(links > graph ? $"note: ranking the link store, which changed after graph {folder.CurrentGraph} was imported; --graph {folder.CurrentGraph} ranks that"
            : $"note: ranking graph {folder.CurrentGraph}, which was imported after the link store changed; --store ranks that");
        return links > graph;
    }
}
