using Backlinks.GraphEngine;

namespace Backlinks.Spam;

/// <summary>What is planted.</summary>
public enum PlantedKind
{
    /// <summary>Boosters that link to one target.</summary>
    Star,

    /// <summary>Boosters that link to one target and to many of each other.</summary>
    Dense,

    /// <summary>Boosters that link to one target and to the next of them.</summary>
    Ring,

    /// <summary>Boosters that link to several targets and to twice as many good sites.</summary>
    Bipartite,

    /// <summary>Blogs on expired domains that link to one customer each and do not know each other, with an account and texts in common.</summary>
    BlogNetwork,

    /// <summary>The same with nothing in common: from links alone nothing can be claimed.</summary>
    BlogNetworkBare,

    /// <summary>Honest: one owner's sites, which link to each other; the owner is known.</summary>
    FamilyKnown,

    /// <summary>Honest: the same where the owner is not known.</summary>
    FamilyUnknown,

    /// <summary>Honest: lists sites, some of which link back.</summary>
    Directory,

    /// <summary>Honest: blogs with links to the next and the one before, half of them with a page that all link to.</summary>
    BlogRing,

    /// <summary>Honest: branches on hosts of one domain, all with one text.</summary>
    Franchise,

    /// <summary>Honest: departments on hosts of one domain, which link to each other and to the world.</summary>
    University,
}

/// <summary>A group as planted.</summary>
/// <param name="Members">Nodes, targets included.</param>
/// <param name="Targets">Whom it boosts; empty for honest groups.</param>
public sealed record PlantedGroup(PlantedKind Kind, int[] Members, int[] Targets)
{
    public bool Spam => Kind <= PlantedKind.BlogNetworkBare;
}

/// <summary>How much is planted.</summary>
public sealed record PlantedFarmsOptions
{
    public int Seed { get; init; } = 1;

    /// <summary>Farms of each spam kind, 0 or more. Default 4.</summary>
    public int Farms { get; init; } = 4;

    /// <summary>Members of the smallest farm, targets included; at least 8. Default 12.</summary>
    public int Smallest { get; init; } = 12;

    /// <summary>Members of the largest; sizes are uniform in the logarithm. Default 300.</summary>
    public int Largest { get; init; } = 300;

    /// <summary>Boosters of one further star, dense farm and ring each, 0 for none. Default 1,000: the farm whose gain is measured.</summary>
    public int Great { get; init; } = 1000;

    /// <summary>Directories, rings, franchises and universities, of each. Default 4.</summary>
    public int LookAlikes { get; init; } = 4;

    /// <summary>Sizes of corporate families; planted twice, with owners known and unknown.</summary>
    public IReadOnlyList<int> Families { get; init; } = [];

    /// <summary>Links that a booster gets from hosts of the background on average (comments, hacked pages, reciprocal favours): how
    /// farms are found by crawlers. Default .7.</summary>
    public double HijackedLinks { get; init; } = 0.7;
}

/// <summary>
/// Farms and honest look-alikes planted over a real graph, for measuring detectors. Everything is drawn from a seed.
/// <list type="bullet">
/// <item>A hijacked link comes from a host of the background drawn uniformly of those that link; an honest link in half of the cases,
/// in the other half from the source of a link drawn uniformly, as links of real hosts do (directories give most). A good
/// site is the target of a link drawn uniformly, so popular sites are drawn by their in-links.</item>
/// <item>Farms: each booster has Poisson(<see cref="PlantedFarmsOptions.HijackedLinks"/>) hijacked links and 0 to 5 links to
/// good sites for camouflage; boosters of dense farms and rings
/// skip the target with probability .05. A target has Poisson(1) honest links and links to 0 to 2
/// good sites. Dense: each pair with probability min(.5, 20/k). Bipartite: 3 to 5 targets, each linked with probability .7, and
/// twice as many good sites. Blog networks: 1 + Poisson(2) old honest links a blog, 3 to 8 links to good sites, one customer
/// for some six blogs with 1 + Poisson(1) honest links; an account for some 25 blogs (nine of ten blogs show it) and
/// texts spun from one source (SimHashes 0 to 2 bits apart, four of five blogs).</item>
/// <item>Families: each site 2 + Poisson(4) honest links, links to each other site with probability .8 and to 1 to 5 good sites;
/// six of ten show one account. Directories: 40 to 300 entries, half of them small sites of their own with 1 to 3 honest links,
/// a third of which link back; 2 + Poisson(4) honest links. Rings: 12 to 40 blogs with 1 + Poisson(2.5) honest links each and
/// links to 5 to 30 hosts. Franchises and universities: 8 to 25 hosts of one domain, all linked, with 1 + Poisson(2) honest
/// links each; the branches share an account and texts.</item>
/// </list>
/// Weights are 1 + a geometric number, as links are counted in host graphs.
/// </summary>
public sealed class PlantedFarms
{
    private readonly Random _random;
    private readonly PlantedFarmsOptions _options;
    private readonly LinkGraph _background;
    private readonly int[] _sources; // of each link of the background
    private readonly int[] _linking; // background nodes with out-links
    private readonly List<(int Source, int Target, int Weight)> _links = [];
    private readonly List<PlantedGroup> _groups = [];
    private readonly SortedDictionary<int, List<ulong>> _accounts = [], _texts = [];
    private readonly SortedDictionary<int, uint> _owners = [], _sites = [];
    private int _nodes;
    private uint _number; // of owners and sites

    private PlantedFarms(LinkGraph background, PlantedFarmsOptions options, uint sites)
    {
        (_background, _options, _random, _nodes, _number) = (background, options, new Random(options.Seed), background.NodeCount, sites);
        _sources = new int[background.LinkCount];
        for (int node = 0; node < _nodes; node++)
            _sources.AsSpan((int)background.OutOffsets[node], (int)background.OutDegree(node)).Fill(node);
        _linking = [.. Enumerable.Range(0, _nodes).Where(u => background.OutDegree(u) > 0)];
    }

    public IReadOnlyList<PlantedGroup> Groups => _groups;

    /// <summary>Nodes of the background; those planted follow.</summary>
    public int Background => _background.NodeCount;

    /// <summary>All that is known of the graph, authority included.</summary>
    public SpamInput Input { get; private set; } = null!;

    /// <summary>Plants and builds the whole graph in an empty folder; the caller disposes <see cref="SpamInput.Graph"/> and deletes it.</summary>
    /// <param name="sites">Registrable domain of each node of the background, see <see cref="SpamInput.Sites"/>; null for unknown.</param>
    /// <exception cref="ArgumentException">The background has no links, or an option is out of range.</exception>
    public static PlantedFarms Build(LinkGraph background, uint[]? sites, string folder, PlantedFarmsOptions? options = null, CancellationToken cancel = default)
    {
        options ??= new PlantedFarmsOptions();
        if (background.LinkCount == 0)
            throw new ArgumentException("the background has no links to draw from", nameof(background));
        if (options.Smallest < 8 || options.Largest < options.Smallest)
            throw new ArgumentOutOfRangeException(nameof(options), options.Smallest, $"farms must have at least 8 members and at most {options.Largest}");
        var planted = new PlantedFarms(background, options, sites is { Length: > 0 } ? sites.Max() : 0);
        planted.PlantAll();
        planted.Finish(sites, folder, cancel);
        return planted;
    }

    private void PlantAll()
    {
        for (int i = 0; i < _options.Farms; i++)
            for (PlantedKind kind = PlantedKind.Star; kind <= PlantedKind.BlogNetworkBare; kind++)
                Farm(kind, (int)Math.Round(_options.Smallest * Math.Pow(_options.Largest / (double)_options.Smallest, _random.NextDouble())));
        if (_options.Great > 0)
            foreach (PlantedKind kind in new[] { PlantedKind.Star, PlantedKind.Dense, PlantedKind.Ring })
                Farm(kind, _options.Great + 1);
        foreach (int size in _options.Families)
        {
            Family(size, known: true);
            Family(size, known: false);
        }
        for (int i = 0; i < _options.LookAlikes; i++)
        {
            Directory();
            BlogRing();
            OneDomain(PlantedKind.Franchise);
            OneDomain(PlantedKind.University);
        }
    }

    private void Farm(PlantedKind kind, int size)
    {
        int targets = kind switch
        {
            PlantedKind.Bipartite => Math.Min(_random.Next(3, 6), size / 4),
            PlantedKind.BlogNetwork or PlantedKind.BlogNetworkBare => Math.Max(2, size / 7),
            _ => 1,
        };
        int[] members = New(size), wanted = members[..targets], boosters = members[targets..];
        bool blogs = kind is PlantedKind.BlogNetwork or PlantedKind.BlogNetworkBare;
        foreach (int target in wanted)
        {
            Honest(target, blogs ? 1 + Poisson(1) : Poisson(1));
            Good(target, _random.Next(3));
        }
        double dense = Math.Min(0.5, 20.0 / boosters.Length);
        for (int i = 0; i < boosters.Length; i++)
        {
            int booster = boosters[i];
            if (blogs)
                Honest(booster, 1 + Poisson(2));
            else
                Hijacked(booster, Poisson(_options.HijackedLinks));
            switch (kind)
            {
                case PlantedKind.Bipartite:
                    int linked = 0;
                    foreach (int target in wanted)
                        if (_random.NextDouble() < 0.7)
                        {
                            Link(booster, target);
                            linked++;
                        }
                    Good(booster, 2 * Math.Max(1, linked));
                    continue;
                case PlantedKind.BlogNetwork or PlantedKind.BlogNetworkBare:
                    Link(booster, wanted[i % targets]);
                    Good(booster, _random.Next(3, 9));
                    continue;
                case PlantedKind.Dense:
                    foreach (int other in boosters)
                        if (other != booster && _random.NextDouble() < dense)
                            Link(booster, other);
                    break;
                case PlantedKind.Ring:
                    Link(booster, boosters[(i + 1) % boosters.Length]);
                    break;
            }
            if (kind == PlantedKind.Star || _random.NextDouble() >= 0.05)
                Link(booster, wanted[0]);
            Good(booster, _random.Next(6));
        }
        if (kind == PlantedKind.BlogNetwork)
        {
            Accounts(boosters, 25, 0.9);
            Texts(boosters, 0.8);
        }
        _groups.Add(new PlantedGroup(kind, members, wanted));
    }

    private void Family(int size, bool known)
    {
        int[] members = New(size);
        foreach (int site in members)
        {
            Honest(site, 2 + Poisson(4));
            Good(site, _random.Next(1, 6));
            foreach (int other in members)
                if (other != site && _random.NextDouble() < 0.8)
                    Link(site, other);
        }
        Accounts(members, members.Length, 0.6);
        _number++;
        if (known)
            foreach (int site in members)
                _owners[site] = _number;
        _groups.Add(new PlantedGroup(known ? PlantedKind.FamilyKnown : PlantedKind.FamilyUnknown, members, []));
    }

    private void Directory()
    {
        int entries = _random.Next(40, 301);
        int[] members = New(1 + entries / 2);
        Honest(members[0], 2 + Poisson(4));
        for (int i = 1; i < members.Length; i++)
        {
            Link(members[0], members[i]);
            Honest(members[i], _random.Next(1, 4));
            Good(members[i], _random.Next(1, 7));
            if (_random.Next(3) == 0)
                Link(members[i], members[0]);
        }
        Good(members[0], entries - entries / 2);
        _groups.Add(new PlantedGroup(PlantedKind.Directory, members, []));
    }

    private void BlogRing()
    {
        int[] blogs = New(_random.Next(12, 41));
        int hub = _random.Next(2) == 0 ? New(1)[0] : -1;
        if (hub >= 0)
            Honest(hub, 1 + Poisson(2));
        for (int i = 0; i < blogs.Length; i++)
        {
            Honest(blogs[i], 1 + Poisson(2.5));
            Good(blogs[i], _random.Next(5, 31));
            Link(blogs[i], blogs[(i + 1) % blogs.Length]);
            Link(blogs[i], blogs[(i + blogs.Length - 1) % blogs.Length]);
            if (hub >= 0)
                Link(blogs[i], hub);
        }
        _groups.Add(new PlantedGroup(PlantedKind.BlogRing, hub >= 0 ? [.. blogs, hub] : blogs, []));
    }

    private void OneDomain(PlantedKind kind)
    {
        int[] hosts = New(_random.Next(8, 26));
        _number++;
        foreach (int host in hosts)
        {
            _sites[host] = _number;
            Honest(host, 1 + Poisson(2));
            Good(host, kind == PlantedKind.University ? _random.Next(5, 41) : _random.Next(3));
            foreach (int other in hosts)
                if (other != host)
                    Link(host, other);
        }
        if (kind == PlantedKind.Franchise)
        {
            Accounts(hosts, hosts.Length, 0.9);
            Texts(hosts, 0.9);
        }
        _groups.Add(new PlantedGroup(kind, hosts, []));
    }

    private int[] New(int count)
    {
        _nodes += count;
        return [.. Enumerable.Range(_nodes - count, count)];
    }

    private void Link(int source, int target) => _links.Add((source, target, 1 + Geometric()));

    private void Hijacked(int target, int count)
    {
        for (; count > 0; count--)
            Link(_linking[_random.Next(_linking.Length)], target);
    }

    private void Honest(int target, int count)
    {
        for (; count > 0; count--)
            if (_random.Next(2) == 0)
                Hijacked(target, 1);
            else
                Link(_sources[_random.NextInt64(_background.LinkCount)], target);
    }

    private void Good(int source, int count)
    {
        for (; count > 0; count--)
            Link(source, (int)_background.OutLinks[_random.NextInt64(_background.LinkCount)]);
    }

    private void Accounts(int[] members, int perAccount, double shown)
    {
        ulong account = (ulong)_random.NextInt64() | 1;
        for (int i = 0; i < members.Length; i++)
        {
            if (i > 0 && i % perAccount == 0)
                account = (ulong)_random.NextInt64() | 1;
            if (_random.NextDouble() < shown)
                _accounts[members[i]] = [account];
        }
    }

    private void Texts(int[] members, double shown)
    {
        ulong source = (ulong)_random.NextInt64() | 1;
        foreach (int member in members)
            if (_random.NextDouble() < shown)
                _texts[member] = [_random.Next(3) switch { 0 => source, 1 => source ^ (1UL << _random.Next(64)), _ => source ^ (1UL << _random.Next(32)) ^ (1UL << _random.Next(32, 64)) }];
    }

    /// <summary>Knuth's product of uniforms: means are small.</summary>
    private int Poisson(double mean)
    {
        double limit = Math.Exp(-mean), product = _random.NextDouble();
        int count = 0;
        for (; product > limit; count++)
            product *= _random.NextDouble();
        return count;
    }

    private int Geometric()
    {
        int count = 0;
        while (count < 20 && _random.NextDouble() < 0.4)
            count++;
        return count;
    }

    private void Finish(uint[]? sites, string folder, CancellationToken cancel)
    {
        using (var builder = new GraphBuilder(folder, new GraphBuilderOptions { MemoryBytes = 64L << 20, DropSelfLinks = true, Source = new GraphSource("generated", "planted farms") }))
        {
            for (int source = 0; source < Background; source++)
                for (long i = _background.OutOffsets[source]; i < _background.OutOffsets[source + 1L]; i++)
                    builder.Add((uint)source, _background.OutLinks[i], _background.OutWeight(i));
            foreach ((int source, int target, int weight) in _links)
                builder.Add((uint)source, (uint)target, weight);
            builder.Build(_nodes, cancel: cancel);
        }
        LinkGraph graph = LinkGraph.Open(folder, cancel);
        uint[] owners = new uint[_nodes], domains = new uint[_nodes];
        sites?.CopyTo(domains, 0);
        foreach ((int node, uint owner) in _owners)
            owners[node] = owner;
        foreach ((int node, uint site) in _sites)
            domains[node] = site;
        Input = new SpamInput
        {
            Graph = graph,
            Raw = DiscountedAuthority.Compute(graph, cancel: cancel),
            Owners = owners,
            Sites = domains,
            Channels = [SharedKeys.FromLists("counter account", EvidenceFamily.Infrastructure, Rows(_accounts)) with { Strength = 3 }],
            Contents = SharedKeys.FromLists("text", EvidenceFamily.Content, Rows(_texts)),
        };
    }

    private List<ulong>?[] Rows(SortedDictionary<int, List<ulong>> by)
    {
        var rows = new List<ulong>?[_nodes];
        foreach ((int node, List<ulong> keys) in by)
            rows[node] = keys;
        return rows;
    }
}
