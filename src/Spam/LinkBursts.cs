using MathNet.Numerics.Distributions;

namespace Backlinks.Spam;

/// <summary>
/// Links that came all at once, and domains whose topic changed under their old links.
/// <para>Burst: of a target's K links with a known first day, the most within <see cref="Days"/> days, w, against what the same
/// window holds of all links of the graph (share p): told where K ≥ <see cref="Fewest"/>, w/K ≥ ½ and the binomial tail
/// P(W ≥ w) &lt; 1e-4/windows (as many windows as links are tried). A crawl that found much at once lifts p, so it is no burst.</para>
/// <para>Topic turn: a booster whose topic now is another than when its links were made is tied to the boosted targets it
/// links to now: old trust under new management, as with expired domains.</para>
/// Cost O(m log) in the worst row, 8 bytes a day.
/// </summary>
internal sealed class LinkBursts
{
    public const int Days = 14;
    public const int Fewest = 6;

    private readonly Surroundings _at;
    private readonly long[] _upTo; // links first seen before day first+i
    private readonly int _first;

    public LinkBursts(Surroundings at)
    {
        _at = at;
        _upTo = [0];
        if (at.Input.FirstSeen is not { } seen)
            return;
        int first = int.MaxValue, last = 0;
        foreach (int day in seen)
            if (day > 0)
                (first, last) = (Math.Min(first, day), Math.Max(last, day));
        if (last == 0)
            return;
        _first = first;
        _upTo = new long[last - first + 2];
        foreach (int day in seen)
            if (day > 0)
                _upTo[day - first + 1]++;
        for (int i = 1; i < _upTo.Length; i++)
            _upTo[i] += _upTo[i - 1];
    }

    public void AddTies(bool[] boosted, EvidenceList ties, CancellationToken cancel)
    {
        var days = new List<int>();
        for (int target = 0; target < _at.Graph.NodeCount; target++)
        {
            if ((target & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            if (_at.Input.FirstSeen is { } seen && _at.Graph.InDegree(target) >= Fewest && Of(target, days) is { } burst)
            {
                long row = _at.Graph.InOffsets[target];
                foreach (uint source in _at.Graph.InOf(target))
                    if (seen[row++] is var day && day >= burst.From && day < burst.From + Days && _at.Booster[(int)source] && _at.Group[(int)source] != _at.Group[target])
                        ties.Add((int)source, target, EvidenceKind.Burst, 0.5);
            }
            if (boosted[target] && _at.Input.TopicThen is not null)
                foreach (uint source in _at.Graph.InOf(target))
                    if (_at.Booster[(int)source] && Turned((int)source) && _at.Group[(int)source] != _at.Group[target])
                        ties.Add((int)source, target, EvidenceKind.TopicTurn, 0.5);
        }
    }

    public bool Turned(int node) =>
        _at.Input.TopicThen is { } then && _at.Input.TopicNow is { } now && then[node] >= 0 && now[node] >= 0 && then[node] != now[node];

    /// <summary>The burst of a target's links; null where they came as all links do.</summary>
    public LinkBurst? Of(int target, List<int> days)
    {
        days.Clear();
        long row = _at.Graph.InOffsets[target];
        foreach (uint source in _at.Graph.InOf(target))
            if (_at.Input.FirstSeen![row++] is var day && day > 0 && _at.Group[(int)source] != _at.Group[target])
                days.Add(day);
        if (days.Count < Fewest)
            return null;
        days.Sort();
        (int from, int most) = (0, 0);
        for (int i = 0, j = 0; i < days.Count; i++)
        {
            while (j < days.Count && days[j] < days[i] + Days)
                j++;
            if (j - i > most)
                (from, most) = (days[i], j - i);
        }
        double p = Math.Clamp(Share(from), 1e-9, 1 - 1e-9);
        return most * 2 >= days.Count && most > days.Count * p && 1 - Binomial.CDF(p, days.Count, most - 1) < 1e-4 / days.Count ? new LinkBurst(from, most, days.Count, p) : null;
    }

    private double Share(int from)
    {
        int start = Math.Clamp(from - _first, 0, _upTo.Length - 1), end = Math.Clamp(from - _first + Days, 0, _upTo.Length - 1);
        return _upTo[^1] == 0 ? 1 : (_upTo[end] - _upTo[start]) / (double)_upTo[^1];
    }
}

/// <summary>Many links in a short time.</summary>
/// <param name="From">Day number of the first.</param>
/// <param name="Count">Links within <see cref="LinkBursts.Days"/> days, of <paramref name="All"/> with a known day.</param>
/// <param name="Expected">Share of all links of the graph in those days.</param>
internal readonly record struct LinkBurst(int From, int Count, int All, double Expected);
