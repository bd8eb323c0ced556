using System.Globalization;
using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Stores;

namespace Backlinks.Cli;

/// <summary>Raw authority of one level of a run, with the scale that makes scores of it: what explain, simulate and diff read.</summary>
internal sealed class RunAuthority
{
    private readonly string _prefix;
    private readonly double _reference;
    private readonly MappedArray<uint>? _domains;

    private RunAuthority(Run run, Run part, string prefix)
    {
        Run = run;
        Part = part;
        _prefix = prefix;
        MappedArray<double> raw = run.Array<double>($"{prefix}raw")
            ?? throw new StoreException(run.Folder, $"has no raw authority{(prefix.Length > 0 ? " of pages" : "")} to explain: rank again");
        double damping = (double?)Options("authority")?["damping"] ?? (double?)Options("pagerank")?["damping"] ?? new RawAuthorityOptions().Damping;
        double tolerance = (double?)Results("authority")?["max_relative_residual"] ?? new RawAuthorityOptions().Tolerance;
        Solved = new SolvedAuthority(part.Graph, raw, run.Array<double>($"{prefix}teleport") is { } teleport ? new NodeValues(teleport) : default(NodeValues?), damping, Math.Min(tolerance, 0.5));
        Scale = run.Document("scale.json") is { } bytes ? AuthorityScale.Parse(bytes, Path.Combine(run.Folder, "scale.json")) : AuthorityScale.Current;
        _reference = Scale.ReferenceOf(part.Ranked.Granularity);
        _domains = part.Ranked.Granularity == "page" ? part.Graph.MapIfPresent<uint>("domains") : null;
    }

    /// <summary>The run as published.</summary>
    public Run Run { get; }

    /// <summary>The level of it that is read.</summary>
    public Run Part { get; }

    public LinkGraph Graph => Part.Graph;

    public SolvedAuthority Solved { get; }

    public AuthorityScale Scale { get; }

    /// <summary>Whether nodes are pages whose domains are known.</summary>
    public bool OfPages => _domains is not null;

    public string Level => Part.Ranked.Granularity == "page" ? "page" : "domain";

    /// <summary>The level asked for; without one, that on which the target is found: a URL means a page, unless it names a domain only.</summary>
    /// <exception cref="StoreException">The run has no raw authority.</exception>
    public static RunAuthority Open(Run run, string target, GraphLevel? level)
    {
        Run part = Session.Part(run, level ?? ShowCommand.Meant(run, target));
        return new RunAuthority(run, part, ReferenceEquals(part, run.Pages) ? "page_" : "");
    }

    /// <summary>The node of that name (<c>domain:</c> before it is taken off), else of that number, else -1.</summary>
    public int Find(string target)
    {
        string name = WithoutPrefix(target);
        int node = Graph.Names.Find(name);
        return node >= 0 ? node : int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out node) && node < Graph.NodeCount ? node : -1;
    }

    public static string WithoutPrefix(string target) => target.StartsWith("domain:", StringComparison.Ordinal) ? target["domain:".Length..] : target;

    /// <summary>0 to 100, whether or not there is enough to tell.</summary>
    public double Score(double raw) => AuthorityScale.Score(raw, _reference);

    /// <summary>0 to 100, or NaN: no domain links here, so there is nothing to tell.</summary>
    public double ScoreOf(int node, double raw) => HasReferringDomain(node) ? Score(raw) : double.NaN;

    public bool HasReferringDomain(int node) => HasReferringDomain(Graph, _domains, node);

    /// <summary>Whether another domain links to a node of a level of a run: without one there is too little to tell authority from.</summary>
    public static bool HasReferringDomain(Run part, int node) => HasReferringDomain(part.Graph, part.Ranked.Granularity == "page" ? part.Graph.MapIfPresent<uint>("domains") : null, node);

    private static bool HasReferringDomain(LinkGraph graph, MappedArray<uint>? domains, int node)
    {
        foreach (uint source in graph.InOf(node))
            if (domains is null ? source != (uint)node : domains[source] != domains[node])
                return true;
        return false;
    }

    /// <summary>The pages of a domain, given by name, in a page graph; null where there is no such domain.</summary>
    public IReadOnlyList<int>? PagesOf(string domain)
    {
        int number = Run.Graph.Names.Find(domain);
        if (_domains is null || number < 0)
            return null;
        if (Run.Graph.MapIfPresent<long>("page_rows") is { } rows && Run.Graph.MapIfPresent<uint>("page_nodes") is { } pages)
            return [.. pages.Slice(rows[number], checked((int)(rows[number + 1L] - rows[number]))).ToArray().Select(p => (int)p)];
        var found = new List<int>();
        for (int page = 0; page < Graph.NodeCount; page++)
            if (_domains[page] == (uint)number)
                found.Add(page);
        return found;
    }

    /// <summary>The observed links behind the edges, where the run's graphs have them.</summary>
    public EdgeOrigins? Origins() => _prefix.Length > 0 ? EdgeOrigins.OfPages(Graph) : Run.Pages is { } pages ? EdgeOrigins.OfDomains(Graph, pages.Graph) : EdgeOrigins.OfPages(Graph);

    /// <summary>What is said where the target is not in the index: one line on standard output, near names on standard error; the exit code is 0.</summary>
    public int NotInIndex(Session session, string target, bool json, Action<JsonObject>? more = null)
    {
        if (json)
        {
            var answer = new JsonObject { ["run"] = Run.Id, ["graph"] = Part.Ranked.Id, ["level"] = Level, ["target"] = target, ["in_index"] = false };
            more?.Invoke(answer);
            Printing.Json(session.Terminal, answer);
        }
        else
            Printing.Lines(session.Terminal, $"{Printing.Printable(target)} is not in the index: run {Run.Id} knows no such {Level}");
        IReadOnlyList<string> near = Graph.Names.Stored ? NearNames.To(Graph.Names, WithoutPrefix(target), session.Cancel) : [];
        if (near.Count > 0)
            session.Note($"near it are {string.Join(", ", near.Select(Printing.Printable))}");
        return ExitCode.Done;
    }

    /// <summary>A score for people.</summary>
    public static string ForPeople(double score) => double.IsNaN(score) ? "insufficient data" : score.ToString("0.0", CultureInfo.InvariantCulture);

    /// <summary>Options of this level, or those of both.</summary>
    private JsonObject? Options(string name) => Run.Manifest.Configuration.GetValueOrDefault(_prefix + name) ?? Run.Manifest.Configuration.GetValueOrDefault(name);

    private JsonObject? Results(string name) => Run.Manifest.Results.GetValueOrDefault(_prefix + name);
}
