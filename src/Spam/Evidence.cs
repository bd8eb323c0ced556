namespace Backlinks.Spam;

/// <summary>What ties two domains together.</summary>
internal enum EvidenceKind : byte
{
    /// <summary>A narrow, weak domain supports a target that nearly only such domains support.</summary>
    Boost,

    /// <summary>Two narrow, weak domains link to each other, or lie on a cycle of such.</summary>
    Circle,

    /// <summary>Two narrow, weak domains link to the same little-linked places.</summary>
    SharedTargets,

    /// <summary>Two targets have much the same supporters.</summary>
    Overlap,

    /// <summary>The source names the target by the very words most others do.</summary>
    Anchor,

    /// <summary>Near-duplicate texts.</summary>
    Duplicate,

    /// <summary>A rare key in common.</summary>
    Key,

    /// <summary>The link came within days of most others of its target.</summary>
    Burst,

    /// <summary>The source, whose topic changed, links to what it links to.</summary>
    TopicTurn,
}

/// <summary>One undirected tie; <paramref name="Weight"/> &gt; 0.</summary>
internal readonly record struct Evidence(int A, int B, EvidenceKind Kind, float Weight);

/// <summary>Ties from all generators, in a fixed order.</summary>
internal sealed class EvidenceList
{
    /// <summary>A group of up to this many is tied pair by pair; in a larger one each to half as many others, evenly spaced round the
    /// circle: the ties then grow with its size, not with its square, and it has no seam along which it could part.</summary>
    private const int TiedFully = 24;

    public List<Evidence> Ties { get; } = [];

    public void Add(int a, int b, EvidenceKind kind, double weight)
    {
        if (a != b)
            Ties.Add(new Evidence(Math.Min(a, b), Math.Max(a, b), kind, (float)weight));
    }

    /// <summary>Ties all members of a group to each other.</summary>
    public void AddGroup(ReadOnlySpan<int> members, EvidenceKind kind, double weight)
    {
        int n = members.Length;
        if (n <= TiedFully)
        {
            for (int i = 0; i < n; i++)
                for (int j = i + 1; j < n; j++)
                    Add(members[i], members[j], kind, weight);
            return;
        }
        for (int i = 0; i < n; i++)
            for (int k = 1; k <= TiedFully / 2; k++)
                Add(members[i], members[(i + (int)((long)k * n / (TiedFully + 1))) % n], kind, weight);
    }
}
