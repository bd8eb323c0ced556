using System.Globalization;

namespace Backlinks.Spam;

/// <summary>
/// What is never evidence, decided before any is gathered, each with words and numbers that reports repeat:
/// <list type="bullet">
/// <item>links within an owner's group (<see cref="OwnerGroups"/>);</item>
/// <item>platforms, directories and networks of files, where <see cref="SpamInput.Traits"/> names them;</item>
/// <item>widely known sites: 15 supporters or more, a tenth of all, that are no boosters: farms are not that popular, and what
/// they add to such a site is small against what it has;</item>
/// <item>directories that nobody named: a target that links to at least as many other groups as support it, and most of
/// them without return. A farm's target gains nothing by sending its visitors, and its authority, away;</item>
/// <item>badges: the anchor of most links is the target's own name or a maker's mark ("design by", "powered by"), which
/// supporters carry openly.</item>
/// </list>
/// </summary>
internal sealed class Exclusions(Surroundings at)
{
    /// <summary>Fewer entries do not make a directory.</summary>
    private const int FewestEntries = 20;

    /// <summary>So many owners of another kind do not link to a farm's target by chance …</summary>
    private const int WidelyKnownOwners = 15;

    /// <summary>… unless the farm is ten times their number.</summary>
    private const double WidelyKnownShare = 0.1;

    /// <summary>Share of supporters whose anchors must be open marks for a badge: beyond it, words that sell are the exception.</summary>
    private const double BadgeShare = 0.8;

    /// <summary>What was excluded and why, by domain.</summary>
    public SortedDictionary<int, string> Reasons { get; } = [];

    public bool Excludes(int target, TargetSupport support)
    {
        string? reason = Trait(target) ?? WidelyKnown(support) ?? Directory(target, support) ?? Badge(target);
        if (reason is not null)
            Reasons[target] = reason;
        return reason is not null;
    }

    private string? Trait(int target) => at.Input.Traits?[target] switch
    {
        { } t when t.HasFlag(DomainTraits.Trusted) => "is trusted by the owner of this index",
        { } t when t.HasFlag(DomainTraits.Platform) => "is a platform on which anyone may have pages",
        { } t when t.HasFlag(DomainTraits.Directory) => "is a directory",
        { } t when t.HasFlag(DomainTraits.Cdn) => "serves files or badges that others embed",
        _ => null,
    };

    private static string? WidelyKnown(TargetSupport support) =>
        support.Others >= WidelyKnownOwners && support.Others >= WidelyKnownShare * (support.Boosters + support.Others)
            ? string.Create(CultureInfo.InvariantCulture, $"is widely known: {support.Others} of the {support.Boosters + support.Others} owners that link to it link to many others or are well linked themselves") : null;

    private string? Directory(int target, TargetSupport support)
    {
        var entries = new List<int>();
        int returned = 0;
        foreach (uint entry in at.Graph.OutOf(target))
            if (at.Group[(int)entry] != at.Group[target])
            {
                entries.Add(at.Group[(int)entry]);
                returned += at.Links((int)entry, target) ? 1 : 0;
            }
        int groups = Surroundings.Distinct(entries);
        return groups >= FewestEntries && groups - returned >= Math.Max(support.Boosters, groups / 2)
            ? string.Create(CultureInfo.InvariantCulture, $"is a directory or hub: it links to {groups} owners, of which {returned} link back, and {support.Boosters + support.Others} support it") : null;
    }

    private string? Badge(int target)
    {
        if (at.Input.Anchors is not { } anchors)
            return null;
        int open = 0, all = 0;
        string name = at.Graph.Names[target];
        long position = at.Graph.InOffsets[target];
        string? example = null;
        foreach (uint source in at.Graph.InOf(target))
        {
            long row = position++;
            if (at.Group[(int)source] == at.Group[target] || anchors.Offsets[row] == anchors.Offsets[row + 1])
                continue;
            all++;
            bool marked = true;
            for (long i = anchors.Offsets[row]; i < anchors.Offsets[row + 1]; i++)
                marked &= AnchorWords.IsOpenMark(anchors.Texts[(int)anchors.Anchors[i]], name);
            if (marked)
                example ??= anchors.Texts[(int)anchors.Anchors[anchors.Offsets[row]]];
            open += marked ? 1 : 0;
        }
        return all >= 3 && open >= BadgeShare * all
            ? string.Create(CultureInfo.InvariantCulture, $"is named openly: {open} of {all} domains use its name or a maker's mark, such as '{example}'") : null;
    }
}
