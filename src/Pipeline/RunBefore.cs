using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Pipeline;

/// <summary>
/// The run that another begins from: its authority is the first guess, its model tells topics, and what it told of pages that did
/// not change is taken over. <c>page_ids.npy</c> (u4, the store's number of each page node) and <c>store_version</c> in
/// timings.json tie it to the state of the store it was made of; both lie beside what is published, for they depend on the order of
/// writing. So do, for they serve this alone, <c>told_similarities.npy</c> (f4, of the pages of each out-link),
/// <c>page_simhashes.npy</c> and <c>page_networks.npy</c> (u8, see <see cref="PageMarks"/>). Their checksums are <c>asides</c> in timings.json;
/// a run that was made before there were any is begun from as it is.
/// </summary>
internal sealed class RunBefore : IDisposable
{
    public const string IdsName = "page_ids";
    public const string VersionName = "store_version";
    public const string SimilaritiesName = "told_similarities";
    public const string SimHashesName = "page_simhashes";
    public const string NetworksName = "page_networks";

    private const int RangeNodes = 1 << 14;

    private int[]? _pagePlaces, _domainPlaces;

    private RunBefore(Run run, uint[] ids, long version) => (Run, Ids, Version) = (run, ids, version);

    public Run Run { get; }

    /// <summary>The store's number of each of its page nodes.</summary>
    public uint[] Ids { get; }

    /// <summary>Of the store, when it was made.</summary>
    public long Version { get; }

    public LinkGraph Domains => Run.Graph;

    public LinkGraph Pages => Run.Pages!.Graph;

    /// <summary>Opens a run to begin from.</summary>
    /// <param name="id">Null for the current one.</param>
    /// <exception cref="StoreException">There is no such run, or it is not of this store as it was.</exception>
    public static RunBefore Open(DataFolder folder, ILinkStore store, string? id, CancellationToken cancel)
    {
        Run run = folder.OpenRun(id, cancel);
        try
        {
            string ids = Path.Combine(run.Folder, $"{IdsName}.npy");
            if (run.Pages is null || !File.Exists(ids) || Run.Timings(run.Folder)?[VersionName] is not JsonValue version)
                throw new StoreException(run.Folder, "is no run of the link store to begin from; rank without --since");
            CheckAsides(run.Folder, cancel);
            uint[] numbers;
            using (MappedArray<uint> mapped = OpenAside<uint>(ids))
                numbers = mapped.Length == run.Pages.Graph.NodeCount ? mapped.Slice(0, (int)mapped.Length).ToArray()
                    : throw new StoreException(ids, "is not as long as the run has pages; rank without --since");
            var before = new RunBefore(run, numbers, (long)version);
            before.CheckStore(store, folder);
            return before;
        }
        catch
        {
            run.Dispose();
            throw;
        }
    }

    /// <summary>Whether this run was made with the same options where they change graphs.</summary>
    public bool HasGraphsOf(StoreRunOptions options) => Run.Manifest.Configuration.TryGetValue("store", out JsonObject? store)
        && JsonNode.DeepEquals(store, StoreRunSteps.Describe(options));

    /// <summary>Its model of topics, or null where it has none of this taxonomy.</summary>
    public TopicModel? Model(Taxonomy taxonomy)
    {
        if (Run.Document("taxonomy.json") is not { } document || !document.AsSpan().SequenceEqual(taxonomy.ToBytes()) || Run.Array<int>("model_terms") is null)
            return null;
        return TopicModel.Of(taxonomy, new TopicModelState(All<int>("model_terms"), All<float>("model_rarities"), All<int>("model_places"), All<int>("model_rows"),
            All<ushort>("model_topics"), All<float>("model_weights"), All<double>("model_calibration")));
    }

    /// <summary>What it told of its pages.</summary>
    /// <param name="changed">The store's numbers of pages that are to be told anew.</param>
    public ToldPages Told(IReadOnlySet<long> changed)
    {
        long[] ids = [.. All<uint>("told_pages").Select(node => changed.Contains(Ids[node]) ? -1 : (long)Ids[node])];
        return new ToldPages(ids, All<float>("told_topics"), All<float>("told_confidence"), All<ushort>("told_words"), All<uint>("told_sketches"));
    }

    /// <summary>Numbers of a score, n or n×K, carried over to a graph whose nodes are named alike; 0 for nodes that are new.</summary>
    public float[] Rows(string name, LinkGraph then, LinkGraph now, int columns)
    {
        if (Run.Array<double>(name) is not { } rows || rows.Length != (long)then.NodeCount * columns)
            return [];
        int[] places = Places(then, now);
        float[] carried = GC.AllocateUninitializedArray<float>(checked(now.NodeCount * columns));
        Parallel.For(0, (places.Length + RangeNodes - 1) / RangeNodes, range =>
        {
            for (int node = range * RangeNodes; node < Math.Min(places.Length, (range + 1) * RangeNodes); node++)
            {
                Span<float> row = carried.AsSpan(node * columns, columns);
                if (places[node] < 0)
                    row.Clear();
                else
                {
                    ReadOnlySpan<double> old = rows.Slice((long)places[node] * columns, columns);
                    for (int k = 0; k < row.Length; k++)
                        row[k] = (float)old[k];
                }
            }
        });
        return carried;
    }

    /// <summary>Raw authority carried over to a graph whose nodes are named alike; 1 for nodes that are new. Null where the run has none.</summary>
    public double[]? Raw(string name, LinkGraph then, LinkGraph now)
    {
        if (Run.Array<double>(name) is not { } raw || raw.Length != then.NodeCount)
            return null;
        int[] places = Places(then, now);
        double[] carried = new double[now.NodeCount];
        for (int node = 0; node < carried.Length; node++)
            carried[node] = places[node] >= 0 ? raw[places[node]] : 1;
        return carried;
    }

    /// <summary>What was found of the similarity of the two pages of each out-link and still holds, −1 for nothing; null where it was not kept.</summary>
    /// <param name="ids">The store's number of each node now.</param>
    /// <param name="changed">The store's numbers of pages that were told anew.</param>
    public float[]? Similarities(LinkGraph now, uint[] ids, IReadOnlySet<long> changed)
    {
        using MappedArray<float>? kept = Aside<float>(SimilaritiesName, Pages.LinkCount);
        if (kept is null)
            return null;
        int[] places = Places(Pages, now);
        for (int node = 0; node < ids.Length; node++)
            if (places[node] >= 0 && (Ids[places[node]] != ids[node] || changed.Contains(ids[node])))
                places[node] = -1;
        float[] known = GC.AllocateUninitializedArray<float>(checked((int)now.LinkCount));
        Parallel.For(0, (ids.Length + RangeNodes - 1) / RangeNodes, range =>
        {
            for (int node = range * RangeNodes; node < Math.Min(ids.Length, (range + 1) * RangeNodes); node++)
            {
                ReadOnlySpan<uint> targets = now.OutOf(node), old = places[node] < 0 ? [] : Pages.OutOf(places[node]);
                Span<float> row = known.AsSpan((int)now.OutOffsets[node], targets.Length);
                ReadOnlySpan<float> from = old.IsEmpty ? [] : kept.Slice(Pages.OutOffsets[places[node]], old.Length);
                for (int i = 0, j = 0; i < row.Length; i++) // both ascend, and nodes are in the same order then and now
                {
                    int place = places[targets[i]];
                    while (place >= 0 && j < old.Length && old[j] < (uint)place)
                        j++;
                    row[i] = place >= 0 && j < old.Length && old[j] == (uint)place ? from[j] : -1;
                }
            }
        });
        return known;
    }

    /// <summary>What was noted of pages, as it was; false where it was not kept.</summary>
    public bool TryTake(PageMarks marks)
    {
        using MappedArray<ulong>? simHashes = Aside<ulong>(SimHashesName, Ids.Length), networks = Aside<ulong>(NetworksName, Ids.Length);
        if (simHashes is null || networks is null)
            return false;
        for (int node = 0; node < Ids.Length; node++)
            marks.Take(Ids[node], simHashes[node], networks[node]);
        return true;
    }

    public void Dispose() => Run.Dispose();

    /// <summary>Of each node now, its number then, −1 for a new one. Both are in key order.</summary>
    private int[] Places(LinkGraph then, LinkGraph now)
    {
        ref int[]? known = ref then == Pages ? ref _pagePlaces : ref _domainPlaces; // discounts change no node
        if (known?.Length == now.NodeCount)
            return (int[])known.Clone();
        int[] places = new int[now.NodeCount];
        NodeNames.KeyEnumerator old = then.Names.EnumerateKeys(), keys = now.Names.EnumerateKeys();
        int at = -1;
        bool more = old.MoveNext();
        at += more ? 1 : 0;
        for (int node = 0; keys.MoveNext(); node++)
        {
            while (more && old.Current.SequenceCompareTo(keys.Current) < 0)
            {
                more = old.MoveNext();
                at += more ? 1 : 0;
            }
            places[node] = more && old.Current.SequenceEqual(keys.Current) ? at : -1;
        }
        known = places;
        return (int[])places.Clone();
    }

    private MappedArray<T>? Aside<T>(string name, long length) where T : unmanaged
    {
        string path = Path.Combine(Run.Folder, $"{name}.npy");
        if (!File.Exists(path))
            return null;
        MappedArray<T> array = OpenAside<T>(path);
        if (array.Length == length)
            return array;
        array.Dispose();
        return null;
    }

    private static MappedArray<T> OpenAside<T>(string path) where T : unmanaged
    {
        try
        {
            return MappedArray<T>.Open(path);
        }
        catch (GraphException e)
        {
            throw new StoreException(path, "cannot be read; rank without --since", e);
        }
    }

    /// <summary>Every byte of what the run before keeps for this one alone: at once, not when the half of the work is done.</summary>
    private static void CheckAsides(string folder, CancellationToken cancel)
    {
        IReadOnlyDictionary<string, ArrayEntry>? kept;
        try
        {
            kept = Run.Asides(folder);
        }
        catch (StoreException e)
        {
            throw new StoreException(e.Path, "was altered: its list of files beside the run cannot be read; rank without --since", e);
        }
        if (kept is null)
            return; // of a version that kept no checksums: what is too short is still found
        foreach (string name in (string[])[IdsName, SimilaritiesName, SimHashesName, NetworksName])
        {
            string path = Path.Combine(folder, $"{name}.npy");
            if (!kept.TryGetValue(name, out ArrayEntry? entry) || entry is null)
            {
                if (File.Exists(path))
                    throw new StoreException(path, "is not of this run: timings.json does not list it; rank without --since");
                continue;
            }
            try
            {
                entry.Verify(folder, name, "timings.json", "rank without --since", cancel);
            }
            catch (IOException e)
            {
                throw new StoreException(path, $"was altered, torn or lost since run {Path.GetFileName(folder)} was made; rank without --since", e);
            }
        }
    }

    /// <summary>A run of another store has other numbers: some are looked up.</summary>
    private void CheckStore(ILinkStore store, DataFolder folder)
    {
        const int looked = 3; // each is a pass over all hashes
        bool same = store.Version >= Version;
        for (int i = 0; same && i < Math.Min(looked, Ids.Length); i++)
        {
            int node = (int)((long)i * Ids.Length / Math.Min(looked, Ids.Length));
            same = store.FindPage(Pages.Names[node])?.Id == Ids[node];
        }
        if (!same)
            throw new StoreException(folder.Path, $"run {Run.Id} was made of another link store than is there now; rank without --since");
    }

    private T[] All<T>(string name) where T : unmanaged
    {
        MappedArray<T> array = Run.Array<T>(name) ?? throw new StoreException(Run.Folder, $"has no array '{name}'; rank without --since");
        T[] values = new T[array.Length];
        for (long at = 0; at < values.Length; at += 1 << 20)
            array.Slice(at, (int)Math.Min(1 << 20, values.Length - at)).CopyTo(values.AsSpan((int)at));
        return values;
    }
}
