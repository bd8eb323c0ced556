using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace Backlinks.Api;

/// <summary>
/// The OpenAPI 3.1 document at <c>/openapi/v1.json</c>, made from the endpoints themselves: types, XML comments, and what
/// <see cref="Documented"/> adds. A test holds it against what the service answers. <c>/docs</c> is a page to read and try it,
/// served from this process alone.
/// </summary>
internal static class ApiDocument
{
    public const string Path = "/openapi/v1.json";
    public const string Page = "/docs";

    private static readonly (string Name, string Meaning)[] Groups =
    [
        ("site-explorer", "Who links to a target, from where, with which words, and what it is worth."),
        ("across targets", "Questions about several targets at once."),
        ("explain", "Why a score is what it is."),
        ("simulate", "What would change if links were added, removed, changed or disavowed."),
        ("spam", "Clusters of sites that link for rank alone, with the evidence; disavow files."),
        ("graph", "The network around a target; paths; Cypher."),
        ("runs", "Rankings: published, in work, compared."),
        ("jobs", "Crawls, imports, schedules and whatever else takes longer than a request."),
        ("service", "The service itself."),
    ];

    public static void AddApiDocument(this IServiceCollection services) => services.AddOpenApi("v1", document =>
    {
        document.OpenApiVersion = OpenApiSpecVersion.OpenApi3_1;
        document.ShouldInclude = endpoint => endpoint.RelativePath?.StartsWith("api/v1", StringComparison.Ordinal) == true;
        document.AddSchemaTransformer(DocumentedSchemas.Transform);
        document.AddOperationTransformer(DocumentedOperations.Transform);
        document.AddDocumentTransformer((api, _, _) =>
        {
            Describe(api);
            return Task.CompletedTask;
        });
    });

    public static void MapApiDocument(this WebApplication app)
    {
        app.MapOpenApi("/openapi/{documentName}.json").WithScope(Scopes.Read);
        app.MapScalarApiReference(Page, page =>
        {
            page.WithTitle("Backlinks API").WithOpenApiRoutePattern("/openapi/{documentName}.json").AddDocument("v1");
            page.DisableDefaultFonts().DisableTelemetry().DisableAgent().DisableMcp().HideClientButton().HideDeveloperTools();
            page.PreserveSchemaPropertyOrder();
        }).WithScope(Scopes.Read);
    }

    /// <summary>The group an operation is listed in: the first part of its address.</summary>
    public static string Group(string path) => path.Split('/', StringSplitOptions.RemoveEmptyEntries) is ["api", "v1", var first, ..] ? first switch
    {
        "site-explorer" or "explain" or "simulate" or "spam" or "graph" or "runs" => first,
        "disavow" => "spam",
        "link-intersect" or "batch-analysis" => "across targets",
        "crawls" or "imports" or "jobs" or "schedules" or "alerts" or "simulations" => "jobs",
        "available-filters" => "site-explorer",
        _ => "service",
    } : "service";

    private static void Describe(OpenApiDocument api)
    {
        api.Info = new OpenApiInfo
        {
            Title = "Backlinks",
            Version = "1",
            License = new OpenApiLicense { Name = "Apache-2.0", Identifier = "Apache-2.0" },
            Description = """
                Who links to a site, what is each link worth and why, and which links are spam.

                Every answer is of one run, an immutable ranking that `meta.run` names: asked again of the same run (`run=ID`), it is the same
                to the last digit. Rows come in a named array with `meta {total_count, next_cursor, run}`; give `next_cursor` as `cursor` to
                read on in the run where you began, whatever is published in between.

                What goes wrong is told as `application/problem+json` (RFC 9457) with `code`, a stable word for programs, and `errors`, field by
                field. A target that no link was seen of is no error: the answer says `in_index: false`.

                On the machine of the service no key is needed; elsewhere send `Authorization: Bearer blk_…`. Keys are made with
                `backlinks keys add NAME`. 429 and 503 say in `Retry-After` when to come again.
                """,
        };
        api.Servers = [new OpenApiServer { Url = "/", Description = "Where this document was read" }]; // relative, so true behind any proxy and never made of a Host header
        api.Components ??= new OpenApiComponents();
        api.Components.Schemas ??= new Dictionary<string, IOpenApiSchema>();
        api.Components.Schemas[DocumentedProblems.SchemaName] = DocumentedProblems.Schema();
        api.Components.Examples = DocumentedProblems.Examples();
        api.Components.SecuritySchemes = new Dictionary<string, IOpenApiSecurityScheme>
        {
            ["key"] = new OpenApiSecurityScheme { Type = SecuritySchemeType.Http, Scheme = "bearer", BearerFormat = "blk_<id>_<secret>", Description = "An API key; not needed on the machine of the service unless it is started with --keys-on-loopback." },
        };
        HashSet<string> used = [.. api.Paths.Keys.Select(Group)];
        api.Tags = Groups.Where(g => used.Contains(g.Name)).Select(g => new OpenApiTag { Name = g.Name, Description = g.Meaning }).ToHashSet();
    }
}
