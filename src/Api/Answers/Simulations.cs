using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;

namespace Backlinks.Api;

/// <summary>A link in a what-if.</summary>
public sealed record SimulatedLink : IShortForm<SimulatedLink>
{
    /// <summary>The page or domain that links: a URL, <c>example.com</c> or <c>domain:example.com</c>.</summary>
    public string? Source { get; init; }

    /// <summary>What it links to; the simulation's target where none is named. In <c>remove</c>, without it the source itself is gone with all its links.</summary>
    public string? Target { get; init; }

    /// <summary>Of a link added or modified, at least 0; without one, that of a followed link in the main text.</summary>
    public double? Weight { get; init; }

    /// <summary>Of a link modified: <c>nofollow</c> or <c>follow</c>, in place of a weight.</summary>
    public string? Rel { get; init; }

    static string IShortForm<SimulatedLink>.ShortMeaning => "SOURCE, or SOURCE->TARGET.";

    static SimulatedLink IShortForm<SimulatedLink>.Of(string text) => AskedEdit.Parse(EditWord.Add, text) is { Target: not "" } edit ? new SimulatedLink { Source = edit.Source, Target = edit.Target }
        : throw new FormatException("must name something behind the arrow: SOURCE->TARGET, or SOURCE alone");
}

/// <summary>A what-if: edits are made in the order add, modify, disavow, remove.</summary>
public sealed record SimulationRequest
{
    /// <summary>Domain, host or URL.</summary>
    public string? Target { get; init; }

    /// <summary><c>domain</c> or <c>page</c>; null where the target decides.</summary>
    public string? Level { get; init; }

    /// <summary>Id of a run; null for the current one.</summary>
    public string? Run { get; init; }

    /// <summary>Links that are there, each as an object or short: <c>SOURCE</c>, <c>SOURCE->TARGET</c>.</summary>
    [ShortForm<SimulatedLink>]
    public IReadOnlyList<SimulatedLink>? Add { get; init; }

    /// <summary>Links, or whole pages and domains, that are gone, each as an object or short: <c>domain:example.com</c>, <c>SOURCE->TARGET</c>.</summary>
    [ShortForm<SimulatedLink>]
    public IReadOnlyList<SimulatedLink>? Remove { get; init; }

    /// <summary>Links that weigh something else, or become nofollow or followed.</summary>
    public IReadOnlyList<SimulatedLink>? Modify { get; init; }

    /// <summary>Pages and domains whose links to the target count for nothing.</summary>
    public IReadOnlyList<string>? Disavow { get; init; }

    /// <summary>Others to tell, those that move most, 0 to 1,000. Default 10.</summary>
    public int Movers { get; init; } = new SimulationOptions().Movers;

    /// <summary>Bound on the target's error, relative, at which to stop, above 0 and at most 1. Default 1e-4.</summary>
    public double Tolerance { get; init; } = new SimulationOptions().Tolerance;
}

/// <param name="Simulation">Null where the target is not in the index.</param>
/// <param name="Near">Names that may have been meant, where it is not.</param>
public sealed record SimulationResponse(string Target, GraphLevel Level, bool InIndex, SimulationAnswer? Simulation, IReadOnlyList<string> Near, AnswerMeta Meta);

/// <summary>What-ifs on a run, for API, jobs and dashboard alike.</summary>
public static class Simulations
{
    /// <summary>Edits of one simulation.</summary>
    public const int MostEdits = 1000;

    /// <summary>What would be; the run is the one given, whatever the request names.</summary>
    /// <exception cref="ProblemException">An edit or option cannot be meant so: every one of them is named; or the run lacks what is needed.</exception>
    public static SimulationResponse Of(ServedRun run, SimulationRequest request, CancellationToken cancel = default) => RunAnswers.Reading(run.Id, () =>
    {
        string target = RunAnswers.Target("target", request.Target);
        GraphLevel? level = RunAnswers.Level(request.Level);
        (AskedEdit[] asked, string[] places) = Asked(request);
        RunAuthority authority = run.Authority(level ?? RunTargets.Meant(run.Run, target));
        int node = authority.Find(target);
        var meta = new AnswerMeta(run.Stamp);
        if (node < 0)
            return new SimulationResponse(target, authority.Level, false, null, authority.Near(target, cancel), meta);
        var reader = new EditReader(authority, node);
        var wrong = new List<(int Index, FieldError Error)>();
        IReadOnlyList<ReadEdit> edits = reader.Read(asked, (index, problem) => wrong.Add((index, new FieldError(places[index] + (places[index].StartsWith("/disavow", StringComparison.Ordinal) ? "" : "/" + problem.FieldName), problem.Message))), cancel);
        if (wrong.Count > 0)
            throw Wrong([.. wrong.OrderBy(w => w.Index).Select(w => w.Error)]);
        return new SimulationResponse(target, authority.Level, true, SimulationAnswer.Of(authority, node, reader, edits, new SimulationOptions { Movers = request.Movers, Tolerance = request.Tolerance }, cancel), [], meta);
    });

    /// <summary>The same for jobs, which keep a request as JSON.</summary>
    internal static WhatIf AsJobs(RunCatalog catalog)
    {
        var json = new JsonSerializerOptions();
        ApiHost.Configure(json);
        return new WhatIf(request => Asked(Read(request)), (request, cancel) =>
        {
            SimulationRequest read = Read(request);
            return JsonSerializer.SerializeToNode(catalog.Answer(read.Run, run => Of(run, read, cancel)), json)!;
        });
    }

    private static SimulationRequest Read(JsonElement request)
    {
        SimulationRequest read = RequestJson.Read<SimulationRequest>(request);
        RunAnswers.Target("target", read.Target);
        RunAnswers.Level(read.Level);
        return read;
    }

    /// <summary>The edits asked for, each with the JSON pointer that leads to it.</summary>
    private static (AskedEdit[] Edits, string[] Places) Asked(SimulationRequest request)
    {
        var edits = new List<AskedEdit>();
        var places = new List<string>();
        var wrong = new List<FieldError>();
        if (request.Movers is < 0 or > 1000)
            wrong.Add(new FieldError("/movers", $"must be 0 to 1000, not {request.Movers}"));
        if (!(request.Tolerance is > 0 and <= 1))
            wrong.Add(new FieldError("/tolerance", "must be greater than 0 and at most 1"));
        int all = (request.Add?.Count ?? 0) + (request.Modify?.Count ?? 0) + (request.Disavow?.Count ?? 0) + (request.Remove?.Count ?? 0);
        if (all > MostEdits)
            throw Wrong([.. wrong, new FieldError("", $"has {all} edits; at most {MostEdits} are allowed")]);
        if (all == 0)
            wrong.Add(new FieldError("", "nothing to simulate: give at least one edit in add, remove, modify or disavow"));
        Read("add", request.Add, (link, place) => Without(link.Rel is null, place, "rel", "is not for links added: a weight of 0 passes nothing") ? new AskedEdit(EditWord.Add, link.Source!, Named(link.Target), link.Weight) : null);
        Read("modify", request.Modify, (link, place) =>
            link.Rel is not (null or "nofollow" or "follow") ? Refuse(place, "rel", $"must be nofollow or follow, not '{RunAnswers.Clip(link.Rel)}'")
            : link.Rel is null == link.Weight is null ? Refuse(place, link.Rel is null ? "rel" : "weight", "give either rel or weight")
            : new AskedEdit(link.Rel switch { "nofollow" => EditWord.Nofollow, "follow" => EditWord.Follow, _ => EditWord.Reweigh }, link.Source!, Named(link.Target), link.Weight));
        for (int i = 0; i < request.Disavow?.Count; i++)
            if (Name($"/disavow/{i}", request.Disavow[i]))
            {
                edits.Add(AskedEdit.Parse(EditWord.Disavow, request.Disavow[i]));
                places.Add($"/disavow/{i}");
            }
        Read("remove", request.Remove, (link, place) => Without(link.Rel is null, place, "rel", "is not for links removed") && Without(link.Weight is null, place, "weight", "is not for links removed") ? new AskedEdit(EditWord.Remove, link.Source!, Named(link.Target)) : null);
        return wrong.Count > 0 ? throw Wrong(wrong) : ([.. edits], [.. places]);

        void Read(string list, IReadOnlyList<SimulatedLink>? links, Func<SimulatedLink, string, AskedEdit?> edit)
        {
            for (int i = 0; i < links?.Count; i++)
            {
                string place = $"/{list}/{i}";
                if (links[i] is not { } link)
                    wrong.Add(new FieldError(place, "is needed: a text, or an object with source"));
                else if (Name($"{place}/source", link.Source) & (string.IsNullOrEmpty(link.Target) || Name($"{place}/target", link.Target)) && edit(link, place) is { } read)
                {
                    edits.Add(read);
                    places.Add(place);
                }
            }
        }

        bool Name(string place, string? name)
        {
            string? problem = string.IsNullOrWhiteSpace(name) ? "is needed: a domain or a URL" : name.Length > RunAnswers.LongestTarget ? $"has {name.Length} characters; at most {RunAnswers.LongestTarget} are allowed" : null;
            if (problem is not null)
                wrong.Add(new FieldError(place, problem));
            return problem is null;
        }

        bool Without(bool absent, string place, string field, string problem) => absent || Refuse(place, field, problem) is not null;

        AskedEdit? Refuse(string place, string field, string problem)
        {
            wrong.Add(new FieldError($"{place}/{field}", problem));
            return null;
        }

        static string? Named(string? target) => string.IsNullOrEmpty(target) ? null : target;
    }

    private static ProblemException Wrong(List<FieldError> errors) =>
        new(400, "invalid_body", errors.Count == 1 ? $"{errors[0].Field}: {errors[0].Message}".TrimStart(':', ' ') : $"{errors.Count} things are wrong with the request; the first: {errors[0].Field}: {errors[0].Message}", errors);
}
