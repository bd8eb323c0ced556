using System.Security.Claims;
using Microsoft.AspNetCore.Http;

namespace Backlinks.Api;

/// <summary>Who asks, as far as it matters.</summary>
/// <param name="Id">For log and limits: the key's id, <c>local</c>, or <c>-</c>.</param>
/// <param name="Scopes">What the caller may do.</param>
/// <param name="Ambient">Whether the right comes with being there (this machine, a cookie) and not with the request, so that other sites' pages could borrow it.</param>
public sealed record Caller(string Id, IReadOnlyList<string> Scopes, bool Ambient)
{
    private const string ScopeClaim = "scope";

    /// <summary>Somebody without a key where keys are needed.</summary>
    public static Caller Stranger { get; } = new("-", [], true);

    /// <summary>Somebody without a key where none is needed to ask.</summary>
    public static Caller Public { get; } = new("-", [Api.Scopes.Read], true);

    /// <summary>Somebody on this machine: could read the data folder as well.</summary>
    public static Caller Local { get; } = new("local", Api.Scopes.All, true);

    /// <summary>Whether the caller may ask anything at all.</summary>
    public bool LetIn => Scopes.Count > 0;

    public bool May(string scope) => Scopes.Contains(scope, StringComparer.Ordinal) || Scopes.Contains(Api.Scopes.Admin, StringComparer.Ordinal);

    /// <summary>The same question for the user of a page: the dashboard offers only what may be done.</summary>
    public static bool May(ClaimsPrincipal user, string scope) => user.HasClaim(ScopeClaim, scope) || user.HasClaim(ScopeClaim, Api.Scopes.Admin);

    /// <summary>The caller of a request; a stranger until <see cref="Admission"/> has looked.</summary>
    public static Caller Of(HttpContext context) => context.Features.Get<Caller>() ?? Stranger;

    internal ClaimsPrincipal ToUser() => new(new ClaimsIdentity([new Claim(ClaimTypes.Name, Id), .. Scopes.Select(s => new Claim(ScopeClaim, s))], LetIn ? "backlinks" : null));
}
