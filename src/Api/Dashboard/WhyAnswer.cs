using Backlinks.GraphEngine;
using Backlinks.Pipeline;

namespace Backlinks.Api.Dashboard;

/// <summary>An answer, or that the run does not know what was asked for.</summary>
public sealed record Found<T>(T? Answer) where T : class;

/// <summary>What the page "why this score" shows; holds nothing of the run's files.</summary>
/// <param name="Reference">The raw value whose score is 100.</param>
/// <param name="ScoreOfRaw">What the formula makes of the raw value, enough data or not.</param>
/// <param name="Nodes">Pages or domains in the run.</param>
/// <param name="Clusters">Ids of the spam clusters of sources that are in one, by source.</param>
public sealed record WhyAnswer(ScoreExplanation Told, double Reference, double ScoreOfRaw, int Nodes, IReadOnlyDictionary<string, string> Clusters)
{
    /// <param name="top">Sources told one by one.</param>
    /// <param name="linksTold">Links told behind each of them.</param>
    /// <returns>Null where the run does not know the target.</returns>
    public static WhyAnswer? Of(ServedRun run, string target, string? level, int top, int linksTold, CancellationToken cancel) => RunAnswers.Reading(run.Id, () =>
    {
        RunAuthority authority = run.Authority(RunAnswers.Level(level) ?? RunTargets.Meant(run.Run, target));
        int node = authority.Find(target);
        if (node < 0)
            return null;
        ScoreExplanation told = ScoreExplanation.Of(authority, node, new ExplanationOptions { Top = top }, linksTold, cancel);
        var clusters = new Dictionary<string, string>(StringComparer.Ordinal);
        if (told.Level != GraphLevel.Page && run.Spam is not null)
            foreach (ExplainedLink link in told.Links)
                if (run.SpamRun.ClusterOf(link.Node) is { } cluster)
                    clusters[link.Source] = cluster.Id;
        double reference = authority.Scale.ReferenceOf(authority.Part.Ranked.Granularity);
        return new WhyAnswer(told, reference, authority.Score(told.Raw), authority.Graph.NodeCount, clusters);
    });
}
