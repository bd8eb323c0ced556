using System.Threading.RateLimiting;
using Backlinks.Stores;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>
/// Decides who is let in, before anything else looks at a request, whatever its address.
/// <list type="bullet">
/// <item>A key in <c>Authorization: Bearer</c> counts wherever the caller is; a wrong one is refused, never overlooked.</item>
/// <item>On this machine no key is needed, unless asked for. This machine is told by the connection alone, never by a header; and since a
/// page of any web site can send a browser here under a name of its own (DNS rebinding), the Host header must be a name of ours.</item>
/// <item>Whose right comes with being there, this machine or the dashboard's cookie, must not be led by other sites' pages to change
/// something or to put load on us: Sec-Fetch-Site, and Origin for all that is not GET and for web sockets, must be ours or of --cors.</item>
/// <item>Everybody else needs a key; with <see cref="ApiOptions.Open"/> only for what is more than reading.</item>
/// </list>
/// </summary>
internal sealed partial class Admission(ApiOptions options, ApiKeys keys, ILogger<Admission> log) : IDisposable
{
    /// <summary>The cookie of the dashboard's session, see <see cref="KeyPage"/>.</summary>
    public const string Session = "backlinks";

    private readonly IReadOnlySet<string> _names = Addresses.Names(options);

    /// <summary>Wrong keys from one address: ten, then one every six seconds. Nobody guesses 256 bits; this keeps log and processor free.</summary>
    private readonly PartitionedRateLimiter<string> _wrong = PartitionedRateLimiter.Create<string, string>(address =>
        RateLimitPartition.GetTokenBucketLimiter(address, _ => new TokenBucketRateLimiterOptions { TokenLimit = 10, TokensPerPeriod = 1, ReplenishmentPeriod = TimeSpan.FromSeconds(6), QueueLimit = 0 }));

    /// <summary>Lets the request pass as somebody, or ends it with a problem.</summary>
    public async Task Admit(HttpContext context)
    {
        Caller caller = await Tell(context);
        string? needed = Scopes.Needed(context.GetEndpoint()?.Metadata ?? EndpointMetadataCollection.Empty, context.Request.Method);
        bool named = (caller != Caller.Local && options.AllowedHosts.Count == 0) || _names.Contains(context.Request.Host.Host);
        if (needed is null && !named)
            caller = Caller.Stranger;
        context.Features.Set(caller);
        context.User = caller.ToUser();
        if (needed is null)
            return;
        if (!named)
            throw Problems.Of("unknown_host", "the Host header is none of this service's names; --allowed-host adds one");
        if (caller is { LetIn: true, Ambient: true })
            CheckOurs(context, options.Cors);
        if (!caller.LetIn || (caller == Caller.Public && !caller.May(needed)))
            throw Problems.Of("no_key", "send Authorization: Bearer with a key; 'backlinks keys add NAME' makes one where the service runs");
        if (!caller.May(needed))
            throw Problems.Of("not_allowed", $"this needs a key with the scope {needed}; yours has {string.Join(", ", caller.Scopes)}");
    }

    /// <summary>Ends a request that a page of another site made. Following a link to us is no such request.</summary>
    public static void CheckOurs(HttpContext context, IReadOnlyList<string>? others = null)
    {
        IHeaderDictionary headers = context.Request.Headers;
        string origin = headers.Origin.ToString(), site = headers["Sec-Fetch-Site"].ToString();
        bool changes = !IsSafe(context.Request.Method) || context.WebSockets.IsWebSocketRequest;
        if (origin.Length > 0 && others?.Contains(origin, StringComparer.OrdinalIgnoreCase) == true)
            return;
        bool foreign = site is not ("" or "same-origin" or "none") && (changes || headers["Sec-Fetch-Mode"] != "navigate");
        foreign |= changes && origin.Length > 0 && !origin.Equals($"{context.Request.Scheme}://{context.Request.Host.Value}", StringComparison.OrdinalIgnoreCase);
        if (foreign)
            throw Problems.Of("not_allowed", "a page of another site may not do this; --cors allows one");
    }

    /// <summary>The key a caller shows on the way to a session, or a problem; wrong ones are counted and logged, without the secret.</summary>
    public ApiKey Verify(HttpContext context, string text)
    {
        ApiKey? key;
        try
        {
            key = keys.Verify(text);
        }
        catch (StoreException damaged)
        {
            Damaged(log, damaged.Message);
            key = null;
        }
        if (key is not null)
            return key;
        string address = Addresses.Of(context);
        using RateLimitLease lease = _wrong.AttemptAcquire(address);
        if (!lease.IsAcquired)
            throw new ProblemException(429, "too_many_requests", "too many wrong keys from this address") { RetryAfter = 6 };
        Wrong(log, ApiKeys.IdOf(text) ?? "of another form", address);
        throw Problems.Of("no_key", "that key is not known here, or was revoked");
    }

    public void Dispose() => _wrong.Dispose();

    private async Task<Caller> Tell(HttpContext context)
    {
        string header = context.Request.Headers.Authorization.ToString();
        if (header.Length > 0)
        {
            if (!header.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase))
                throw Problems.Of("no_key", "send Authorization: Bearer with a key");
            ApiKey key = Verify(context, header["Bearer ".Length..].Trim());
            return new Caller(key.Id, key.Scopes, false);
        }
        if (options.Proxies.Count == 0 && !options.KeysOnLoopback && Addresses.IsLocal(context))
            return Caller.Local;
        if (context.Request.Cookies.ContainsKey(Session) && await context.AuthenticateAsync(Session) is { Succeeded: true } session && KeyOf(session) is { } kept)
            return new Caller(kept.Id, kept.Scopes, true);
        return options.Open ? Caller.Public : Caller.Stranger;
    }

    /// <summary>A session is worth what its key is worth now: nothing once it is revoked.</summary>
    private ApiKey? KeyOf(AuthenticateResult session)
    {
        try
        {
            return keys.Find(session.Principal?.Identity?.Name ?? "");
        }
        catch (StoreException damaged)
        {
            Damaged(log, damaged.Message);
            return null;
        }
    }

    private static bool IsSafe(string method) => HttpMethods.IsGet(method) || HttpMethods.IsHead(method) || HttpMethods.IsOptions(method);

    [LoggerMessage(LogLevel.Warning, "a wrong key ({Id}) from {Address}")]
    private static partial void Wrong(ILogger log, string id, string address);

    [LoggerMessage(LogLevel.Error, "{Problem}")]
    private static partial void Damaged(ILogger log, string problem);
}
