using Backlinks.GraphEngine;

namespace Backlinks.Stores;

// What the rows of a run are made of, block-wise as graphs read it.
public sealed unsafe partial class DuckDbLinkStore
{
    /// <summary>How many links lead to each URL that any leads to, by the store's number.</summary>
    internal int[] LinkCounts(CancellationToken cancel)
    {
        int[] counts = [];
        Blocks("SELECT target_id, count(*) FROM links GROUP BY target_id", chunk =>
        {
            uint* target = chunk.Column<uint>(0);
            long* count = chunk.Column<long>(1);
            for (int i = 0; i < chunk.Count; i++)
            {
                if (target[i] >= (uint)counts.Length)
                    Array.Resize(ref counts, (int)Math.Min(Array.MaxLength, Math.Max(1024, Math.Max(2L * counts.Length, target[i] + 1L))));
                counts[target[i]] = checked((int)count[i]);
            }
        }, cancel);
        return counts;
    }

    /// <summary>All links, in no order; their ends are the store's numbers.</summary>
    /// <param name="kindOf">Of each source of the store, its kind.</param>
    internal void ReadLinks(Action<RowLink> add, byte[] kindOf, CancellationToken cancel) => Blocks("""
        SELECT l.page_id, l.target_id, l.kind, l.ordinal, l.rel, l.zone, l.position, l.text_no, l.first_seen,
          CASE WHEN l.read_no = p.base_no AND p.base_no > 0 AND p.confirmed_at > l.last_seen THEN p.confirmed_at ELSE l.last_seen END,
          l.missing_since, l.lost_at, l.lost_reason, l.observed_by
        FROM links l LEFT JOIN pages p ON p.id = l.page_id
        """, chunk =>
    {
        uint* source = chunk.Column<uint>(0), target = chunk.Column<uint>(1);
        byte* kind = chunk.Column<byte>(2), zone = chunk.Column<byte>(5), reason = chunk.Column<byte>(12);
        int* ordinal = chunk.Column<int>(3), observer = chunk.Column<int>(13);
        ushort* rel = chunk.Column<ushort>(4);
        float* position = chunk.Column<float>(6);
        long* text = chunk.Column<long>(7), first = chunk.Column<long>(8), last = chunk.Column<long>(9), missing = chunk.Column<long>(10), lost = chunk.Column<long>(11);
        ulong* hasText = chunk.Validity(7), hasMissing = chunk.Validity(10), hasLost = chunk.Validity(11);
        for (int i = 0; i < chunk.Count; i++)
            add(new RowLink
            {
                Source = source[i],
                Target = target[i],
                Kind = (LinkKind)kind[i],
                Ordinal = ordinal[i],
                Rel = (LinkRel)rel[i],
                Zone = (Zone)zone[i],
                Position = position[i],
                Text = Chunks.Has(hasText, i) && text[i] >= 0 ? checked((uint)text[i]) : RowLink.NoText,
                First = first[i],
                Last = last[i],
                Missing = Chunks.Has(hasMissing, i) ? missing[i] : PageHistory.None,
                Lost = Chunks.Has(hasLost, i) ? lost[i] : PageHistory.None,
                Reason = (LostReason)reason[i],
                Observer = kindOf[observer[i]],
            });
    }, cancel);

    /// <summary>Every URL, in order of key and granularity, with what is known of it.</summary>
    internal void ReadPages(Action<Chunks> block, CancellationToken cancel) => Blocks("""
        SELECT u.id, u.key, u.granularity, u.first_seen, p.last_visit, p.last_verified, p.last_outcome, p.status, p.words, p.noindex,
          c.title, c.language, v.address
        FROM urls u LEFT JOIN pages p ON p.id = u.id LEFT JOIN visits v ON v.visit_no = p.last_visit_no LEFT JOIN contents c ON c.content_no = p.content_no
        ORDER BY u.key, u.granularity
        """, block, cancel);

    /// <summary>Number, anchor, and the text on both sides, in no order.</summary>
    internal void ReadTexts(Action<Chunks> block, CancellationToken cancel) =>
        Blocks("SELECT text_no, coalesce(anchor, ''), coalesce(left_text, ''), coalesce(right_text, '') FROM link_texts", block, cancel);

    /// <summary>One more than the highest number of a text.</summary>
    internal long TextNumbers()
    {
        using Rows rows = new(this, null, "SELECT coalesce(max(text_no) + 1, 0) FROM link_texts");
        rows.Next();
        return rows.Long(0);
    }

    /// <summary>The kinds of sources (what stands before the colon of an id), and which each source has, by its number.</summary>
    internal (string[] Kinds, byte[] KindOf) SourceKinds()
    {
        string[] kindOf = [.. _sourceNames.Select(id => id.IndexOf(':', StringComparison.Ordinal) is > 0 and int colon ? id[..colon] : id)];
        string[] kinds = [.. kindOf.Distinct().Take(byte.MaxValue), ""];
        return (kinds, [.. kindOf.Select(kind => (byte)(Array.IndexOf(kinds, kind) is >= 0 and int place ? place : kinds.Length - 1))]);
    }

    /// <summary>Gives up what the database keeps in memory of what was read; what is read again comes from the file again.</summary>
    internal void ReleaseMemory()
    {
        RequireOpen();
        using Rows rows = new(this, null, "SELECT current_setting('memory_limit')");
        rows.Next();
        string limit = rows.Text(0);
        LinkSchema.Run(_connection, "SET memory_limit='32MiB'");
        LinkSchema.Run(_connection, $"SET memory_limit='{limit}'");
    }

    private void Blocks(string sql, Action<Chunks> read, CancellationToken cancel)
    {
        RequireOpen();
        using Chunks chunks = new(this, sql);
        while (chunks.Next())
        {
            cancel.ThrowIfCancellationRequested();
            read(chunks);
        }
    }
}
