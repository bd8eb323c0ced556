using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>
/// Raw authority of one level of a run, with the scale that makes scores of it: what explanations, simulations and differences read.
/// Mapped once; safe for any number of readers, as long as the run is open.
/// </summary>
public sealed class RunAuthority
{
    private readonly string _prefix;
    private readonly double _reference;
    private readonly MappedArray<uint>? _domains;
    private readonly Lazy<EdgeOrigins?> _origins;
    private readonly Lazy<LinkProfile> _profile;
    private readonly Lazy<DomainPages?> _pages;

    private RunAuthority(Run run, Run part)
    {
        Run = run;
        Part = part;
        _prefix = ReferenceEquals(part, run.Pages) ? "page_" : "";
        MappedArray<double> raw = run.Array<double>($"{_prefix}raw")
            ?? throw new RunLacksException(run.Id, $"has no raw authority{(_prefix.Length > 0 ? " of pages" : "")} to explain: rank again");
        double damping = (double?)Options("authority")?["damping"] ?? (double?)Options("raw")?["damping"] ?? (double?)Options("pagerank")?["damping"] ?? new RawAuthorityOptions().Damping;
        double tolerance = (double?)Results("authority")?["max_relative_residual"] ?? new RawAuthorityOptions().Tolerance;
        Solved = new SolvedAuthority(part.Graph, raw, run.Array<double>($"{_prefix}teleport") is { } teleport ? new NodeValues(teleport) : default(NodeValues?), damping, Math.Min(tolerance, 0.5));
        Scale = run.Document("scale.json") is { } bytes ? AuthorityScale.Parse(bytes, "scale.json") : AuthorityScale.Current;
        _reference = Scale.ReferenceOf(part.Ranked.Granularity);
        _domains = part.Ranked.Granularity == "page" ? part.Graph.MapIfPresent<uint>("domains") : null;
        _origins = new Lazy<EdgeOrigins?>(() => _prefix.Length > 0 ? EdgeOrigins.OfPages(Graph) : run.Pages is { } pages ? EdgeOrigins.OfDomains(Graph, pages.Graph) : EdgeOrigins.OfPages(Graph));
        _profile = new Lazy<LinkProfile>(() => run.Document("profile.json") is { } json ? LinkProfileFile.Parse(json, "profile.json") : LinkProfile.Default);
        _pages = new Lazy<DomainPages?>(() => DomainPages.Of(run));
    }

    /// <summary>The run as published.</summary>
    public Run Run { get; }

    /// <summary>The level of it that is read.</summary>
    public Run Part { get; }

    public LinkGraph Graph => Part.Graph;

    public SolvedAuthority Solved { get; }

    public AuthorityScale Scale { get; }

    public GraphLevel Level => Part.Ranked.Granularity == "page" ? GraphLevel.Page : GraphLevel.Domain;

    /// <summary><c>domain</c> or <c>page</c>.</summary>
    public string LevelWord => Level == GraphLevel.Page ? "page" : "domain";

    /// <summary>Whether nodes are pages whose domains are known.</summary>
    public bool OfPages => _domains is not null;

    /// <summary>The observed links behind the edges; null where the run's graphs have none.</summary>
    public EdgeOrigins? Origins => _origins.Value;

    /// <summary>How the run's links were weighed.</summary>
    public LinkProfile Profile => _profile.Value;

    /// <summary>Which pages are whose; null where the run does not know.</summary>
    public DomainPages? Pages => _pages.Value;

    /// <summary>P(u,v) of a link of a node, by its weight, 0 to 1.</summary>
    public double Share(int source, double weight) => Solved.TotalOf(source) is > 0 and { } total ? weight / total : 0;

    /// <summary>The level asked for; without one, that on which the target is found: a URL means a page, unless it names a domain only.</summary>
    /// <exception cref="RunLacksException">The run has no raw authority.</exception>
    /// <exception cref="RequestException">The run has no graph of that level.</exception>
    public static RunAuthority Open(Run run, string target, GraphLevel? level) => Open(run, level ?? RunTargets.Meant(run, target));

    /// <summary>The level asked for; null for that of the run's own graph.</summary>
    /// <inheritdoc cref="Open(Run, string, GraphLevel?)"/>
    public static RunAuthority Open(Run run, GraphLevel? level) => new(run, RunTargets.Part(run, level));

    /// <summary>The node that a name means, or -1.</summary>
    /// <param name="within">Whether a host may stand for the domain above it.</param>
    public int Find(string target, bool within = true) => RunTargets.Find(Part, target, within);

    /// <summary>Names that someone may have meant instead; none where the graph has none.</summary>
    public IReadOnlyList<string> Near(string target, CancellationToken cancel = default) =>
        Graph.Names.Stored ? NearNames.To(Graph.Names, RunTargets.WithoutPrefix(target), cancel) : [];

    /// <summary>0 to 100, whether or not there is enough to tell.</summary>
    public double Score(double raw) => AuthorityScale.Score(raw, _reference);

    /// <summary>0 to 100, or null: no other domain links here, so there is nothing to tell.</summary>
    public double? ScoreOf(int node, double raw) => HasReferringDomain(node) ? Score(raw) : null;

    /// <summary>Whether a link from one node to another comes from another domain.</summary>
    public bool IsOtherDomain(int source, int target) => _domains is null ? source != target : _domains[source] != _domains[target];

    public bool HasReferringDomain(int node) => HasReferringDomain(Graph, _domains, node);

    /// <summary>Whether another domain links to a node of a level of a run: without one there is too little to tell authority from.</summary>
    public static bool HasReferringDomain(Run part, int node)
    {
        ArgumentNullException.ThrowIfNull(part);
        return HasReferringDomain(part.Graph, part.Ranked.Granularity == "page" ? part.Graph.MapIfPresent<uint>("domains") : null, node);
    }

    private static bool HasReferringDomain(LinkGraph graph, MappedArray<uint>? domains, int node)
    {
        foreach (uint source in graph.InOf(node))
            if (domains is null ? source != (uint)node : domains[source] != domains[node])
                return true;
        return false;
    }

    /// <summary>Options of this level, or those of both.</summary>
    private JsonObject? Options(string name) => Run.Manifest.Configuration.GetValueOrDefault(_prefix + name) ?? Run.Manifest.Configuration.GetValueOrDefault(name);

    private JsonObject? Results(string name) => Run.Manifest.Results.GetValueOrDefault(_prefix + name);
}

/// <summary>Which pages of a run of the link store belong to which of its domains, and the records of their links.</summary>
public sealed class DomainPages
{
    private readonly MappedArray<uint> _domainOf;
    private readonly MappedArray<long>? _rows;
    private readonly MappedArray<uint>? _nodes;

    private DomainPages(Run run, MappedArray<uint> domainOf)
    {
        Graph = run.Pages!.Graph;
        _domainOf = domainOf;
        _rows = run.Graph.MapIfPresent<long>("page_rows");
        _nodes = run.Graph.MapIfPresent<uint>("page_nodes");
        Records = LinkRecords.Of(Graph);
    }

    internal static DomainPages? Of(Run run) => run.Pages?.Graph.MapIfPresent<uint>("domains") is { } domains ? new DomainPages(run, domains) : null;

    /// <summary>The page graph.</summary>
    public LinkGraph Graph { get; }

    /// <summary>The links between pages; null where they were not kept.</summary>
    public LinkRecords? Records { get; }

    /// <summary>The domain's node of a page's.</summary>
    public int DomainOf(int page) => (int)_domainOf[page];

    /// <summary>The pages of a domain, ascending.</summary>
    public IReadOnlyList<int> Of(int domain)
    {
        if (_rows is not null && _nodes is not null)
            return [.. _nodes.Slice(_rows[domain], checked((int)(_rows[domain + 1L] - _rows[domain]))).ToArray().Select(page => (int)page)];
        var found = new List<int>();
        for (int page = 0; page < Graph.NodeCount; page++)
            if (_domainOf[page] == (uint)domain)
                found.Add(page);
        return found;
    }
}
