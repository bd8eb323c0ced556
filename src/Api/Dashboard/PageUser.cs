using Microsoft.AspNetCore.Components.Authorization;

namespace Backlinks.Api.Dashboard;

/// <summary>What the reader of a page may do: pages offer only that, and ask again when a button is pressed.</summary>
public sealed class PageUser(AuthenticationStateProvider provider)
{
    /// <param name="scope">Of <see cref="Scopes"/>.</param>
    public async Task<bool> MayAsync(string scope) => Caller.May((await provider.GetAuthenticationStateAsync()).User, scope);

    /// <exception cref="ProblemException"><c>not_allowed</c>.</exception>
    public async Task DemandAsync(string scope)
    {
        if (!await MayAsync(scope))
            throw Problems.Of("not_allowed", $"this needs a key with the scope {scope}");
    }
}
