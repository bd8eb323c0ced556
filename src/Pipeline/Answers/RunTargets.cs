using System.Globalization;
using Backlinks.GraphEngine;
using Backlinks.Ingest;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What the nodes of a graph are.</summary>
public enum GraphLevel
{
    /// <summary>Hosts, domains or owners, whatever hosts were folded to.</summary>
    Domain,

    /// <summary>Pages, by URL.</summary>
    Page,
}

/// <summary>A run was made without what a question needs: that is no damage, but nothing can be answered.</summary>
/// <param name="run">Its id.</param>
/// <param name="problem">What it lacks and what to do, without a final period.</param>
public sealed class RunLacksException(string run, string problem) : IOException($"run {run} {problem}")
{
    public string RunId { get; } = run;
}

/// <summary>
/// Finds what people name in a run. A name is a domain or host (<c>labs.example</c>, <c>www.labs.example</c>, <c>domain:labs.example</c>),
/// a URL, or where nothing of that name is there, a node's number. Names are compared as the crawler writes them: lower case, punycode, default
/// ports and fragments left out.
/// </summary>
public static class RunTargets
{
    /// <summary>The part of a run that was asked for, to be read as a run of its own.</summary>
    /// <exception cref="RequestException">The run has no graph of that level.</exception>
    public static Run Part(Run run, GraphLevel? level)
    {
        ArgumentNullException.ThrowIfNull(run);
        bool ofPages = run.Ranked.Granularity == "page";
        return level switch
        {
            null => run,
            GraphLevel.Page when run.Pages is { } pages => pages,
            GraphLevel.Page when ofPages => run,
            GraphLevel.Domain when run.Pages is not null || !ofPages => run,
            _ => throw new RequestException("level", $"run {run.Id} has no graph of {level.ToString()!.ToLowerInvariant()}s: its graph {run.Ranked.Id} has nodes of granularity '{run.Ranked.Granularity}'"),
        };
    }

    /// <summary>In a run of the link store, a URL means a page, unless it names a domain only; null where the run decides.</summary>
    public static GraphLevel? Meant(Run run, string target)
    {
        ArgumentNullException.ThrowIfNull(run);
        ArgumentNullException.ThrowIfNull(target);
        return run.Pages is { } pages && run.Graph.Names.Find(target) < 0 && (target.Contains("://", StringComparison.Ordinal) || pages.Graph.Names.Find(target) >= 0) ? GraphLevel.Page : null;
    }

    /// <summary>What is left of <c>domain:x</c> without its prefix.</summary>
    public static string WithoutPrefix(string target) => target.StartsWith("domain:", StringComparison.Ordinal) ? target["domain:".Length..] : target;

    /// <summary>The node that a name means on one level of a run, or -1. A bare host means its first page on the level of pages, by https or else by http;
    /// a host or a URL means the domain that it belongs to on the level of domains.</summary>
    /// <param name="within">Whether a host may stand for the domain above it; else it must be there itself.</param>
    public static int Find(Run part, string target, bool within = true)
    {
        ArgumentNullException.ThrowIfNull(part);
        ArgumentNullException.ThrowIfNull(target);
        NodeNames names = part.Graph.Names;
        string name = WithoutPrefix(target.Trim());
        if (name.Length == 0)
            return -1;
        int node = names.Find(name);
        if (node >= 0 || (int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out node) && node < names.Count))
            return node;
        return !names.Stored ? -1 : part.Ranked.Granularity == "page" ? FindPage(names, name) : FindHost(names, name, within && part.Ranked.Granularity != "host");
    }

    private static int FindPage(NodeNames names, string name)
    {
        foreach (string url in name.Contains("://", StringComparison.Ordinal) ? [name] : new[] { "https://" + name, "http://" + name })
            if (WebUrl.TryParse(url) is { IsHttp: true } parsed && names.Find(parsed.PageKey) is >= 0 and int page)
                return page;
        return -1;
    }

    private static int FindHost(NodeNames names, string name, bool folded)
    {
        if (WebUrl.TryParse(name.Contains("://", StringComparison.Ordinal) ? name : "http://" + name) is not { IsHttp: true } url)
            return -1;
        for (string host = url.Host.TrimEnd('.'); ; host = host[(host.IndexOf('.', StringComparison.Ordinal) + 1)..])
        {
            if (names.Find(host) is >= 0 and int node)
                return node;
            if (!folded || !host.Contains('.', StringComparison.Ordinal))
                return -1;
        }
    }
}
