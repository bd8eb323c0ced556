using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>A link while it is sorted: the row it belongs to in the upper half, the other end in the lower.</summary>
internal interface ILinkRecord
{
    /// <summary>row &lt;&lt; 32 | other end.</summary>
    ulong Packed { get; }
}

/// <summary>A link of weight 1, observed once. 8 bytes.</summary>
internal readonly struct PlainLink(ulong packed) : ILinkRecord
{
    public ulong Packed { get; } = packed;
}

/// <summary>A merged link on its way to the other direction. 12 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly struct WeighedLink(ulong packed, float weight) : ILinkRecord
{
    public ulong Packed { get; } = packed;

    public float Weight { get; } = weight;
}

/// <summary>A link as it was given: weights are summed before they are rounded. 20 bytes.</summary>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly struct ObservedLink(ulong packed, double weight, uint count) : ILinkRecord
{
    public ulong Packed { get; } = packed;

    public double Weight { get; } = weight;

    public uint Count { get; } = count;
}
