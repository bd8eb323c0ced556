using System.Net;
using Backlinks.Api;
using Backlinks.Stores;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace Backlinks.Tests.Api;

/// <summary>Entity tags: whoever has an answer already need not be sent it again.</summary>
public sealed class EntityTagTests(SampleWebRun sample)
{
    /// <summary>Operations that answer without a tag, and why.</summary>
    private static readonly Dictionary<string, string> Without = new(StringComparer.Ordinal)
    {
        ["health"] = "says how the service is now",
        ["health-ready"] = "says how the service is now",
        ["metrics"] = "counts, also this very question",
        ["runs"] = "says what the folder holds now: runs come, go, are pinned",
        ["run"] = "says what the folder holds now: whether the run is current, or pinned",
        ["jobs"] = "work that goes on",
        ["job"] = "work that goes on",
        ["job-events"] = "a stream of events",
        ["crawls"] = "work that goes on",
        ["crawl"] = "work that goes on",
        ["import"] = "work that goes on",
        ["schedules"] = "says when the next time is",
    };

    [Fact]
    public async Task Whatever_is_of_runs_and_decisions_has_a_tag_and_is_sent_once()
    {
        using TemporaryFolder folder = new();
        await using RunningService service = await sample.ServeAsync(await sample.CopyAsync(folder));
        ServiceDocument document = await ServiceDocument.OfAsync(service.Client);
        Operation[] gets = [.. document.Operations.Where(o => o.Method == HttpMethod.Get)];
        Assert.Empty(Without.Keys.Except(gets.Select(o => o.Id)));
        using (HttpResponseMessage decided = await service.SendAsync("spam/reviews/partner.example", new { decision = "dismissed" }, HttpMethod.Put))
            Assert.Equal(HttpStatusCode.OK, decided.StatusCode);
        string cluster = (await service.JsonAsync("spam/clusters")).Array("clusters")[0].Text("id")!;
        List<string> wrong = [];
        HashSet<string> asked = [];
        foreach (RouteEndpoint endpoint in service.App.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>())
            foreach (ExampleRequest example in endpoint.Metadata.GetOrderedMetadata<ExampleRequest>())
            {
                string name = endpoint.Metadata.GetMetadata<IEndpointNameMetadata>()?.EndpointName ?? "";
                if (gets.FirstOrDefault(o => o.Id == name) is not { } operation || Without.ContainsKey(name))
                    continue;
                string path = operation.Path;
                foreach ((string part, string value) in example.Route)
                    path = path.Replace($"{{{part}}}", Uri.EscapeDataString(name == "spam-cluster" ? cluster : value), StringComparison.Ordinal);
                path += example.Query;
                using HttpResponseMessage first = await service.Client.GetAsync(path), second = await service.Client.GetAsync(path);
                using HttpResponseMessage known = await service.Client.SendAsync(Asking.Get(path).With("If-None-Match", first.Headers.ETag?.ToString() ?? "\"none\""));
                if (first.StatusCode != HttpStatusCode.OK || first.Headers.ETag is not { IsWeak: false } || !first.Headers.ETag.Equals(second.Headers.ETag))
                    wrong.Add($"{path}: {(int)first.StatusCode} {first.Headers.ETag}, then {second.Headers.ETag}");
                else if (known.StatusCode != HttpStatusCode.NotModified || !first.Headers.ETag.Equals(known.Headers.ETag) || (await known.Content.ReadAsByteArrayAsync()).Length > 0)
                    wrong.Add($"{path}: {(int)known.StatusCode} {known.Headers.ETag} for whoever has {first.Headers.ETag}");
                else if (await first.Content.ReadAsStringAsync() != await second.Content.ReadAsStringAsync())
                    wrong.Add($"{path}: one tag, two answers");
                asked.Add(name);
            }
        Assert.True(wrong.Count == 0, $"{wrong.Count}:\n{string.Join('\n', wrong)}");
        Assert.Equal(gets.Select(o => o.Id).Except(Without.Keys).Order(StringComparer.Ordinal), asked.Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Tags_of_ratings_and_alerts_change_with_the_runs_and_tags_of_clusters_with_what_is_decided()
    {
        using TemporaryFolder folder = new();
        string data = await sample.CopyAsync(folder);
        DataFolder opened = new(data);
        await using RunningService service = await sample.ServeAsync(data);
        RunCatalog catalog = service.App.Services.GetRequiredService<RunCatalog>();
        async Task<(string Tag, string Text)> Ask(string path)
        {
            using HttpResponseMessage answer = await service.Client.GetAsync(path);
            return (answer.Headers.ETag!.Tag, await answer.Content.ReadAsStringAsync());
        }

        const string history = "site-explorer/domain-rating-history?target=labs.example", alerts = "alerts?target=labs.example";
        string[] questions = ["spam/clusters", "spam/evidence?target=best-guitar-deals.example", "spam/reviews"];
        Dictionary<string, (string Tag, string Text)> before = [];
        foreach (string question in (string[])[.. questions, history, alerts])
            before[question] = await Ask(question);
        using (HttpResponseMessage decided = await service.SendAsync("spam/reviews/best-guitar-deals.example", new { decision = "confirmed" }, HttpMethod.Put))
            Assert.Equal(HttpStatusCode.OK, decided.StatusCode);
        foreach (string question in questions)
            Assert.NotEqual(before[question].Tag, (await Ask(question)).Tag);
        Assert.Equal(before[history], await Ask(history)); // which no decision changes

        string older = opened.RunIds().First(id => id != opened.CurrentRun);
        catalog.Forget(older);
        Directory.Delete(Path.Combine(opened.Runs, older), recursive: true);
        foreach (string question in new[] { history, alerts })
        {
            using HttpResponseMessage again = await service.Client.SendAsync(Asking.Get(question).With("If-None-Match", before[question].Tag));
            Assert.Equal(HttpStatusCode.OK, again.StatusCode);
            Assert.NotEqual(before[question].Text, await again.Content.ReadAsStringAsync());
        }
    }
}
