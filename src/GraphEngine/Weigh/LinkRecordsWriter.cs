using System.Runtime.ExceptionServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Writes <see cref="LinkRecords"/> into a folder in which a graph is being built. Records and texts are streamed; 16 bytes
/// a node and 8 a record are kept for the indexes.
/// </summary>
public sealed class LinkRecordsWriter : IDisposable
{
    private delegate T Of<T>(in LinkRecord record);

    private const int Staged = 1 << 14; // records before they are written: 3 MB in all

    private readonly string _folder;
    private readonly int _nodes;
    private readonly ParallelOptions _threads;
    private readonly long[] _rows;
    private readonly uint[] _sources;
    private readonly List<IDisposable> _open = [];
    private readonly List<Action> _writes = [];
    private readonly List<Action<GraphBuilder>> _finishes = [];
    private readonly LinkRecord[] _staged = new LinkRecord[Staged];
    private readonly NpyWriter<byte> _texts;
    private readonly NpyWriter<long> _textOffsets;
    private int _stagedCount;
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
            Column("link_source", "node the link is on", static (in LinkRecord r) => r.Source);
            Column("link_target", "node the link points at; records are sorted by it, then source, kind and ordinal", static (in LinkRecord r) => r.Target);
            Column("link_kind", "what points: 0 a, 1 area, 2 canonical, 9 redirect, 13 reported", static (in LinkRecord r) => (byte)r.Kind);
            Column("link_ordinal", "place among the links of that kind from source to target", static (in LinkRecord r) => (ushort)Math.Min(r.Ordinal, ushort.MaxValue));
            Column("link_rel", "marks: 1 nofollow, 2 ugc, 4 sponsored, 8 page nofollow, 2048 hidden, …", static (in LinkRecord r) => (ushort)r.Rel);
            Column("link_zone", "0 unknown, 1 main, 2 list in main, 3 aside, 4 nav, 5 header, 6 footer, 7 comments", static (in LinkRecord r) => (byte)r.Zone);
            Column("link_form", "anchor: 0 descriptive, 1 image with alt, 2 naked URL, 3 generic, 4 empty, 5 unknown", static (in LinkRecord r) => (byte)r.Form);
            Column("link_flags", "1 site-wide, 2 its best instance, 4 within a domain, 8 within an owner, 16 report of a link that was seen itself", static (in LinkRecord r) => (byte)r.Flags);
            Column("link_position", "relative place in the main text, NaN unknown", static (in LinkRecord r) => r.Position);
            Column("link_anchor", "number of the anchor's text", static (in LinkRecord r) => r.Anchor);
            Column("link_first_seen", "seconds since 1970", static (in LinkRecord r) => r.FirstSeenSeconds);
            Column("link_weight", "product of the factors", static (in LinkRecord r) => r.Weight);
            FactorColumns(count);
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
        _sources[_count++] = record.Source;
        _staged[_stagedCount++] = record;
        if (_stagedCount == Staged)
            Flush();
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
        foreach (Action<GraphBuilder> finish in _finishes)
            finish(graph);
        graph.AddFile("anchor_texts", _texts.Finish("texts of anchors, UTF-8"));
        graph.AddFile("anchor_offsets", _textOffsets.Finish("text k is bytes [anchor_offsets[k], anchor_offsets[k+1]) of anchor_texts"));
    }

    public void Dispose()
    {
        foreach (IDisposable writer in _open)
            writer.Dispose();
        _open.Clear();
    }

    private void Column<T>(string name, string meaning, Of<T> of) where T : unmanaged
    {
        NpyWriter<T> writer = Opened(new NpyWriter<T>(Path.Combine(_folder, $"{name}.npy"), _sources.LongLength));
        T[] buffer = new T[Staged];
        _writes.Add(() =>
        {
            for (int i = 0; i < _stagedCount; i++)
                buffer[i] = of(in _staged[i]);
            writer.Write(buffer.AsSpan(0, _stagedCount));
        });
        _finishes.Add(graph => graph.AddFile(name, writer.Finish(meaning)));
    }

    private void FactorColumns(long count)
    {
        NpyWriter<float> writer = Opened(new NpyWriter<float>(Path.Combine(_folder, "link_factors.npy"), count, LinkRecords.Factors));
        float[] buffer = new float[Staged * LinkRecords.Factors];
        _writes.Add(() =>
        {
            for (int i = 0; i < _stagedCount; i++)
            {
                ref readonly LinkRecord record = ref _staged[i];
                LinkWeight f = record.Factors;
                (buffer[6 * i], buffer[6 * i + 1], buffer[6 * i + 2], buffer[6 * i + 3], buffer[6 * i + 4], buffer[6 * i + 5]) = (f.Rel, f.Zone, f.Position, f.Form, f.Relevance, f.Sitewide);
            }
            writer.Write(buffer.AsSpan(0, _stagedCount * LinkRecords.Factors));
        });
        _finishes.Add(graph => graph.AddFile("link_factors", writer.Finish("factors: rel, zone, position, form, relevance, site-wide")));
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
        _stagedCount = 0;
    }

    private T Opened<T>(T writer) where T : IDisposable
    {
        _open.Add(writer);
        return writer;
    }
}
