using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Components.Routing;

namespace Backlinks.Api.Dashboard;

/// <summary>
/// A page of the dashboard: reads <see cref="View"/> from its address, loads what it shows whenever that changes, and gives up what it was
/// loading when the reader goes elsewhere. Its markup stands inside <c>&lt;Page Of="this" Title="…"&gt;</c>, which shows headings, waiting, problems,
/// and the pages for "no run yet" and "not in the index".
/// </summary>
public abstract class DashboardPage : ComponentBase, IDisposable
{
    private CancellationTokenSource? _loading;
    private string? _address;
    private bool _listening;

    [Inject] public NavigationManager Navigation { get; set; } = null!;

    [Inject] public RunReader Runs { get; set; } = null!;

    /// <summary>What the address says.</summary>
    public View View { get; private set; } = new("", null, null, null);

    /// <summary>What went wrong while loading; null if nothing.</summary>
    public ProblemException? Problem { get; protected set; }

    public bool Loading { get; private set; } = true;

    /// <summary>Whether the run knows the target; set by <see cref="LoadAsync"/>.</summary>
    public bool InIndex { get; protected set; } = true;

    /// <summary>Whether the page has nothing to show without a target.</summary>
    public virtual bool NeedsTarget => true;

    /// <summary>A parameter of the address beside those of <see cref="View"/>.</summary>
    protected string? Ask(string name) => View.Query(Navigation.Uri).TryGetValue(name, out Microsoft.Extensions.Primitives.StringValues value) && value.ToString() is { Length: > 0 } text ? text : null;

    /// <summary>Loads what the page shows for <see cref="View"/>; called on the page's own thread, so it asks through <see cref="Runs"/>.</summary>
    /// <exception cref="ProblemException">Shown to the reader.</exception>
    protected abstract Task LoadAsync(CancellationToken cancel);

    /// <summary>A page without parameters of its own is not told when only the query of its address changes: so it listens.</summary>
    public override Task SetParametersAsync(ParameterView parameters)
    {
        if (!_listening)
            Navigation.LocationChanged += Moved;
        _listening = true;
        return base.SetParametersAsync(parameters);
    }

    private void Moved(object? sender, LocationChangedEventArgs e)
    {
        if (e.Location != _address && PathOf(e.Location) == PathOf(_address))
            _ = InvokeAsync(async () =>
            {
                if (e.Location != Navigation.Uri || e.Location == _address)
                    return; // gone on, or told already
                try
                {
                    Task loaded = ReloadAsync();
                    StateHasChanged();
                    await loaded;
                    StateHasChanged();
                }
                catch (Exception error) when (error is not ObjectDisposedException)
                {
                    await DispatchExceptionAsync(error);
                }
            });
    }

    private static string PathOf(string? address) => address?.Split('?', '#')[0] ?? "";

    /// <summary>Called again whenever the address changes.</summary>
    protected override Task OnParametersSetAsync() => _address == Navigation.Uri ? Task.CompletedTask : ReloadAsync();

    /// <summary>Loads again, as after a button.</summary>
    public async Task ReloadAsync()
    {
        Stop();
        _address = Navigation.Uri;
        View = View.Of(_address);
        Problem = null;
        InIndex = true;
        if (NeedsTarget && !View.HasTarget)
        {
            Loading = false;
            return;
        }
        Loading = true;
        var loading = _loading = new CancellationTokenSource();
        try
        {
            await LoadAsync(loading.Token);
        }
        catch (OperationCanceledException) when (loading.IsCancellationRequested)
        {
            return; // somebody looks at something else by now
        }
        catch (ProblemException problem) when (!loading.IsCancellationRequested)
        {
            Problem = problem;
        }
        catch (Exception) when (loading.IsCancellationRequested)
        {
            return;
        }
        if (_loading == loading)
            Loading = false;
    }

    public void Dispose()
    {
        Navigation.LocationChanged -= Moved;
        Stop();
        GC.SuppressFinalize(this);
    }

    private void Stop()
    {
        _loading?.Cancel();
        _loading?.Dispose();
        _loading = null;
    }
}
