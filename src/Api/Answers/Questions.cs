using Backlinks.Stores;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Api;

/// <summary>What questions whose parameters are those of a handler have in common.</summary>
internal static class Questions
{
    /// <summary>Refuses parameters that there are not, or that are given twice: a name misspelt is told, not ignored.</summary>
    public static TBuilder AsQuestion<TBuilder>(this TBuilder endpoint) where TBuilder : IEndpointConventionBuilder => endpoint.AddEndpointFilterFactory((context, next) =>
    {
        string[] names = Parameters(context);
        return invocation =>
        {
            RowAnswers.CheckParameters(invocation.HttpContext, names);
            return next(invocation);
        };
    });

    /// <summary>The same for a question whose answer is of a run alone: it has an entity tag, and whoever has it already is told so.</summary>
    /// <param name="beside">What else the answer is of, as a text that changes with it; null for nothing.</param>
    public static TBuilder AsRunQuestion<TBuilder>(this TBuilder endpoint, Func<DataFolder, string>? beside = null) where TBuilder : IEndpointConventionBuilder => endpoint.AddEndpointFilterFactory((context, next) =>
    {
        string[] names = Parameters(context);
        return async invocation =>
        {
            HttpContext http = invocation.HttpContext;
            RowAnswers.CheckParameters(http, names);
            // What "latest" means is part of the tag: taken before the run is leased, so that a tag is never newer than its answer.
            // So is what it is of beside the run: read before the answer is made of it.
            string of = $"{Current(http)}/{http.Request.Query["run"]}/{beside?.Invoke(http.RequestServices.GetRequiredService<DataFolder>())}";
            string tag = RowAnswers.Tag(of, http.Request.Query["output"].ToString(), http.Request);
            if (RowAnswers.NotModified(http, tag))
                return EmptyHttpResult.Instance;
            object? answer = await next(invocation);
            http.Response.Headers.ETag = tag;
            return answer;
        };
    });

    private static string? Current(HttpContext http)
    {
        try
        {
            return http.RequestServices.GetRequiredService<RunCatalog>().Folder.CurrentRun;
        }
        catch (IOException)
        {
            return null; // the answer will say so
        }
    }

    /// <summary>Parameters of a handler that come from the query string, or from the address.</summary>
    private static string[] Parameters(EndpointFilterFactoryContext context) =>
        [.. context.MethodInfo.GetParameters().Where(p => p.ParameterType == typeof(string) || (Nullable.GetUnderlyingType(p.ParameterType) ?? p.ParameterType).IsPrimitive).Select(p => p.Name!)];
}
