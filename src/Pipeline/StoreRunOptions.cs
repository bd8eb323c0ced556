using System.Text.Json.Nodes;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Topics;

namespace Backlinks.Pipeline;

/// <summary>What a run of the link store computes and how.</summary>
public sealed record StoreRunOptions
{
    /// <summary>The name under which a host stands among domains, such as its registrable domain.</summary>
    public required Func<string, string> Fold { get; init; }

    /// <summary>What <see cref="Fold"/> does, in a word: <c>domain</c>, <c>host</c>, …</summary>
    public required string FoldName { get; init; }

    /// <summary>The owner of a domain, or null where none is known. Default: nobody's is.</summary>
    public Func<string, string?>? Owner { get; init; }

    /// <summary>What <see cref="Owner"/> goes by, such as the digest of a file; recorded in the run.</summary>
    public string OwnerName { get; init; } = "";

    /// <summary>What links weigh.</summary>
    public LinkProfile Profile { get; init; } = LinkProfile.Default;

    /// <summary>d, 0 to below 1. Default .85, everyone's convention since 1998.</summary>
    public double Damping { get; init; } = 0.85;

    /// <summary>Largest error of the contributions to a score, as a share of it. Default 1e-10.</summary>
    public double Tolerance { get; init; } = 1e-10;

    /// <summary>Rounds after which to stop unconverged.</summary>
    public int MaxRounds { get; init; } = 2000;

    /// <summary>Trusted domains with weights, by the names of the graph; null for none.</summary>
    public Func<NodeNames, IReadOnlyDictionary<int, double>>? Seeds { get; init; }

    /// <summary>Whether to tell topics. Default yes.</summary>
    public bool Topics { get; init; } = true;

    /// <summary>The topics. Default: those that come with the program.</summary>
    public Taxonomy Taxonomy { get; init; } = Taxonomy.Default;

    /// <summary>Whether to look for spam. Default yes.</summary>
    public bool Spam { get; init; } = true;

    public SpamOptions SpamOptions { get; init; } = new();

    /// <summary>Whether links inside confirmed clusters are discounted. Default yes.</summary>
    public bool Discount { get; init; } = true;

    /// <summary>Whether to write the rows that API and dashboard read (<see cref="Backlinks.Stores.RowSchema"/>). Default yes.</summary>
    public bool Rows { get; init; } = true;

    /// <summary>Name of robust PageRank in <see cref="With"/>: a search backwards from every domain of the top quarter, some five hundred
    /// a second, so it is made on request.</summary>
    public const string Robust = "robust";

    /// <summary>Scores beside authority, of <see cref="RunExtras.Names"/>, and <see cref="Robust"/>.</summary>
    public IReadOnlySet<string> With { get; init; } = new HashSet<string>();

    public HarmonicOptions Harmonic { get; init; } = new();

    /// <summary>A run to begin from (its id; "" for the current one), of the same options: its authority is the first guess, its model
    /// tells topics, and topics and links of pages that did not change are taken over. Equal to a full run with
    /// <see cref="TopicsOf"/> that run within the tolerance. Null for none.</summary>
    public string? Since { get; init; }

    /// <summary>A run (its id; "" for the current one) whose model tells topics, so that they do not shift because other pages came.
    /// Null to learn from the pages that there are; <see cref="Since"/> implies that run.</summary>
    public string? TopicsOf { get; init; }

    /// <summary>What time it is, for the run's timings.json.</summary>
    public TimeProvider Clock { get; init; } = TimeProvider.System;

    /// <summary>Worker threads; 0 means one for each processor. The result does not depend on it.</summary>
    public int Threads { get; init; }

    /// <summary>What asked for the run, such as a job; noted in timings.json, so that it can be found. Null for nobody.</summary>
    public string? AskedBy { get; init; }
}

/// <summary>One of the two levels of a run.</summary>
/// <param name="GraphId">Its folder in graphs/.</param>
/// <param name="Rounds">Passes over the links that authority took.</param>
/// <param name="Residual">Largest error of the contributions to a score, as a share of it.</param>
/// <param name="ErrorBound">Certified bound on the L1 error of PageRank.</param>
/// <param name="DanglingMass">Share of PageRank held by nodes that pass nothing on: what a crawl has not read yet, mostly.</param>
/// <param name="Seconds">Time that authority took.</param>
public sealed record RunLevel(string GraphId, int Nodes, long Links, int Rounds, double Residual, double ErrorBound, bool Converged, double DanglingMass, double Seconds);

/// <summary>A run that was made.</summary>
public sealed record StoreRunResult(string RunId, RunLevel Domains, RunLevel Pages)
{
    /// <summary>Clusters found, and how many of them are confirmed.</summary>
    public (int All, int Confirmed) Clusters { get; init; }

    /// <summary>Links between pages, those withheld included.</summary>
    public long LinkRecords { get; init; }

    /// <summary>Whether the graphs were made from those of <see cref="StoreRunOptions.Since"/> and what changed, not from all links.</summary>
    public bool GraphsUpdated { get; init; }

    /// <summary>Seconds by step.</summary>
    public required JsonObject Seconds { get; init; }
}
