using Microsoft.AspNetCore.Builder;

namespace Backlinks.Api;

/// <summary>An example of a question, on the sample web; shown in the OpenAPI document and run by a test.</summary>
/// <param name="Query">What stands behind the address, with its <c>?</c>; route values filled in by <paramref name="Route"/>.</param>
/// <param name="Body">JSON; null where nothing is sent.</param>
/// <param name="Route">Values of the address's parts in braces.</param>
internal sealed record ExampleRequest(string Query, string? Body, IReadOnlyDictionary<string, string> Route);

/// <summary>The problems an endpoint may tell, by code, beside those that all tell.</summary>
internal sealed record ToldProblems(IReadOnlyList<string> Codes);

/// <summary>An endpoint whose answer is rows: its parameters and its answer are those of the resource, in every form of output.</summary>
internal sealed record ToldRows(Resource Resource);

/// <summary>What an endpoint says of itself beyond what its types say.</summary>
internal static class Documented
{
    /// <summary>A question that works on the sample web of datasets/SampleWeb, crawled and ranked.</summary>
    public static TBuilder WithExample<TBuilder>(this TBuilder endpoint, string query = "", string? body = null, params (string Name, string Value)[] route) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ExampleRequest(query, body, route.ToDictionary(r => r.Name, r => r.Value)));

    /// <summary>Codes of <see cref="Problems.Codes"/> that the endpoint may answer with.</summary>
    public static TBuilder WithProblems<TBuilder>(this TBuilder endpoint, params string[] codes) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ToldProblems(codes));

    /// <summary>The resource whose rows are answered with.</summary>
    public static TBuilder WithRows<TBuilder>(this TBuilder endpoint, Resource resource) where TBuilder : IEndpointConventionBuilder =>
        endpoint.WithMetadata(new ToldRows(resource));
}
