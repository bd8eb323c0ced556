using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace Backlinks.Tests.Api;

/// <summary>Lists in bodies whose elements may be written as texts.</summary>
public sealed class ShortFormTests(SampleWebRun sample)
{
    [Theory]
    [InlineData("site-explorer/link-intersect", """{"targets":["labs.example",{"target":"http://directory.example/","mode":"subdomains"}],"exclude":["seedbank.example"],"least_targets":1,"limit":50}""",
        """{"targets":[{"target":"labs.example"},{"target":"http://directory.example/","mode":"subdomains"}],"exclude":[{"target":"seedbank.example"}],"least_targets":1,"limit":50}""")]
    [InlineData("site-explorer/batch-analysis", """{"targets":["labs.example","http://directory.example/"]}""", """{"targets":[{"target":"labs.example"},{"target":"http://directory.example/"}]}""")]
    [InlineData("simulate", """{"target":"labs.example","level":"domain","remove":["domain:directory.example"],"movers":3}""", """{"target":"labs.example","level":"domain","remove":[{"source":"domain:directory.example"}],"movers":3}""")]
    [InlineData("simulate", """{"target":"labs.example","level":"domain","add":["directory.example -> seedbank.example",{"source":"directory.example","weight":2.5}],"remove":["directory.example→labs.example"],"movers":3}""",
        """{"target":"labs.example","level":"domain","add":[{"source":"directory.example","target":"seedbank.example"},{"source":"directory.example","weight":2.5}],"remove":[{"source":"directory.example","target":"labs.example"}],"movers":3}""")]
    public async Task A_text_means_what_its_object_means(string path, string shortBody, string body)
    {
        await using RunningService service = await sample.ServeAsync();
        ServiceDocument document = await ServiceDocument.OfAsync(service.Client);
        Assert.Equal(Timeless(await service.JsonAsync(path, body)), Timeless(await service.JsonAsync(path, shortBody)));
        JsonNode schema = document.Operations.Single(o => o.Path == "/api/v1/" + path && o.Method == HttpMethod.Post).Json["requestBody"]!["content"]!["application/json"]!["schema"]!;
        Assert.Empty(document.Validate(schema, shortBody));
        Assert.Empty(document.Validate(schema, body));
        Assert.NotEmpty(document.Validate(schema, shortBody.Replace("\"labs.example\",", "7,", StringComparison.Ordinal).Replace("[\"d", "[7,\"d", StringComparison.Ordinal)));
    }

    private static string Timeless(JsonElement answer) => Regex.Replace(answer.GetRawText(), "\"seconds\":[0-9.e+-]+", "");

    [Theory]
    [InlineData("site-explorer/link-intersect", """{"targets":["labs.example",7]}""", "invalid_body", "/targets/1", "must be a text or an object")]
    [InlineData("site-explorer/link-intersect", """{"targets":["labs.example",["directory.example"]]}""", "invalid_body", "/targets/1", "must be a text or an object")]
    [InlineData("site-explorer/link-intersect", """{"targets":["labs.example"],"exclude":[{"target":"a.example"},{"target":{"mode":1}}]}""", "invalid_body", "/exclude/1/target", "another type")]
    [InlineData("site-explorer/link-intersect", """{"targets":["labs.example",null]}""", "invalid_parameter", "/targets/1", "is needed")]
    [InlineData("site-explorer/link-intersect", """{"targets":["labs.example","a b"]}""", "invalid_parameter", "/targets/1/target", "a b")]
    [InlineData("site-explorer/link-intersect", """{"targets":"labs.example"}""", "invalid_body", "/targets", "must be a list")]
    [InlineData("site-explorer/batch-analysis", """{"targets":[true]}""", "invalid_body", "/targets/0", "must be a text or an object")]
    [InlineData("simulate", """{"target":"labs.example","remove":["domain:directory.example",1.5]}""", "invalid_body", "/remove/1", "must be a text or an object")]
    [InlineData("simulate", """{"target":"labs.example","add":[{"source":"directory.example","weight":"much"}]}""", "invalid_body", "/add/0/weight", "another type")]
    [InlineData("simulate", """{"target":"labs.example","remove":["directory.example->"]}""", "invalid_body", "/remove/0", "behind the arrow")]
    [InlineData("simulate", """{"target":"labs.example","remove":["->labs.example"]}""", "invalid_body", "/remove/0/source", "is needed")]
    [InlineData("simulate", """{"target":"labs.example","modify":["directory.example"]}""", "invalid_body", "/modify/0", "another type")]
    [InlineData("simulate", """{"target":"labs.example","remove":["domain:directory.example","\ud800"]}""", "invalid_body", "/remove/1", "")]
    [InlineData("simulate", """{"target":"labs.example","remove":["domain:directory.example",}""", "invalid_body", "", "not well-formed JSON")]
    public async Task An_element_that_is_neither_is_one_problem_that_names_its_place(string path, string body, string code, string field, string message)
    {
        await using RunningService service = await sample.ServeAsync();
        JsonElement problem = await service.ProblemAsync(code, path, body);
        string told = Assert.Single(problem.Fields());
        if (field.Length > 0)
            Assert.Equal(field, told);
        Assert.Contains(message, problem.Text("detail"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Jobs_take_the_same_edits()
    {
        using TemporaryFolder folder = new();
        await using JobService service = await JobService.StartAsync(await sample.CopyAsync(folder));
        JsonElement done = await service.WaitAsync(await service.PostAsync("simulations", new { target = "labs.example", level = "domain", remove = new object[] { "directory.example->labs.example", new { source = "domain:seedbank.example" } } }), "done");
        Assert.Equal(["directory.example->labs.example", "domain:seedbank.example"], done.GetProperty("result").GetProperty("answer").GetProperty("simulation").Array("edits").Select(e => e.Text("what")).Order(StringComparer.Ordinal));
        await service.ProblemAsync(System.Net.HttpStatusCode.BadRequest, "simulations", new { target = "labs.example", remove = new object[] { 7 } });
    }
}
