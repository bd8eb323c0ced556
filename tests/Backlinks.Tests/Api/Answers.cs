using System.Net;
using System.Text;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;

namespace Backlinks.Tests.Api;

/// <summary>Asks a service and reads what it says.</summary>
internal static class Answers
{
    /// <summary>The body of an answer that must be 200, in a form that JSON can be read from.</summary>
    public static async Task<JsonElement> JsonAsync(this RunningService service, string path)
    {
        using HttpResponseMessage response = await service.Client.GetAsync(path);
        return await JsonAsync(response);
    }

    public static async Task<JsonElement> JsonAsync(this RunningService service, string path, object body, HttpMethod? method = null)
    {
        using HttpResponseMessage response = await service.SendAsync(path, body, method);
        return await JsonAsync(response);
    }

    public static async Task<HttpResponseMessage> SendAsync(this RunningService service, string path, object body, HttpMethod? method = null)
    {
        using var request = new HttpRequestMessage(method ?? HttpMethod.Post, path) { Content = new StringContent(body as string ?? JsonSerializer.Serialize(body), Encoding.UTF8, "application/json") };
        return await service.Client.SendAsync(request);
    }

    /// <summary>The problem that an answer must be, of that code.</summary>
    public static async Task<JsonElement> ProblemAsync(this RunningService service, string code, string path, object? body = null, HttpMethod? method = null)
    {
        using HttpResponseMessage response = body is null && method is null ? await service.Client.GetAsync(path) : await service.SendAsync(path, body ?? "", method);
        return await Asking.ProblemAsync(response, code);
    }

    public static string[] Fields(this JsonElement problem) => [.. problem.GetProperty("errors").EnumerateArray().Select(e => e.GetProperty("field").GetString()!)];

    public static double Number(this JsonElement json, string name) => json.GetProperty(name).GetDouble();

    public static string? Text(this JsonElement json, string name) => json.GetProperty(name).GetString();

    public static JsonElement[] Array(this JsonElement json, string name) => [.. json.GetProperty(name).EnumerateArray()];

    public static string Escaped(string text) => Uri.EscapeDataString(text);

    /// <summary>Names of the domains of the current run.</summary>
    public static string[] Domains(string data)
    {
        using Run run = new DataFolder(data).OpenRun();
        return [.. Enumerable.Range(0, run.Graph.NodeCount).Select(node => run.Graph.Names[node])];
    }

    private static async Task<JsonElement> JsonAsync(HttpResponseMessage response)
    {
        string text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.OK, $"{(int)response.StatusCode} for {response.RequestMessage?.RequestUri}: {text}");
        return JsonDocument.Parse(text).RootElement;
    }
}
