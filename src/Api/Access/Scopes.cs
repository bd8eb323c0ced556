namespace Backlinks.Api;

/// <summary>What a key may do. Each scope stands alone, but <see cref="Admin"/> allows all.</summary>
public static class Scopes
{
    /// <summary>Ask: everything that changes nothing.</summary>
    public const string Read = "read";

    /// <summary>Start, cancel and schedule crawls, imports, runs and simulations; delete runs.</summary>
    public const string Jobs = "jobs";

    /// <summary>All of it, and metrics.</summary>
    public const string Admin = "admin";

    public static IReadOnlyList<string> All { get; } = [Read, Jobs, Admin];

    /// <summary>What an endpoint needs: what it says, else by its method; null where anybody may ask.</summary>
    public static string? Needed(IEnumerable<object> metadata, string method) =>
        metadata.OfType<NeededScope>().LastOrDefault() is { } said ? said.Scope : method is "GET" or "HEAD" or "OPTIONS" ? Read : Jobs;
}
