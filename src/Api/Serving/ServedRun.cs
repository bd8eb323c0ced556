using System.Diagnostics.CodeAnalysis;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>Which run an answer is of; part of every answer as <c>meta.run</c>.</summary>
/// <param name="BuiltAt">When the run was made, UTC; null where timings.json is missing.</param>
/// <param name="ConfigHash">Digest of graph and configuration.</param>
/// <param name="ScaleVersion">Of the frozen scale of authority; null in a run without authority.</param>
public sealed record RunStamp(string Id, DateTimeOffset? BuiltAt, string EngineVersion, string ConfigHash, int? ScaleVersion);

/// <summary>An open run and what is derived from it once: its stamp, its clusters, solved authority to explain with.</summary>
public sealed class ServedRun
{
    private readonly Lazy<SpamReport?> _spam;
    private int _references = 1; // the catalog's own

    internal ServedRun(Run run, long rowMemory)
    {
        Run = run;
        RowMemory = rowMemory;
        System.Text.Json.Nodes.JsonObject? timings = Run.Timings(run.Folder);
        DateTimeOffset? built = DateTimeOffset.TryParse((string?)timings?["started"], System.Globalization.CultureInfo.InvariantCulture, out DateTimeOffset at) ? at : null;
        int? scale = run.Manifest.Configuration.TryGetValue("authority", out System.Text.Json.Nodes.JsonObject? authority)
            && int.TryParse(authority["scale_version"]?.ToString(), System.Globalization.CultureInfo.InvariantCulture, out int version) ? version : null; // written as text
        Stamp = new RunStamp(run.Id, built, run.Manifest.EngineVersion, run.Manifest.ConfigurationDigest(), scale);
        _spam = new Lazy<SpamReport?>(() => run.Document(SpamReport.FileName) is { } json ? SpamReport.Parse(json, SpamReport.FileName) : null);
    }

    public Run Run { get; }

    public string Id => Run.Id;

    public RunStamp Stamp { get; }

    /// <summary>Memory its rows may take, in bytes.</summary>
    public long RowMemory { get; }

    /// <summary>The run's spam clusters; null where none were looked for.</summary>
    public SpamReport? Spam => _spam.Value;

    /// <summary>The run's spam clusters beside its links.</summary>
    /// <exception cref="RunLacksException">The run was made without looking for spam.</exception>
    internal SpamRun SpamRun => Once("spam", () => new SpamRun(Run));

    /// <summary>Authority of one level, ready to be explained, edited in thought, or compared.</summary>
    /// <exception cref="RequestException">The run has no graph of that level.</exception>
    /// <exception cref="RunLacksException">The run has no raw authority.</exception>
    internal RunAuthority Authority(GraphLevel? level)
    {
        // Null is the level of the run's own graph: one thing under one name.
        GraphLevel chosen = level ?? (Run.Ranked.Granularity == "page" ? GraphLevel.Page : GraphLevel.Domain);
        return Once($"authority {chosen}", () =>
        {
            var authority = RunAuthority.Open(Run, chosen);
            authority.Solved.KeepTotals();
            return authority;
        });
    }

    /// <summary>Topics of one level.</summary>
    /// <exception cref="RequestException">The run has no graph of that level.</exception>
    /// <exception cref="RunLacksException">The run has no topics.</exception>
    internal TopicScores Topics(GraphLevel? level)
    {
        Run part = RunTargets.Part(Run, level);
        return Once(ReferenceEquals(part, Run) ? "topics" : "topics of pages", () => new TopicScores(Run, part));
    }

    private readonly System.Collections.Concurrent.ConcurrentDictionary<string, Lazy<object>> _once = new(StringComparer.Ordinal);

    /// <summary>Makes something of the run once, whoever asks first; it lives as long as the run is open. What fails is tried again, also where the one who
    /// asked first went away in the middle of it.</summary>
    /// <param name="name">Tells it from other things.</param>
    /// <param name="cancel">Of the one who asks now.</param>
    internal T Once<T>(string name, Func<T> make, CancellationToken cancel = default) where T : class
    {
        while (true)
        {
            Lazy<object> made = _once.GetOrAdd(name, _ => new Lazy<object>(() => make()));
            try
            {
                return (T)made.Value;
            }
            catch (Exception error)
            {
                _once.TryRemove(new KeyValuePair<string, Lazy<object>>(name, made));
                if (error is not OperationCanceledException || cancel.IsCancellationRequested)
                    throw;
            }
        }
    }

    /// <summary>The graph of domains.</summary>
    public LinkGraph Domains => Run.Graph;

    /// <summary>The graph of pages; null in a run of an imported graph.</summary>
    public LinkGraph? Pages => Run.Pages?.Graph;

    internal int Leases => Volatile.Read(ref _references) - 1;

    internal long LastUsed { get; private set; }

    private readonly List<IDisposable> _kept = [];

    /// <summary>Keeps something that belongs to the run until the run is closed.</summary>
    internal T Keep<T>(T opened) where T : IDisposable
    {
        lock (_kept)
            _kept.Add(opened);
        return opened;
    }

    [SuppressMessage("Reliability", "CA2000", Justification = "the caller disposes the lease")]
    internal RunLease Lease()
    {
        Interlocked.Increment(ref _references);
        LastUsed = Environment.TickCount64;
        return new RunLease(this);
    }

    /// <summary>Called once by the catalog, under its lock: no new leases, and closed when the last is back.</summary>
    internal void Retire() => GiveBack();

    internal void GiveBack()
    {
        if (Interlocked.Decrement(ref _references) > 0)
            return;
        lock (_kept)
            foreach (IDisposable kept in Enumerable.Reverse(_kept))
                kept.Dispose();
        Run.Dispose();
    }
}
