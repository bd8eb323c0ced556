using System.Globalization;
using Backlinks.GraphEngine;
using DuckDB.NET.Data;
using DuckDB.NET.Native;

namespace Backlinks.Stores;

// What graphs are built from: all names, links and anchors, a column of 2,048 values at a time and not a row at a time,
// which makes 10 million rows a matter of a second or two.
public sealed unsafe partial class DuckDbLinkStore
{
    public IEnumerable<StoredName> Names(CancellationToken cancel = default) => NamesWhere("", cancel);

    public IEnumerable<StoredName> Names(long sinceVersion, CancellationToken cancel = default) => NamesWhere(string.Create(CultureInfo.InvariantCulture, $"""
        WHERE u.id IN (SELECT id FROM urls WHERE version > {sinceVersion} UNION ALL SELECT id FROM pages WHERE version > {sinceVersion}
          UNION ALL SELECT id FROM urls WHERE granularity <> {(int)Granularity.Page}
          UNION ALL SELECT target_id FROM links WHERE page_id IN (SELECT id FROM pages WHERE version > {sinceVersion}))
        """), cancel);

    public IEnumerable<StoredArc> Arcs(CancellationToken cancel = default) => ArcsWhere("", cancel);

    public IEnumerable<StoredArc> Arcs(IReadOnlyCollection<LinkKind> kinds, CancellationToken cancel = default) =>
        ArcsWhere(string.Create(CultureInfo.InvariantCulture, $"WHERE lost_at IS NULL AND kind IN ({string.Join(", ", kinds.Select(kind => (int)kind))})"), cancel);

    public IEnumerable<StoredArc> Arcs(long sinceVersion, CancellationToken cancel = default) =>
        ArcsWhere(string.Create(CultureInfo.InvariantCulture, $"WHERE page_id IN (SELECT id FROM pages WHERE version > {sinceVersion})"), cancel);

    public IEnumerable<StoredAnchor> Anchors(CancellationToken cancel = default) => AnchorsWhere("", cancel);

    public IEnumerable<StoredAnchor> Anchors(long sinceVersion, CancellationToken cancel = default) => AnchorsWhere(string.Create(CultureInfo.InvariantCulture,
        $"WHERE text_no IN (SELECT text_no FROM links WHERE page_id IN (SELECT id FROM pages WHERE version > {sinceVersion}))"), cancel);

    private IEnumerable<StoredName> NamesWhere(string where, CancellationToken cancel)
    {
        RequireOpen();
        return Stream<StoredName>(this, $"""
            SELECT u.id, u.key, u.granularity, p.id IS NOT NULL FROM urls u LEFT JOIN pages p ON p.id = u.id {where} ORDER BY u.key, u.granularity
            """, FillNames, cancel);
    }

    private IEnumerable<StoredArc> ArcsWhere(string where, CancellationToken cancel)
    {
        RequireOpen();
        return Stream<StoredArc>(this, $"""
            SELECT page_id, target_id, kind, rel, zone, position, lost_at IS NOT NULL, ordinal, first_seen, coalesce(text_no, -1) FROM links {where}
            """, FillArcs, cancel);
    }

    private IEnumerable<StoredAnchor> AnchorsWhere(string where, CancellationToken cancel)
    {
        RequireOpen();
        return Stream<StoredAnchor>(this, $"SELECT text_no, coalesce(anchor, '') FROM link_texts {where} ORDER BY text_no", FillAnchors, cancel);
    }

    public IEnumerable<StoredPage> Contents(bool texts = true, long sinceVersion = 0, CancellationToken cancel = default)
    {
        RequireOpen();
        string since = sinceVersion > 0 ? $" WHERE p.version > {sinceVersion}" : "";
        return Stream<StoredPage>(this, !texts ? $"""
            SELECT u.id, u.key, u.granularity, coalesce(p.words, 0), coalesce(p.simhash, 0), '', '', '', '', coalesce(v.address, '')
            FROM pages p JOIN urls u ON u.id = p.id LEFT JOIN visits v ON v.visit_no = p.last_visit_no{since}
            """ : $"""
            SELECT u.id, u.key, u.granularity, coalesce(p.words, 0), coalesce(p.simhash, 0), coalesce(c.title, ''), coalesce(c.headings, ''), coalesce(c.text, ''),
              coalesce(c.language, ''), coalesce(v.address, '')
            FROM pages p JOIN urls u ON u.id = p.id LEFT JOIN contents c ON c.content_no = p.content_no LEFT JOIN visits v ON v.visit_no = p.last_visit_no{since}
            """, FillContents, cancel);
    }

    private static void FillContents(Chunks chunk, StoredPage[] rows)
    {
        uint* id = chunk.Column<uint>(0);
        byte* granularity = chunk.Column<byte>(2);
        int* words = chunk.Column<int>(3);
        ulong* simHash = chunk.Column<ulong>(4);
        string Text(int column, int row) => System.Text.Encoding.UTF8.GetString(chunk.Text(column, row).Span);
        for (int i = 0; i < chunk.Count; i++)
            rows[i] = new StoredPage(id[i], NodeNames.FromKey(Text(1, i)), (Granularity)granularity[i], default, null, null, null, 0)
            {
                Words = words[i],
                SimHash = simHash[i],
                Title = Text(5, i),
                Headings = Text(6, i),
                Text = Text(7, i),
                Language = Text(8, i),
                Address = Text(9, i),
            };
    }

    private static void FillNames(Chunks chunk, StoredName[] rows)
    {
        uint* id = chunk.Column<uint>(0);
        byte* granularity = chunk.Column<byte>(2), visited = chunk.Column<byte>(3);
        for (int i = 0; i < chunk.Count; i++)
            rows[i] = new StoredName(id[i], chunk.Text(1, i), (Granularity)granularity[i], visited[i] != 0);
    }

    private static void FillArcs(Chunks chunk, StoredArc[] rows)
    {
        uint* source = chunk.Column<uint>(0), target = chunk.Column<uint>(1);
        byte* kind = chunk.Column<byte>(2), zone = chunk.Column<byte>(4), lost = chunk.Column<byte>(6);
        ushort* rel = chunk.Column<ushort>(3);
        float* position = chunk.Column<float>(5);
        int* ordinal = chunk.Column<int>(7);
        long* first = chunk.Column<long>(8), text = chunk.Column<long>(9);
        for (int i = 0; i < chunk.Count; i++)
            rows[i] = new StoredArc(source[i], target[i], (LinkKind)kind[i], (LinkRel)rel[i], (Zone)zone[i], position[i], lost[i] != 0, ordinal[i], first[i], text[i]);
    }

    private static void FillAnchors(Chunks chunk, StoredAnchor[] rows)
    {
        long* number = chunk.Column<long>(0);
        for (int i = 0; i < chunk.Count; i++)
            rows[i] = new StoredAnchor(number[i], chunk.Text(1, i));
    }

    private static IEnumerable<T> Stream<T>(DuckDbLinkStore store, string sql, Action<Chunks, T[]> fill, CancellationToken cancel)
    {
        using Chunks chunks = new(store, sql);
        T[] rows = [];
        while (chunks.Next())
        {
            cancel.ThrowIfCancellationRequested();
            if (rows.Length < chunks.Count)
                rows = new T[chunks.Count];
            chunks.BeginTexts();
            fill(chunks, rows);
            for (int i = 0; i < chunks.Count; i++)
                yield return rows[i];
        }
    }

    /// <summary>A result in blocks of columns. A value that is null reads as anything: see <see cref="Has"/>.</summary>
    internal sealed class Chunks : IDisposable
    {
        private readonly DuckDbLinkStore _store;
        private readonly DuckDBConnection _connection;
        private DuckDBPreparedStatement? _statement;
        private DuckDBResult _result;
        private bool _executed;
        private DuckDBDataChunk? _chunk;
        private byte[] _texts = new byte[1 << 16];
        private int _textsLength;

        public Chunks(DuckDbLinkStore store, string sql)
        {
            _store = store;
            _connection = new DuckDBConnection(store._connectionString);
            try
            {
                _connection.Open();
                if (NativeMethods.PreparedStatements.DuckDBPrepare(_connection.NativeConnection, sql, out _statement) != DuckDBState.Success)
                    throw Failed(NativeMethods.PreparedStatements.DuckDBPrepareError(_statement));
                _executed = true;
                if (NativeMethods.PreparedStatements.DuckDBExecutePreparedStreaming(_statement, out _result) != DuckDBState.Success)
                    throw Failed(NativeMethods.Query.DuckDBResultError(ref _result));
            }
            catch (Exception e)
            {
                Dispose();
                if (e is DuckDBException fault)
                    throw Told(store.Path, fault);
                throw;
            }
        }

        /// <summary>Rows of the block.</summary>
        public int Count { get; private set; }

        public bool Next()
        {
            _chunk?.Dispose();
            _chunk = NativeMethods.StreamingResult.DuckDBStreamFetchChunk(_result);
            if (_chunk.IsInvalid)
            {
                string error = NativeMethods.Query.DuckDBResultError(ref _result);
                return string.IsNullOrEmpty(error) ? false : throw Failed(error);
            }
            Count = (int)NativeMethods.DataChunks.DuckDBDataChunkGetSize(_chunk);
            return Count > 0;
        }

        public T* Column<T>(int column) where T : unmanaged =>
            (T*)NativeMethods.Vectors.DuckDBVectorGetData(NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk!, column));

        /// <summary>A bit for each value, 0 where it is null; a null pointer where none is.</summary>
        public ulong* Validity(int column) =>
            NativeMethods.Vectors.DuckDBVectorGetValidity(NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk!, column));

        public static bool Has(ulong* validity, int row) => validity is null || (validity[row >> 6] >> (row & 63) & 1) != 0;

        /// <summary>A text of the block, valid until the next block.</summary>
        public ReadOnlySpan<byte> Span(byte* column, int row)
        {
            byte* text = column + 16L * row;
            int length = *(int*)text;
            return new ReadOnlySpan<byte>(length <= 12 ? text + 4 : *(byte**)(text + 8), length);
        }

        /// <summary>Makes room: texts of the block before are no longer needed.</summary>
        public void BeginTexts() => _textsLength = 0;

        /// <summary>A text of the block, copied: 16 bytes hold its length and either itself, if at most 12 long, or where it is.</summary>
        public ReadOnlyMemory<byte> Text(int column, int row)
        {
            byte* text = Column<byte>(column) + 16L * row;
            int length = *(int*)text;
            var bytes = new ReadOnlySpan<byte>(length <= 12 ? text + 4 : *(byte**)(text + 8), length);
            if (_textsLength + length > _texts.Length) // those given out before keep the old block alive
                (_texts, _textsLength) = (new byte[Math.Max(2 * _texts.Length, length)], 0);
            bytes.CopyTo(_texts.AsSpan(_textsLength));
            _textsLength += length;
            return _texts.AsMemory(_textsLength - length, length);
        }

        public void Dispose()
        {
            _chunk?.Dispose();
            if (_executed)
                NativeMethods.Query.DuckDBDestroyResult(ref _result);
            _executed = false;
            _statement?.Dispose();
            _connection.Dispose();
        }

        private StoreException Failed(string? error) => Told(_store.Path, error ?? "the database failed", null);
    }
}
