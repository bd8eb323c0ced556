using System.Buffers.Binary;
using System.IO.Hashing;
using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>
/// Tells whether a page has the same links as before: XXH3-64 over whether the page counts (noindex, nofollow, canonical)
/// and over target, kind, rel, zone and anchor of its links in document order. Position, context and the attribute as
/// written are left out: they change whenever a word of the text does, and a page that changed a word has the same links.
/// </summary>
public static class LinkSetHash
{
    /// <summary>The hash of a visit's links, never 0; 0 for a visit that is not <see cref="VisitOutcome.Fetched"/>.</summary>
    public static ulong Of(PageVisit visit)
    {
        if (visit.Outcome != VisitOutcome.Fetched)
            return 0;
        var hash = new XxHash3();
        Span<byte> buffer = stackalloc byte[1024];
        buffer[0] = (byte)((visit.Noindex ? 1 : 0) | (visit.Nofollow ? 2 : 0));
        hash.Append(buffer[..1]);
        Append(hash, visit.Canonical, buffer);
        foreach (LinkObservation link in visit.Links)
        {
            buffer[0] = (byte)link.Kind;
            buffer[1] = (byte)link.Zone;
            BinaryPrimitives.WriteUInt16LittleEndian(buffer[2..], (ushort)link.Rel);
            hash.Append(buffer[..4]);
            Append(hash, link.Target, buffer);
            Append(hash, link.Anchor, buffer);
        }
        return Math.Max(1, hash.GetCurrentHashAsUInt64());
    }

    // Length first: "a" + "bc" and "ab" + "c" are different links.
    private static void Append(XxHash3 hash, string text, Span<byte> buffer)
    {
        BinaryPrimitives.WriteInt32LittleEndian(buffer, text.Length);
        if (text.Length * 3 + 4 <= buffer.Length)
            hash.Append(buffer[..(4 + Encoding.UTF8.GetBytes(text, buffer[4..]))]);
        else
        {
            hash.Append(buffer[..4]);
            hash.Append(Encoding.UTF8.GetBytes(text));
        }
    }
}
