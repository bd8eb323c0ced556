using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Pipeline;

/// <summary>
/// The run that another begins from: its authority is the first guess, its model tells topics, and what it told of pages that did
/// not change is taken over. <c>page_ids.npy</c> (u4, the store's number of each page node) and <c>store_version</c> in
/// timings.json tie it to the state of the store it was made of; both lie beside what is published, for they depend on the order of
/// writing.
/// </summary>
internal sealed class RunBefore : IDisposable
{
    public const string IdsName = "page_ids";
    public const string VersionName = "store_version";

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
            uint[] numbers;
            using (MappedArray<uint> mapped = MappedArray<uint>.Open(ids))
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
        float[] carried = new float[(long)now.NodeCount * columns];
        for (int node = 0; node < places.Length; node++)
            if (places[node] >= 0)
                for (int k = 0; k < columns; k++)
                    carried[(long)node * columns + k] = (float)rows[(long)places[node] * columns + k];
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

    public void Dispose() => Run.Dispose();

    /// <summary>Of each node now, its number then, −1 for a new one. Both are in key order.</summary>
    private static int[] Places(LinkGraph then, LinkGraph now)
    {
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
        return places;
    }

    /// <summary>A run of another store has other numbers: some are looked up.</summary>
    private void CheckStore(ILinkStore store, DataFolder folder)
    {
        const int looked = 8; // each is a pass over all hashes
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
