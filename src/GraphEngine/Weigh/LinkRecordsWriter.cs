using System.Runtime.ExceptionServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Writes <see cref="LinkRecords"/> into a folder in which a graph is being built. Records and texts are streamed; 16 bytes
/// a node and 8 a record are kept for the indexes.
/// </summary>
public sealed class LinkRecordsWriter : IDisposable
{
    private delegate T Of<T>(in LinkRecord record);

    private delegate void Enters<T>(in LinkRecord record, Span<T> into);

    private delegate void CopyOf<T>(in Part part, int start, Span<T> into);

    /// <summary>Records on their way to the files: staged ones, or a stretch of another graph's.</summary>
    /// <param name="From">Null for staged ones.</param>
    /// <param name="First">In the other graph, or among those staged.</param>
    /// <param name="Place">Of the first, here.</param>
    private readonly record struct Part(LinkRecords? From, long First, int Count, long Place, uint[] Nodes, uint[] Texts);

    private const int Staged = 1 << 14; // records before they are written: 3 MB in all
    private const int Pending = 1 << 20; // records of another graph before they are

    private readonly string _folder;
    private readonly int _nodes;
    private readonly ParallelOptions _threads;
    private readonly long[] _rows;
    private readonly uint[] _sources;
    private readonly List<IDisposable> _open = [];
    private readonly List<Action> _writes = [];
    private readonly List<(string Name, Func<ArrayEntry> Finish)> _finishes = [];
    private readonly LinkRecord[] _staged = new LinkRecord[Staged];
    private readonly NpyWriter<byte> _texts;
    private readonly NpyWriter<long> _textOffsets;
    private readonly List<Part> _parts = [];
    private int _stagedCount, _copied;
    private long _count;
    private uint _textCount;
    private long _textEnd;
    private readonly byte[] _textBytes = new byte[1 << 18];
    private readonly long[] _textEnds = new long[1 << 13];
    private int _textFill, _textEndFill;
    private (uint Target, uint Source, LinkKind Kind, int Ordinal) _last;

    /// <param name="nodes">n.</param>
    /// <param name="count">m: exactly so many records will follow.</param>
    /// <exception cref="IOException">The files cannot be made.</exception>
    /// <param name="threads">At least 1; columns are written side by side.</param>
    public LinkRecordsWriter(string folder, int nodes, long count, int threads = 1)
    {
        _threads = new ParallelOptions { MaxDegreeOfParallelism = threads };
        _folder = folder;
        _nodes = nodes;
        _rows = new long[nodes + 1L];
        _sources = new uint[count];
        try
        {
            Column("link_source", "node the link is on", static (in LinkRecord r) => r.Source, (in Part p, int start, Span<uint> into) =>
                _sources.AsSpan((int)(p.Place + start), into.Length).CopyTo(into));
            Column("link_target", "node the link points at; records are sorted by it, then source, kind and ordinal", static (in LinkRecord r) => r.Target,
                static (in Part p, int start, Span<uint> into) =>
                {
                    ReadOnlySpan<uint> from = p.From!.Targets(p.First + start, into.Length);
                    for (int i = 0; i < into.Length; i++)
                        into[i] = p.Nodes[from[i]];
                });
            Column("link_kind", "what points: 0 a, 1 area, 2 canonical, 9 redirect, 13 reported", static (in LinkRecord r) => (byte)r.Kind);
            Column("link_ordinal", "place among the links of that kind from source to target", static (in LinkRecord r) => (ushort)Math.Min(r.Ordinal, ushort.MaxValue));
            Column("link_rel", "marks: 1 nofollow, 2 ugc, 4 sponsored, 8 page nofollow, 2048 hidden, …", static (in LinkRecord r) => (ushort)r.Rel);
            Column("link_zone", "0 unknown, 1 main, 2 list in main, 3 aside, 4 nav, 5 header, 6 footer, 7 comments", static (in LinkRecord r) => (byte)r.Zone);
            Column("link_form", "anchor: 0 descriptive, 1 image with alt, 2 naked URL, 3 generic, 4 empty, 5 unknown", static (in LinkRecord r) => (byte)r.Form);
            Column("link_flags", "1 site-wide, 2 its best instance, 4 within a domain, 8 within an owner, 16 report of a link that was seen itself", static (in LinkRecord r) => (byte)r.Flags);
            Column("link_position", "relative place in the main text, NaN unknown", static (in LinkRecord r) => r.Position);
            Column("link_anchor", "number of the anchor's text", static (in LinkRecord r) => r.Anchor, static (in Part p, int start, Span<uint> into) =>
            {
                ReadOnlySpan<uint> from = p.From!.Anchors(p.First + start, into.Length);
                for (int i = 0; i < into.Length; i++)
                    into[i] = p.Texts[from[i]] - 1;
            });
            Column("link_first_seen", "seconds since 1970", static (in LinkRecord r) => r.FirstSeenSeconds);
            Column("link_weight", "product of the factors", static (in LinkRecord r) => r.Weight);
            FactorColumns();
            _texts = Opened(NpyWriter<byte>.Growing(Path.Combine(folder, "anchor_texts.npy")));
            _textOffsets = Opened(NpyWriter<long>.Growing(Path.Combine(folder, "anchor_offsets.npy")));
            _textOffsets.Write([0]);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>Adds the next text and returns its number, 0, 1, …; texts are to be distinct.</summary>
    public uint AddText(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length > _textBytes.Length - _textFill || _textEndFill == _textEnds.Length)
            FlushTexts();
        if (utf8.Length > _textBytes.Length)
            _texts.Write(utf8);
        else
        {
            utf8.CopyTo(_textBytes.AsSpan(_textFill));
            _textFill += utf8.Length;
        }
        _textEnd += utf8.Length;
        _textEnds[_textEndFill++] = _textEnd;
        return _textCount++;
    }

    /// <summary>Adds the next record, in order of target, source, kind and ordinal; <see cref="LinkRecord.Index"/> is not read.</summary>
    /// <exception cref="ArgumentException">Out of order, or a node out of range.</exception>
    public void Add(in LinkRecord record)
    {
        if (record.Target >= (uint)_nodes || record.Source >= (uint)_nodes)
            throw new ArgumentException($"a link record names node {Math.Max(record.Source, record.Target)} of {_nodes}", nameof(record));
        (uint, uint, LinkKind, int) place = (record.Target, record.Source, record.Kind, record.Ordinal);
        if (_count > 0 && (record.Target < _last.Target || record.Target == _last.Target && record.Source <= _last.Source && _last.CompareTo(place) > 0))
            throw new ArgumentException($"link record {_count} ({record.Source} → {record.Target}) must follow those before it in order of target, source, kind and ordinal", nameof(record));
        _last = place;
        _rows[record.Target + 1L]++;
        if (_parts is [.., { From: null } part])
            _parts[^1] = part with { Count = part.Count + 1 };
        else
            _parts.Add(new Part(null, _stagedCount, 1, _count, [], []));
        _sources[_count++] = record.Source;
        _staged[_stagedCount++] = record;
        if (_stagedCount == Staged)
            Flush();
    }

    /// <summary>Adds records of another graph, whole rows of them, as they are but for the numbers of nodes and texts.</summary>
    /// <param name="nodes">Number here of each node there; ascending.</param>
    /// <param name="texts">1 + number here of each text there; where that is 0 the text is added, and its number entered. Both
    /// arrays are read until the next call of <see cref="Finish(GraphBuilder)"/>.</param>
    /// <exception cref="ArgumentException">Out of order.</exception>
    public void AddRange(LinkRecords from, long first, long count, uint[] nodes, uint[] texts)
    {
        for (int some; count > 0; first += some, count -= some)
        {
            some = (int)Math.Min(count, Pending);
            ReadOnlySpan<uint> sources = from.Sources(first, some), targets = from.Targets(first, some), anchors = from.Anchors(first, some);
            if (_count > 0 && nodes[targets[0]] < _last.Target)
                throw new ArgumentException($"link record {_count} into {nodes[targets[0]]} must follow those before it, into {_last.Target}", nameof(nodes));
            Span<uint> into = _sources.AsSpan((int)_count, some);
            for (int i = 0; i < into.Length; i++)
            {
                into[i] = nodes[sources[i]];
                _rows[nodes[targets[i]] + 1L]++;
                ref uint text = ref texts[anchors[i]];
                if (text == 0)
                    text = AddText(from.AnchorUtf8(anchors[i])) + 1;
            }
            _parts.Add(new Part(from, first, some, _count, nodes, texts));
            _count += some;
            _copied += some;
            _last = (nodes[targets[^1]], into[^1], 0, 0);
            if (_copied >= Pending)
                Flush();
        }
    }

    /// <summary>Completes the arrays and has the builder's graph.json list them.</summary>
    /// <exception cref="IOException">The disk is full, for one.</exception>
    public void Finish(GraphBuilder graph)
    {
        long[] rows = new long[_nodes + 1L];
        foreach (uint source in _sources.AsSpan(0, (int)_count))
            rows[source + 1L]++;
        for (int node = 0; node < _nodes; node++)
            rows[node + 1L] += rows[node];
        uint[] bySource = new uint[_count];
        for (long i = 0; i < _count; i++)
            bySource[rows[_sources[i]]++] = (uint)i;
        for (int node = _nodes; node > 0; node--)
            rows[node] = rows[node - 1];
        rows[0] = 0;
        Finish(graph, rows, bySource);
    }

    /// <inheritdoc cref="Finish(GraphBuilder)"/>
    /// <param name="sourceRows">n+1, as <c>link_source_rows</c>; where the caller has it already.</param>
    /// <param name="bySource">m, as <c>link_by_source</c>.</param>
    public void Finish(GraphBuilder graph, ReadOnlySpan<long> sourceRows, ReadOnlySpan<uint> bySource)
    {
        Flush();
        FlushTexts();
        if (_count != _sources.Length)
            throw new InvalidOperationException($"{_count} link records were added where {_sources.Length} were promised");
        if (sourceRows.Length != _rows.Length || bySource.Length != _count)
            throw new ArgumentException($"the index by source has {sourceRows.Length} rows and {bySource.Length} records where {_rows.Length} and {_count} are needed", nameof(sourceRows));
        for (int node = 0; node < _nodes; node++)
            _rows[node + 1L] += _rows[node];
        graph.AddArray<long>("link_rows", _rows, "records into node v are [link_rows[v], link_rows[v+1])");
        graph.AddArray("link_source_rows", sourceRows, "records from node u are link_by_source[link_source_rows[u] … link_source_rows[u+1])");
        graph.AddArray("link_by_source", bySource, "numbers of the records of each source, ascending");
        ArrayEntry[] finished = new ArrayEntry[_finishes.Count];
        Parallel.For(0, finished.Length, _threads, i => finished[i] = _finishes[i].Finish()); // each waits for the disk
        for (int i = 0; i < finished.Length; i++)
            graph.AddFile(_finishes[i].Name, finished[i]);
        graph.AddFile("anchor_texts", _texts.Finish("texts of anchors, UTF-8"));
        graph.AddFile("anchor_offsets", _textOffsets.Finish("text k is bytes [anchor_offsets[k], anchor_offsets[k+1]) of anchor_texts"));
    }

    public void Dispose()
    {
        foreach (IDisposable writer in _open)
            writer.Dispose();
        _open.Clear();
    }

    private void Column<T>(string name, string meaning, Of<T> of, CopyOf<T>? copy = null) where T : unmanaged => Column(name, meaning, 1, (in LinkRecord r, Span<T> into) => into[0] = of(in r), copy);

    private void FactorColumns() => Column("link_factors", "factors: rel, zone, position, form, relevance, site-wide", LinkRecords.Factors, static (in LinkRecord r, Span<float> into) =>
    {
        LinkWeight f = r.Factors;
        (into[0], into[1], into[2], into[3], into[4], into[5]) = (f.Rel, f.Zone, f.Position, f.Form, f.Relevance, f.Sitewide);
    }, null);

    /// <param name="width">Values to a record.</param>
    /// <param name="copy">What to enter for records of another graph, where that is not the same.</param>
    private void Column<T>(string name, string meaning, int width, Enters<T> enter, CopyOf<T>? copy) where T : unmanaged
    {
        string path = Path.Combine(_folder, $"{name}.npy");
        NpyWriter<T> writer = Opened(width == 1 ? new NpyWriter<T>(path, _sources.LongLength) : new NpyWriter<T>(path, _sources.LongLength, width));
        T[] buffer = new T[Staged * width];
        _writes.Add(() =>
        {
            int fill = 0;
            foreach (Part part in _parts)
                for (int done = 0, some; done < part.Count; done += some)
                {
                    some = Math.Min(part.Count - done, Staged);
                    if (fill + some * width > buffer.Length)
                    {
                        writer.Write(buffer.AsSpan(0, fill));
                        fill = 0;
                    }
                    Span<T> into = buffer.AsSpan(fill, some * width);
                    fill += some * width;
                    if (part.From is null)
                        for (int i = 0; i < some; i++)
                            enter(in _staged[part.First + done + i], into.Slice(i * width, width));
                    else if (copy is not null)
                        copy(in part, done, into);
                    else
                        part.From.Column<T>(name).Slice((part.First + done) * width, some * width).CopyTo(into);
                }
            writer.Write(buffer.AsSpan(0, fill));
        });
        _finishes.Add((name, () => writer.Finish(meaning)));
    }

    private void FlushTexts()
    {
        _texts.Write(_textBytes.AsSpan(0, _textFill));
        _textOffsets.Write(_textEnds.AsSpan(0, _textEndFill));
        (_textFill, _textEndFill) = (0, 0);
    }

    private void Flush()
    {
        try
        {
            Parallel.ForEach(_writes, _threads, static write => write());
        }
        catch (AggregateException e)
        {
            ExceptionDispatchInfo.Throw(e.InnerExceptions[0]);
        }
        _parts.Clear();
        (_stagedCount, _copied) = (0, 0);
    }

    private T Opened<T>(T writer) where T : IDisposable
    {
        _open.Add(writer);
        return writer;
    }
}
