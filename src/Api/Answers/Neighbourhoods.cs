using System.Text.Json.Serialization;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;

namespace Backlinks.Api;

/// <summary>A target with its neighbours and theirs.</summary>
/// <param name="Nodes">The target first; <c>node</c> is what links name.</param>
/// <param name="Links">Each with what it passes.</param>
/// <param name="Cut">Whether the limit of nodes left some out.</param>
/// <param name="Near">Names that may have been meant, where the target is not in the index.</param>
public sealed record NeighbourhoodAnswer(string Target, GraphLevel Level, bool InIndex, IReadOnlyList<NeighbourNode> Nodes, IReadOnlyList<NeighbourLink> Links, bool Cut, IReadOnlyList<string> Near, AnswerMeta Meta)
{
    /// <summary>The same as an extract that can be written to a file; null where the target is not in the index.</summary>
    [JsonIgnore]
    public Neighbourhood? Extract { get; init; }
}

/// <summary>Ways from one node to another.</summary>
/// <param name="InIndex">Whether both are.</param>
/// <param name="Complete">Whether it is certain that there is none shorter, or none stronger, or none at all.</param>
/// <param name="Touched">Nodes that were looked at.</param>
public sealed record PathAnswer(string From, string To, GraphLevel Level, bool InIndex, bool FromInIndex, bool ToInIndex, IReadOnlyList<LinkPath> Paths, bool Complete, long Touched, IReadOnlyList<string> Near, AnswerMeta Meta);

/// <summary>Looks around in a run's graphs, for API and dashboard alike.</summary>
public static class Neighbourhoods
{
    /// <exception cref="ProblemException">An option is out of its range, or the run lacks what is needed.</exception>
    public static NeighbourhoodAnswer Of(ServedRun run, string target, GraphLevel? level = null, NeighbourhoodOptions? options = null, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        RunAuthority authority = run.Authority(level ?? RunTargets.Meant(run.Run, target));
        int node = authority.Find(target);
        var meta = new AnswerMeta(run.Stamp);
        if (node < 0)
            return new NeighbourhoodAnswer(target, authority.Level, false, [], [], false, authority.Near(target, cancel), meta);
        (Neighbourhood extract, bool cut) = GraphSearch.Around(authority, node, options, SpamScore(run, authority), cancel);
        return new NeighbourhoodAnswer(target, authority.Level, true, extract.Nodes, extract.Links, cut, [], meta) { Extract = extract };
    });

    /// <summary>The shortest ways from one node to another, or the one by which most authority flows.</summary>
    /// <param name="strongest">The latter.</param>
    /// <param name="top">Ways told, 1 to 20.</param>
    public static PathAnswer Between(ServedRun run, string from, string to, GraphLevel? level = null, bool strongest = false, int top = 3, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        RunAuthority authority = run.Authority(level ?? (RunTargets.Meant(run.Run, from) is { } meant && RunTargets.Meant(run.Run, to) == meant ? meant : null));
        int start = authority.Find(from), end = authority.Find(to);
        var meta = new AnswerMeta(run.Stamp);
        if (start < 0 || end < 0)
            return new PathAnswer(from, to, authority.Level, false, start >= 0, end >= 0, [], true, 0, authority.Near(start < 0 ? from : to, cancel), meta);
        PathSearch found = strongest ? GraphSearch.Strongest(authority, start, end, cancel) : GraphSearch.Shortest(authority, start, end, top, cancel: cancel);
        return new PathAnswer(authority.Graph.Names[start], authority.Graph.Names[end], authority.Level, true, true, true, found.Paths, found.Complete, found.Touched, [], meta);
    });

    /// <summary>Of the cluster that a node, or a page's domain, is in; null where the run was made without looking for spam.</summary>
    private static Func<int, double?>? SpamScore(ServedRun run, RunAuthority authority)
    {
        if (run.Spam is null)
            return null;
        SpamRun spam = run.SpamRun;
        if (!ReferenceEquals(authority.Part, run.Run.Pages))
            return node => spam.ClusterOf(node)?.Score;
        return authority.Pages is { } pages ? node => spam.ClusterOf(pages.DomainOf(node))?.Score : null;
    }
}

/// <summary>Extracts as files for programs that draw.</summary>
internal static class GraphFiles
{
    /// <param name="form"><c>graphml</c> or <c>dot</c>.</param>
    /// <param name="name">Of the file, without what tells its form.</param>
    public static FileContentHttpResult Of(string form, Neighbourhood extract, string name)
    {
        using var content = new MemoryStream();
        if (form == "dot")
            extract.WriteDot(content);
        else
            extract.WriteGraphMl(content);
        return TypedResults.File(content.ToArray(), form == "dot" ? "text/vnd.graphviz; charset=utf-8" : "application/graphml+xml", $"{string.Concat(name.Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' ? c : '_')).TrimStart('.')}.{form}");
    }
}
