using Microsoft.AspNetCore.Builder;

namespace Backlinks.Api;

/// <summary>An example of a question, on the sample web; shown in the OpenAPI document and run by a test.</summary>
/// <param name="Query">What stands behind the address, with its <c>?</c>; route values filled in by <paramref name="Route"/>.</param>
/// <param name="Body">What is sent; null where nothing is.</param>
/// <param name="Route">Values of the address's parts in braces.</param>
internal sealed record ExampleRequest(string Query, string? Body, IReadOnlyDictionary<string, string> Route)
{
    /// <summary>Media type of the body.</summary>
    public string Type { get; init; } = "application/json";
}

/// <summary>The problems an endpoint may tell, by code, beside those that all tell.</summary>
internal sealed record ToldProblems(IReadOnlyList<string> Codes);

/// <summary>An endpoint whose answer is rows: its parameters and its answer are those of the resource, in every form of output.</summary>
internal sealed record ToldRows(Resource Resource);

/// <summary>What a parameter of the query string means, where its C# type does not say it all; also for parameters that a handler reads itself.</summary>
/// <param name="Type">As in JSON schema: <c>string</c>, <c>integer</c>, <c>number</c>, <c>boolean</c>.</param>
internal sealed record DocumentedParameter(string Name, string Meaning, string Type = "string")
{
    /// <summary>The values allowed; empty where all are.</summary>
    public IReadOnlyList<string> OneOf { get; init; } = [];

    public double? Minimum { get; init; }

    public double? Maximum { get; init; }

    /// <summary>What is meant where it is not given.</summary>
    public object? Standard { get; init; }

    public bool Required { get; init; }
}

/// <summary>Media types of the answer beside JSON.</summary>
internal sealed record ToldForms(IReadOnlyList<string> MediaTypes);

/// <summary>What an endpoint asks of the key of its caller.</summary>
internal sealed record NeededScope(string? Scope);

/// <summary>An answer that goes on as long as it moves: no time limit, no compression that would hold it back.</summary>
internal sealed record LongAnswer;

/// <summary>A question that takes so much memory or time that only a few are worked on at once; others wait, briefly.</summary>
internal sealed record ExpensiveQuestion;

/// <summary>What an endpoint says of itself beyond what its types say.</summary>
internal static class Documented
{
    /// <summary>A question that works on the sample web of datasets/SampleWeb, crawled and ranked.</summary>
    public static TBuilder WithExample<TBuilder>(this TBuilder endpoint, string query = "", string? body = null, params (string Name, string Value)[] route) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ExampleRequest(query, body, route.ToDictionary(r => r.Name, r => r.Value)));

    /// <summary>An example that sends something else than JSON.</summary>
    public static TBuilder WithExample<TBuilder>(this TBuilder endpoint, string query, string body, string type) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ExampleRequest(query, body, new Dictionary<string, string>()) { Type = type });

    /// <summary>Codes of <see cref="Problems.Codes"/> that the endpoint may answer with.</summary>
    public static TBuilder WithProblems<TBuilder>(this TBuilder endpoint, params string[] codes) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ToldProblems(codes));

    /// <summary>The resource whose rows are answered with.</summary>
    public static TBuilder WithRows<TBuilder>(this TBuilder endpoint, Resource resource) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ToldRows(resource));

    /// <summary>A parameter of the query string; those of <see cref="CommonParameters"/> need only be bound or named here with no more than their name.</summary>
    public static TBuilder WithParameter<TBuilder>(this TBuilder endpoint, DocumentedParameter parameter) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(parameter);

    /// <summary>Parameters of <see cref="CommonParameters"/> that the handler reads from the request itself.</summary>
    public static TBuilder WithParameters<TBuilder>(this TBuilder endpoint, params string[] names) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata([.. names.Select(name => (object)CommonParameters.Known[name])]);

    /// <summary>The answer can be had as these media types, too.</summary>
    public static TBuilder WithForms<TBuilder>(this TBuilder endpoint, params string[] mediaTypes) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ToldForms(mediaTypes));

    /// <summary>Another scope than the method tells: GET needs <c>read</c>, all else <c>jobs</c>. A POST that only asks says <see cref="Scopes.Read"/> here; null: anybody may ask.</summary>
    public static TBuilder WithScope<TBuilder>(this TBuilder endpoint, string? scope) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new NeededScope(scope));

    /// <summary>A stream of events or rows: answered as long as it moves.</summary>
    public static TBuilder WithLongAnswer<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new LongAnswer());

    /// <summary>Only a few such questions are worked on at once.</summary>
    public static TBuilder AsExpensive<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.WithMetadata(new ExpensiveQuestion());
}
