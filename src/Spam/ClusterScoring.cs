using System.Globalization;

namespace Backlinks.Spam;

/// <summary>
/// What the evidence within a group of domains amounts to.
/// <code>score = 100/(1 + exp(−(prior + Σ over families min(cap, Σ ln LR))))</code>
/// Each reason is a log-likelihood ratio of "made to boost" against "came about", summed within its family and capped, so that
/// ten signs of one kind are no proof. Counter-evidence is negative and taken off the family it weakens.
/// <list type="bullet">
/// <item>Link: the best target's mixture of supporters (<see cref="BoostedTargets"/>), at most 6; members in circles, up to 1.5
/// (honest blog rings are circles too: that alone scores 18); several targets with the same supporters, 1. Against:
/// boosters with 2 or more supporters outside, and a quarter as many as inside, up to −5: farms are not linked to;
/// members of which half the pairs link both ways, while nobody only takes from half of them, void all of this:
/// that is how sites of one owner stand to each other.</item>
/// <item>Anchor: one selling text on inner links: g·ln(.8/p) + (G−g)·ln(.2/(1−p)), p its share elsewhere, ≥ .1. Against:
/// openly named targets, −1.</item>
/// <item>Infrastructure, content: share of boosters that share a rare key with another member, full strength from a half on;
/// near-duplicates likewise, strength 3.</item>
/// <item>Time: a burst at a target, up to 2; changed topics, up to 2.</item>
/// </list>
/// Claims of 80 and more need two families (each ≥ <see cref="SpamOptions.FamilyCounts"/>), one of them link or anchor, as a
/// network that boosts nothing is no link spam; or links alone of an insular group (<see cref="SpamOptions.Insular"/>) of ten.
/// Cost: the members' links.
/// </summary>
internal sealed class ClusterScoring(Surroundings at, AnchorConcentration concentration, LinkBursts bursts, Exclusions exclusions, CancellationToken cancel)
{
    private const int Examples = 5;
    private const int Supported = 2; // supporters outside that make a booster a site of its own
    private const double CapOfOneFamily = 79;

    private readonly int _linking = Math.Max(1, Enumerable.Range(0, at.Graph.NodeCount).Count(u => at.Graph.OutDegree(u) > 0));
    private readonly int[] _cluster = new int[at.Graph.NodeCount]; // 1 + number of the candidate, 0 none
    private readonly Dictionary<string, Dictionary<int, List<ulong>>> _keys = [];
    private readonly Dictionary<(object Channel, ulong Key), List<int>> _holders = []; // in clusters
    private readonly Dictionary<int, List<int>> _duplicates = [];

    /// <summary>Scores all candidates; those below <see cref="SpamOptions.Reported"/> come back as null.</summary>
    public List<ScoredCluster?> Score(List<int[]> candidates, EvidenceList ties)
    {
        for (int c = 0; c < candidates.Count; c++)
            foreach (int member in candidates[c])
                _cluster[member] = c + 1;
        foreach (SharedKeys channel in at.Input.Channels)
        {
            var by = new Dictionary<int, List<ulong>>();
            KeyGroups.ForEach(at, channel, (key, members) =>
            {
                _holders[(by, key)] = [.. members.Where(m => _cluster[m] != 0)];
                foreach (int member in members)
                {
                    if (!by.TryGetValue(member, out List<ulong>? keys))
                        by.Add(member, keys = []);
                    keys.Add(key);
                }
            }, cancel);
            _keys[channel.Name] = by;
        }
        foreach (Evidence tie in ties.Ties)
            if (tie.Kind == EvidenceKind.Duplicate && _cluster[tie.A] != 0 && _cluster[tie.A] == _cluster[tie.B])
                foreach ((int a, int b) in new[] { (tie.A, tie.B), (tie.B, tie.A) })
                {
                    if (!_duplicates.TryGetValue(a, out List<int>? with))
                        _duplicates.Add(a, with = []);
                    with.Add(b);
                }
        var circles = new HashSet<int>();
        foreach (Evidence tie in ties.Ties)
            if (tie.Kind == EvidenceKind.Circle && _cluster[tie.A] != 0 && _cluster[tie.A] == _cluster[tie.B])
            {
                circles.Add(tie.A);
                circles.Add(tie.B);
            }
        return [.. candidates.Select((members, c) => ScoreOne(members, c + 1, circles))];
    }

    /// <summary>Scores a candidate, and its core alone: the targets that link to no member and the boosters that link to them. Camouflage ties
    /// a farm to honest sites of its field; without them the case is clearer, or there is none. The core must be half of the candidate: a few sites
    /// of an owner that like the same place are no farm.</summary>
    private ScoredCluster? ScoreOne(int[] all, int number, HashSet<int> circles)
    {
        cancel.ThrowIfCancellationRequested();
        Inside whole = Trim(new Inside(at, all, number, _cluster), number);
        ScoredCluster? scored = Weigh(whole, circles);
        var core = whole.Sinks.Concat(whole.Members.Where(m => at.Booster[m] && whole.Sinks.Exists(s => at.Links(m, s)))).Distinct().Order().ToArray();
        if (core.Length < Candidates.Fewest || core.Length * 2 < whole.Members.Length || core.Length == whole.Members.Length || scored?.Score >= at.Options.Confirmed)
            return scored;
        foreach (int member in whole.Members.Except(core))
            _cluster[member] = 0;
        if (Weigh(Trim(new Inside(at, core, number, _cluster), number), circles) is { } alone && alone.Score > (scored?.Score ?? 0))
            return alone;
        foreach (int member in whole.Members)
            _cluster[member] = number;
        return scored;
    }

    private ScoredCluster? Weigh(Inside inside, HashSet<int> circles)
    {
        if (inside.Members.Length < Candidates.Fewest || inside.Members.Select(m => at.Group[m]).Distinct().Count() < Candidates.Fewest)
            return null;
        var reasons = new List<SpamReason>();
        var against = new List<(EvidenceFamily Family, double LogRatio, string Text)>();
        Links(inside, circles, reasons, against);
        Anchors(inside, reasons, against);
        Keys(inside, reasons, against);
        Times(inside, reasons);
        var families = new SortedDictionary<EvidenceFamily, double>();
        foreach (EvidenceFamily family in Enum.GetValues<EvidenceFamily>())
        {
            double sum = reasons.Where(r => r.Family == family).Sum(r => r.LogRatio) + against.Where(r => r.Family == family).Sum(r => r.LogRatio);
            if (sum != 0)
                families[family] = Math.Min(sum, family == EvidenceFamily.Link ? at.Options.LinkCap : at.Options.OtherCap);
        }
        double score = 100 / (1 + Math.Exp(-(at.Options.Prior + families.Values.Sum())));
        if (score < at.Options.Reported)
            return null;
        var words = against.ConvertAll(a => a.Text);
        if (score > CapOfOneFamily && Limit(inside, families) is { } limit)
        {
            score = CapOfOneFamily;
            words.Add(limit);
        }
        Note(inside, words);
        return new ScoredCluster(inside, score, families, reasons, words);
    }

    /// <summary>What keeps a claim from being confirmed; null for nothing.</summary>
    private string? Limit(Inside inside, SortedDictionary<EvidenceFamily, double> families)
    {
        int strong = families.Count(f => f.Value >= at.Options.FamilyCounts);
        bool links = families.GetValueOrDefault(EvidenceFamily.Link) >= at.Options.FamilyCounts, anchors = families.GetValueOrDefault(EvidenceFamily.Anchor) >= at.Options.FamilyCounts;
        if (strong >= 2)
            return links || anchors ? null : "held at 79: one hand, but no links that serve a purpose";
        if (!links)
            return "held at 79: one kind of evidence only";
        return inside.Insularity >= at.Options.Insular && inside.Members.Length >= at.Options.InsularMembers ? null
            : Text($"held at 79: links are the only evidence, and the group is not both closed (insularity {inside.Insularity:0.00}, needed {at.Options.Insular:0.00}) and of {at.Options.InsularMembers} members or more ({inside.Members.Length})");
    }

    /// <summary>Members that nothing but a stray link holds are let go.</summary>
    private Inside Trim(Inside inside, int number)
    {
        for (int round = 0; round < 5; round++)
        {
            int[] kept = inside.Staying(m => Keyed(m, number));
            if (kept.Length == inside.Members.Length)
                break;
            foreach (int member in inside.Members.Except(kept))
                _cluster[member] = 0;
            inside = new Inside(at, kept, number, _cluster);
        }
        return inside;
    }

    /// <summary>Whether a member shares a rare key or a text with another member.</summary>
    private bool Keyed(int member, int number)
    {
        if (_duplicates.GetValueOrDefault(member)?.Exists(d => _cluster[d] == number) == true)
            return true;
        foreach (Dictionary<int, List<ulong>> by in _keys.Values)
            foreach (ulong key in by.GetValueOrDefault(member) ?? [])
                if (_holders.GetValueOrDefault((by, key))?.Exists(h => h != member && _cluster[h] == number && at.Group[h] != at.Group[member]) == true)
                    return true;
        return false;
    }

    private void Links(Inside inside, HashSet<int> circles, List<SpamReason> reasons, List<(EvidenceFamily, double, string)> against)
    {
        if (inside.Targets.Count > 0)
        {
            int best = inside.Best;
            InsideTarget target = inside.Of(best);
            double concentration = inside.Concentration(best);
            reasons.Add(new SpamReason(EvidenceFamily.Link, Text($"{target.Boosters} of the {target.Boosters + target.Others} owners that link to {Name(best)} are members that link to few others and have little support themselves; they give {100 * concentration:0} % of what it gets by links"),
                Math.Min(target.LogRatio, at.Options.LinkCap), [.. inside.Links(target: best).Take(Examples).Select(Example)]));
            if (inside.Targets.Count > 1 && inside.OverlappingTargets(at.Options) is { Pairs: > 0 } overlap)
                reasons.Add(new SpamReason(EvidenceFamily.Link, Text($"{overlap.Targets} targets have much the same supporters: {Name(overlap.A)} and {Name(overlap.B)} share {overlap.Shared} of {overlap.Union}"), 1, [Name(overlap.A), Name(overlap.B)]));
        }
        List<int> round = [.. inside.Boosters.Where(circles.Contains)];
        if (round.Count >= 3 && inside.Boosters.Count > 0)
        {
            double share = round.Count / (double)inside.Boosters.Count;
            reasons.Add(new SpamReason(EvidenceFamily.Link, Text($"{round.Count} of {inside.Boosters.Count} boosters link to each other or in a circle"), 1.5 * share,
                [.. inside.Links(between: round).Take(Examples).Select(Example)]));
        }
        int[] acting = [.. inside.Members.Where(m => at.Booster[m] && inside.InnerLinks(m) > 0)];
        int supported = acting.Count(b => inside.Of(b) is var look && look.Outside >= Supported && look.Outside * 4 >= look.Boosters);
        if (supported > 0)
            against.Add((EvidenceFamily.Link, -Math.Min(5.0 * supported / acting.Length, reasons.Sum(r => r.LogRatio)), Text($"{supported} of {acting.Length} members that link to others have {Supported} or more supporters outside the group")));
        if (!inside.Sinks.Exists(s => inside.Of(s).Boosters * 2 >= acting.Length) && inside.MutualShare is var mutual && mutual >= 0.5)
            against.Add((EvidenceFamily.Link, -reasons.Sum(r => r.LogRatio) - against.Sum(r => r.Item2), Text($"members name each other openly ({100 * mutual:0} % of the pairs link both ways) and give as well as take")));
    }

    private void Anchors(Inside inside, List<SpamReason> reasons, List<(EvidenceFamily, double, string)> against)
    {
        if (at.Input.Anchors is not { } anchors)
            return;
        var by = new SortedDictionary<uint, HashSet<int>>();
        var sources = new HashSet<int>();
        int edges = 0, open = 0;
        foreach ((int source, int target, long position) in inside.Links())
        {
            if (anchors.Offsets[position] == anchors.Offsets[position + 1])
                continue;
            edges++;
            bool marked = true;
            sources.Add(at.Group[source]);
            for (long i = anchors.Offsets[position]; i < anchors.Offsets[position + 1]; i++)
            {
                string text = anchors.Texts[(int)anchors.Anchors[i]];
                bool money = AnchorWords.IsMoney(text, Name(target));
                marked &= !money;
                if (!money)
                    continue;
                if (!by.TryGetValue(anchors.Anchors[i], out HashSet<int>? with))
                    by.Add(anchors.Anchors[i], with = []);
                with.Add(at.Group[source]);
            }
            open += marked ? 1 : 0;
        }
        (uint Anchor, double LogRatio, int Count) best = (0, 0, 0);
        foreach ((uint anchor, HashSet<int> with) in by)
        {
            double p = concentration.ShareOutside(anchor, with.Count), ratio = with.Count * Math.Log(0.8 / p) + (sources.Count - with.Count) * Math.Log(0.2 / (1 - p));
            if (with.Count >= Candidates.Fewest && ratio > best.LogRatio)
                best = (anchor, ratio, with.Count);
        }
        if (best.Count > 0)
            reasons.Add(new SpamReason(EvidenceFamily.Anchor, Text($"{best.Count} of the {sources.Count} owners behind inner links use the very words '{anchors.Texts[(int)best.Anchor]}'"), best.LogRatio,
                [.. inside.Links().Where(l => anchors.Anchors.AsSpan((int)anchors.Offsets[l.Position], (int)(anchors.Offsets[l.Position + 1] - anchors.Offsets[l.Position])).Contains(best.Anchor)).Take(Examples).Select(Example)]));
        foreach (int target in inside.Targets)
            if (concentration.Dominant(target) is { Claims: true, All: >= 10 } dominant)
            {
                reasons.Add(new SpamReason(EvidenceFamily.Anchor, Text($"the anchors of {Name(target)} are over-optimised: {dominant.Count} of {dominant.All} owners say '{anchors.Texts[(int)dominant.Anchor]}' (z {dominant.Z:0.0}, entropy {dominant.Entropy:0.0} bits)"), 1, [Name(target)]));
                break;
            }
        if (edges > 0 && open * 2 >= edges)
            against.Add((EvidenceFamily.Anchor, -1, Text($"{open} of {edges} inner links name their target openly, by its name or as navigation")));
    }

    private void Keys(Inside inside, List<SpamReason> reasons, List<(EvidenceFamily, double, string)> against)
    {
        List<int> hands = inside.Boosters.Count > 0 ? inside.Boosters : [.. inside.Members];
        foreach (SharedKeys channel in at.Input.Channels)
        {
            Dictionary<int, List<ulong>> by = _keys[channel.Name];
            var holders = new SortedDictionary<ulong, List<int>>();
            foreach (int member in inside.Members)
                foreach (ulong key in by.GetValueOrDefault(member) ?? [])
                {
                    if (!holders.TryGetValue(key, out List<int>? with))
                        holders.Add(key, with = []);
                    with.Add(member);
                }
            foreach (ulong lonely in holders.Where(h => h.Value.Select(m => at.Group[m]).Distinct().Count() < 2).Select(h => h.Key).ToArray())
                holders.Remove(lonely);
            int covered = holders.Values.SelectMany(h => h).Distinct().Intersect(hands).Count();
            if (covered < 3)
                continue;
            (ulong shared, List<int> most) = holders.MaxBy(h => h.Value.Count);
            string named = channel.Describe?.Invoke(shared) is { } words ? $" ({words})" : "";
            reasons.Add(new SpamReason(channel.Family, Text($"{covered} of {hands.Count} {(hands == inside.Boosters ? "boosters" : "members")} share {(channel.Name[0] is 'a' or 'e' or 'i' or 'o' or 'u' ? "an" : "a")} {channel.Name} with another member; {most.Count} have the same one{named}"),
                channel.Strength * Math.Min(1, covered / (0.5 * hands.Count)), [.. most.Take(Examples).Select(Name)]));
        }
        var hand = new HashSet<int>();
        foreach (int member in hands)
            if (Keyed(member, inside.Number))
                hand.Add(member);
        if (hand.Count >= 3 && hand.Count * 2 >= hands.Count)
            Customers(inside, hand, reasons);
        List<int> copies = [.. hands.Where(h => _duplicates.GetValueOrDefault(h)?.Exists(d => inside.Has(d)) == true)];
        if (copies.Count >= 3)
            reasons.Add(new SpamReason(EvidenceFamily.Content, Text($"{copies.Count} of {hands.Count} boosters have texts that differ in at most {at.Options.DuplicateBits} of 64 bits of their fingerprints from another member's"),
                3 * Math.Min(1, copies.Count / (0.5 * hands.Count)), [.. copies.Take(Examples).Select(Name)]));
    }

    /// <summary>
    /// Whom a group known by its keys boosts. For a target with m links from the n that share keys, λ = n·(in-links from others + 1)/linking
    /// domains are expected; told where m ≥ 3 and m·ln(m/λ) − m + λ ≥ 7 (a Poisson tail of one in a thousand), and the
    /// target neither shares the keys nor links to members, as sites of one owner do. The more of the group
    /// link to such targets, the more it weighs, up to 3.
    /// </summary>
    private void Customers(Inside inside, HashSet<int> hand, List<SpamReason> reasons)
    {
        var serving = new HashSet<int>();
        var customers = new List<(int Target, List<int> From)>();
        foreach (int target in inside.Targets)
        {
            if (hand.Contains(target) || inside.InnerLinks(target) > 1)
                continue;
            List<int> from = [.. inside.Links(target).Select(l => l.Source).Where(hand.Contains)];
            double expected = hand.Count * (at.Graph.InDegree(target) - from.Count + 1.0) / _linking;
            if (from.Count < 3 || from.Count * Math.Log(from.Count / expected) - from.Count + expected < 7)
                continue;
            customers.Add((target, from));
            serving.UnionWith(from);
        }
        if (customers.Count == 0)
            return;
        (int best, List<int> links) = customers.MaxBy(c => c.From.Count);
        reasons.Add(new SpamReason(EvidenceFamily.Link, Text($"{serving.Count} of the {hand.Count} that share keys or texts link to the same {(customers.Count == 1 ? "site" : $"{customers.Count} sites")} outside their own, {links.Count} of them to {Name(best)}"),
            3.0 * serving.Count / hand.Count, [.. links.Take(Examples).Select(s => Example((s, best, 0)))]));
    }

    private void Times(Inside inside, List<SpamReason> reasons)
    {
        if (at.Input.FirstSeen is not null)
        {
            var days = new List<int>();
            foreach (int target in inside.Targets)
                if (bursts.Of(target, days) is { } burst)
                {
                    reasons.Add(new SpamReason(EvidenceFamily.Time, Text($"{burst.Count} of {burst.All} links to {Name(target)} were first seen within {LinkBursts.Days} days from {DateOnly.FromDayNumber(burst.From):yyyy-MM-dd}, when {100 * burst.Expected:0.#} % of all links were"),
                        2.0 * burst.Count / burst.All, [Name(target)]));
                    break;
                }
        }
        int turned = inside.Boosters.Count(bursts.Turned);
        if (turned >= 3)
            reasons.Add(new SpamReason(EvidenceFamily.Time, Text($"the topic of {turned} of {inside.Boosters.Count} boosters is another than when their old links were made"), 2.0 * turned / inside.Boosters.Count,
                [.. inside.Boosters.Where(bursts.Turned).Take(Examples).Select(Name)]));
    }

    /// <summary>What is left out of the evidence, but belongs to the picture.</summary>
    private void Note(Inside inside, List<string> words)
    {
        int own = inside.Members.GroupBy(m => at.Group[m]).Count(g => g.Count() > 1);
        if (own > 0)
            words.Add(Text($"links among members of one owner do not count ({own} {(own == 1 ? "owner has" : "owners have")} several members)"));
        foreach (int victim in inside.LinkedTo().Where(exclusions.Reasons.ContainsKey).Take(3))
            words.Add(Text($"{Name(victim)}, which members link to, {exclusions.Reasons[victim]}"));
    }

    private string Name(int node) => at.Graph.Names[node];

    private string Example((int Source, int Target, long Position) link) =>
        at.Input.Example?.Invoke(link.Source, link.Target) is { } page ? $"{page} -> {Name(link.Target)}" : $"{Name(link.Source)} -> {Name(link.Target)}";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

/// <summary>A candidate and what speaks for and against it.</summary>
internal sealed record ScoredCluster(Inside Inside, double Score, SortedDictionary<EvidenceFamily, double> Families, List<SpamReason> Reasons, List<string> Against);
