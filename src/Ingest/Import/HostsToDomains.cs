using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>How hosts become domains.</summary>
public sealed record HostsToDomainsOptions
{
    /// <summary>Use the private section of the public suffix list too. Default false, as Common Crawl's domain graphs.</summary>
    public bool PrivateSuffixes { get; init; }

    /// <summary>A host that is itself a public suffix with a dot (<c>gov.ac</c>) is a domain of its own; else it is dropped.</summary>
    public bool MultiPartSuffixesAsDomains { get; init; }

    /// <summary>Do not fold by public suffix: remove a leading <c>www.</c> only, and only where two labels remain.</summary>
    public bool StripWwwOnly { get; init; }

    /// <summary>Keep hosts under a top-level domain that is not on the list (folded by the implied rule <c>*</c>), addresses
    /// and single labels (as they are). Default false: they are dropped, as in Common Crawl's domain graphs.</summary>
    public bool KeepUnlisted { get; init; }

    /// <summary>The list, or null for the one built in.</summary>
    public PublicSuffixList? List { get; init; }

    /// <inheritdoc cref="GraphBuilderOptions.MemoryBytes"/>
    public long MemoryBytes { get; init; } = new GraphBuilderOptions().MemoryBytes;

    /// <inheritdoc cref="GraphBuilderOptions.Threads"/>
    public int Threads { get; init; }
}

/// <summary>
/// Folds a graph of hosts (or pages) to one of registrable domains, as Common Crawl's cc-webgraph folds its host graph:
/// every host stands for its domain, links within a domain are dropped, links between two domains become one. Kept are
/// <c>out_counts</c>, the number of distinct host links behind a domain link, weights summed where the hosts' graph has
/// them, and the array <c>hosts</c> (u4, n), the number of hosts behind a domain. How many hosts have no domain and were
/// dropped stands in the manifest's source as <c>dropped_hosts</c>.
/// <para>
/// Order is the trap. Keys ascend byte by byte, and <c>-</c> sorts before <c>.</c>: in <c>ac.e-bike, ac.e.shop</c> the
/// domain <c>ac.e</c> is met after <c>ac.e-bike</c>, yet comes before it; likewise <c>name.his</c> may be met after
/// <c>name.his.forgot.ben</c>. A domain D must wait until no host to come can fold to D or to a domain before D. If such
/// a host K′ ≥ K (the current one) folds to D′ ≤ D, then D′ is a prefix of K′, and D and K lie between the two, so D′ is
/// a prefix of both: D waits exactly as long as it has a prefix D′ (or is one) that can be a domain, where K goes on
/// with nothing or a byte up to <c>.</c>. The waiting ones are few but under a large domain that is itself split by
/// longer suffixes.
/// </para>
/// <para>Cost: one pass over names and one over links. Memory: the builder's, and 8 bytes a host in mapped scratch files.</para>
/// </summary>
public static class HostsToDomains
{
    private const uint NoDomain = uint.MaxValue;

    /// <summary>Writes the domain graph into <paramref name="folder"/>, which exists and is empty.</summary>
    /// <exception cref="ArgumentException"><paramref name="hosts"/> has no names.</exception>
    public static unsafe GraphManifest Fold(LinkGraph hosts, string folder, HostsToDomainsOptions? options = null,
        IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        options ??= new();
        if (!hosts.Names.Stored && hosts.NodeCount > 0)
            throw new ArgumentException($"the graph in {hosts.Folder} has no names, so its hosts cannot be folded to domains", nameof(hosts));
        using MappedScratch domainOf = new(Path.Combine(folder, "domain-of-host.raw"), hosts.NodeCount);
        using NodeNamesWriter names = new(folder);
        using HostCounts counts = new(Path.Combine(folder, "hosts.raw"));
        long dropped = FoldNames(hosts, folder, options, domainOf, names, counts, progress, cancel);

        var how = new SortedDictionary<string, string>(StringComparer.Ordinal)
        {
            ["fold"] = options.StripWwwOnly ? "www" : options.PrivateSuffixes ? "private" : "icann",
            ["dropped_hosts"] = dropped.ToString(System.Globalization.CultureInfo.InvariantCulture),
        };
        if (options.MultiPartSuffixesAsDomains)
            how["multi_part_suffixes"] = "domains";
        if (options.KeepUnlisted)
            how["unlisted"] = "kept";
        foreach ((string key, string value) in hosts.Manifest.Source?.Options ?? new Dictionary<string, string>())
            how.TryAdd(key, value);
        using GraphBuilder builder = new(folder, new GraphBuilderOptions
        {
            Granularity = options.StripWwwOnly ? "host" : "domain",
            Source = new GraphSource(hosts.Manifest.Source?.Format ?? "fold", hosts.Manifest.Source?.Name ?? "", how),
            DropSelfLinks = true,
            MemoryBytes = options.MemoryBytes,
            Threads = options.Threads,
        });
        FoldLinks(hosts, domainOf.Pointer, builder, progress, cancel);
        if (counts.Count > 0)
            counts.AddTo(builder);
        return builder.Build(names.Count, names, progress, cancel);
    }

    /// <summary>Fills <paramref name="domainOf"/>, writes the domains in order and returns how many hosts have none.</summary>
    private static unsafe long FoldNames(LinkGraph hosts, string folder, HostsToDomainsOptions options, MappedScratch domainOf,
        NodeNamesWriter names, HostCounts counts, IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        var fold = new FoldRule(options);
        // Domains get a number when they are met and their node when they are written.
        using MappedScratch nodeOf = new(Path.Combine(folder, "node-of-domain.raw"), hosts.NodeCount);
        var waiting = new SortedDictionary<byte[], Waiting>(Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        Waiting? last = null;
        uint met = 0;
        long dropped = 0;
        int host = -1;
        foreach (ReadOnlySpan<byte> key in hosts.Names.EnumerateKeys())
        {
            if (++host % (1 << 18) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("folding names", host, hosts.NodeCount, "nodes"));
            }
            int tab = key.IndexOf((byte)'\t');
            ReadOnlySpan<byte> name = tab < 0 ? key : key[..tab]; // a page's key starts with its host's
            int length = fold.DomainLength(name);
            if (length == 0)
            {
                domainOf.Pointer[host] = NoDomain;
                dropped++;
                continue;
            }
            ReadOnlySpan<byte> domain = name[..length];
            if (last is null || !domain.SequenceEqual(last.Key))
            {
                while (waiting.Count > 0 && waiting.First().Value is var first && fold.IsComplete(first.Key, key))
                    Write(first);
                byte[] copy = domain.ToArray();
                if (!waiting.TryGetValue(copy, out last))
                    waiting.Add(copy, last = new Waiting(copy, met++));
            }
            last.Hosts++;
            domainOf.Pointer[host] = last.Number;
        }
        while (waiting.Count > 0)
            Write(waiting.First().Value);
        for (int h = 0; h < hosts.NodeCount; h++)
            if (domainOf.Pointer[h] != NoDomain)
                domainOf.Pointer[h] = nodeOf.Pointer[domainOf.Pointer[h]];
        return dropped;

        void Write(Waiting domain)
        {
            nodeOf.Pointer[domain.Number] = (uint)names.Count;
            names.Add(domain.Key);
            counts.Add(domain.Hosts);
            waiting.Remove(domain.Key);
        }
    }

    private static unsafe void FoldLinks(LinkGraph hosts, uint* domainOf, GraphBuilder builder,
        IProgress<StepProgress>? progress, CancellationToken cancel)
    {
        ulong[] links = new ulong[1 << 14];
        int filled = 0;
        for (int u = 0; u < hosts.NodeCount; u++)
        {
            if (u % (1 << 16) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("folding links", hosts.OutOffsets[u], hosts.LinkCount, "links"));
            }
            uint source = domainOf[u];
            if (source == NoDomain)
                continue;
            long position = hosts.OutOffsets[u];
            foreach (uint v in hosts.OutOf(u))
            {
                uint target = domainOf[v];
                float weight = hosts.OutWeights is null ? 1 : hosts.OutWeights[position];
                position++;
                if (target == NoDomain || target == source)
                    continue;
                if (hosts.OutWeights is not null)
                    builder.Add(source, target, weight);
                else
                {
                    links[filled++] = (ulong)source << 32 | target;
                    if (filled == links.Length)
                    {
                        builder.AddRange(links);
                        filled = 0;
                    }
                }
            }
        }
        builder.AddRange(links.AsSpan(0, filled));
    }

    /// <summary>A domain that may still get hosts, or precede one that is not known yet.</summary>
    private sealed class Waiting(byte[] key, uint number)
    {
        public readonly byte[] Key = key;
        public readonly uint Number = number;
        public uint Hosts;
    }

    /// <summary>The rule that takes a host's key to its domain's, a prefix of it.</summary>
    private sealed class FoldRule(HostsToDomainsOptions options)
    {
        private readonly PublicSuffixList _list = options.List ?? PublicSuffixList.BuiltIn;

        /// <summary>0 where the host has no domain.</summary>
        public int DomainLength(ReadOnlySpan<byte> host)
        {
            if (host.IsEmpty)
                return 0;
            if (options.StripWwwOnly)
                return host.EndsWith(".www"u8) && host[..^4].Contains((byte)'.') ? host.Length - 4 : host.Length;
            int length = _list.DomainLength(host, options.PrivateSuffixes, out bool listed);
            if (!listed)
                return !options.KeepUnlisted ? 0 : length > 0 ? length : host.Length;
            return length > 0 ? length : options.MultiPartSuffixesAsDomains && host.Contains((byte)'.') ? host.Length : 0;
        }

        /// <summary>Whether no host from <paramref name="key"/> on folds to <paramref name="domain"/> or one before it.</summary>
        public bool IsComplete(ReadOnlySpan<byte> domain, ReadOnlySpan<byte> key)
        {
            int common = domain.CommonPrefixLength(key);
            for (int length = 1; length <= common; length++)
            {
                bool domainGoesOn = length == domain.Length || domain[length] <= '.';
                bool keyGoesOn = length == key.Length || key[length] <= '.';
                if (domainGoesOn && keyGoesOn && CanBeDomain(domain[..length]))
                    return false;
            }
            return true;
        }

        private bool CanBeDomain(ReadOnlySpan<byte> prefix) => options.StripWwwOnly
            ? prefix.Contains((byte)'.')
            : DomainLength(prefix) == prefix.Length;
    }
}
