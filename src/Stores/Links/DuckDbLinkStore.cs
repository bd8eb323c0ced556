using System.Collections.Concurrent;
using System.Globalization;
using System.Text.RegularExpressions;
using Backlinks.GraphEngine;
using DuckDB.NET.Data;

namespace Backlinks.Stores;

/// <summary>How a <see cref="DuckDbLinkStore"/> works.</summary>
public sealed record LinkStoreOptions
{
    /// <summary>Memory of the database, in bytes; what needs more goes to the temporary folder. The table of known URLs
    /// (27 to 53 bytes each) comes on top while writing, as do the batch and the runtime itself. At least 32 MiB. Default
    /// 128 MiB: writing needs little more than the blocks it fills, and what sorts more goes to the disk.</summary>
    public long MemoryBytes { get; init; } = 128L << 20;

    /// <summary>Threads of the database, at least 1. Default 2: a small server has as many, and writing is bound by one.</summary>
    public int Threads { get; init; } = 2;

    /// <summary>Bytes of the write-ahead log after which it is merged into the file. Default 64 MiB: merging rewrites the
    /// last block of every column, reading it back after a crash takes seconds.</summary>
    public long CheckpointBytes { get; init; } = 64L << 20;

    /// <summary>Where the database puts what does not fit in memory; null is a folder beside the file.</summary>
    public string? TemporaryFolder { get; init; }

    /// <summary>For tests: the migrations to apply instead of the program's.</summary>
    internal (string What, string Sql)[]? Steps { get; init; }
}

/// <summary>
/// <see cref="ILinkStore"/> in one DuckDB file: tables in <see cref="LinkSchema"/>, rules in <see cref="PageHistory"/>.
/// A batch is one transaction, on the disk when <see cref="Write"/> returns (write-ahead log with fsync); a process killed
/// at any moment leaves the batches that were written and nothing of the one that was not. Whatever may change is read
/// for the pages of the batch, merged in memory, and replaced; new pages read nothing. Safe for one writing thread and
/// any number of reading ones, which see the state when their enumeration begins.
/// </summary>
public sealed partial class DuckDbLinkStore : ILinkStore
{
    private static readonly ConcurrentDictionary<string, bool> OpenFiles = new(StringComparer.Ordinal); // path: whether for writing

    private readonly string _connectionString;
    private readonly DuckDBConnection _connection;
    private readonly bool _readOnly;
    private readonly Lock _gate = new();
    private readonly List<string> _sourceNames = [];
    private readonly Dictionary<string, int> _sourceNos = new(StringComparer.Ordinal);
    private Exception? _broken;
    private bool _disposed;

    private DuckDbLinkStore(string path, bool readOnly, string connectionString, DuckDBConnection connection)
    {
        Path = path;
        _readOnly = readOnly;
        _connectionString = connectionString;
        _connection = connection;
    }

    public string Path { get; }

    public long Version { get; private set; }

    /// <summary>Opens the store, and makes it if it is to be written.</summary>
    /// <param name="path">The file, <c>links.duckdb</c> in a data folder; its folder exists.</param>
    /// <exception cref="StoreException">There is none to read; another process has it; it is damaged, of a newer schema, or not a link store.</exception>
    public static DuckDbLinkStore Open(string path, bool readOnly = false, LinkStoreOptions? options = null)
    {
        options ??= new();
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MemoryBytes, 32L << 20, nameof(options));
        ArgumentOutOfRangeException.ThrowIfLessThan(options.Threads, 1, nameof(options));
        path = System.IO.Path.GetFullPath(path);
        if (readOnly && !File.Exists(path))
            throw new StoreException(path, "there is no link store here: crawl or import first");
        if (!Directory.Exists(System.IO.Path.GetDirectoryName(path)))
            throw new StoreException(path, "its folder does not exist");
        if (Directory.Exists(path))
            throw new StoreException(path, "is a folder, not a link store: move it away or name another folder with --data");
        if (!OpenFiles.TryAdd(path, !readOnly))
            throw new StoreException(path, "is open in this process already: use that store, or close it first") { Busy = true, Holder = Environment.ProcessId };
        DuckDBConnection? connection = null;
        try
        {
            string settings = string.Create(CultureInfo.InvariantCulture,
                $"Data Source={path};threads={options.Threads};memory_limit={options.MemoryBytes >> 20}MiB;temp_directory={options.TemporaryFolder ?? path + ".tmp"};preserve_insertion_order=true")
                + (readOnly ? ";access_mode=READ_ONLY" : "");
            connection = new DuckDBConnection(settings);
            connection.Open();
            LinkSchema.Run(connection, string.Create(CultureInfo.InvariantCulture, $"SET checkpoint_threshold='{options.CheckpointBytes >> 10}KiB'"));
            LinkSchema.Prepare(connection, path, readOnly, options.Steps);
            var store = new DuckDbLinkStore(path, readOnly, settings, connection);
            store.ReadHead();
            return store;
        }
        catch (Exception e)
        {
            connection?.Dispose();
            OpenFiles.TryRemove(path, out _);
            if (e is DuckDBException fault)
                throw Told(path, fault);
            throw;
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            if (_disposed)
                return;
            _disposed = true;
            _connection.Dispose();
            OpenFiles.TryRemove(Path, out _);
        }
    }

    /// <summary>What the database says, as place, problem and advice.</summary>
    private static StoreException Told(string path, DuckDBException e) => Told(path, e.Message, e);

    private static StoreException Told(string path, string text, DuckDBException? e)
    {
        bool Says(params string[] words) => Array.Exists(words, w => text.Contains(w, StringComparison.OrdinalIgnoreCase));
        if (Says("Could not set lock on file", "being used by another process"))
        {
            Match holder = Holder().Match(text);
            return new StoreException(path, $"another process{(holder.Success ? $" ({holder.Value})" : "")} has it open; wait until it is done or name another folder with --data", e)
            {
                Busy = true,
                Holder = holder.Success ? int.Parse(holder.Value.AsSpan(4), CultureInfo.InvariantCulture) : null,
            };
        }
        if (Says("No space left", "disk is full", "File too large", "Disk quota", "not enough disk space", "Could not write", "Failed to write", "failed to offload", "max_temp_directory_size"))
            return new StoreException(path, $"could not be written, the disk is full or fails: make room and go on; what was written before is safe ({FirstLine(text)})", e);
        if (Says("Out of Memory"))
            return new StoreException(path, $"needs more memory than allowed: raise LinkStoreOptions.MemoryBytes ({FirstLine(text)})", e);
        if (Says("newer version of DuckDB", "version number"))
            return new StoreException(path, $"was written by another version of DuckDB: use a newer 'backlinks' ({FirstLine(text)})", e);
        if (Says("not a valid DuckDB", "corrupt", "checksum", "Serialization Error", "WAL", "Could not read", "too small", "block", "deserialize", "INTERNAL Error", "magic bytes"))
            return new StoreException(path, $"is damaged: restore a copy, or move it and its .wal away and gather again ({FirstLine(text)})", e);
        if (Says("Permission denied", "read-only", "Cannot open file"))
            return new StoreException(path, $"cannot be opened: change its permissions or name another folder with --data ({FirstLine(text)})", e);
        return new StoreException(path, FirstLine(text), e);
    }

    [GeneratedRegex(@"PID \d+", RegexOptions.NonBacktracking)]
    private static partial Regex Holder();

    private static string FirstLine(string text) => text.Split('\n')[0].TrimEnd('.', ' ');

    private void ReadHead()
    {
        Version = LinkSchema.Scalar(_connection, "SELECT version FROM store");
        using Rows rows = new(this, _connection, "SELECT no, id FROM sources ORDER BY no");
        while (rows.Next())
        {
            _sourceNos.Add(rows.Text(1), rows.Int(0));
            _sourceNames.Add(rows.Text(1));
        }
    }

    private void RequireOpen()
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        if (_broken is not null)
            throw new StoreException(Path, "failed before and is closed: open it again", _broken);
    }

    /// <summary>A result row by row, with the store's words for what goes wrong.</summary>
    private sealed class Rows : IDisposable
    {
        private readonly DuckDbLinkStore _store;
        private readonly DuckDBConnection? _own;
        private readonly DuckDBCommand _command;
        private readonly DuckDBDataReader _reader;

        /// <param name="connection">Null opens one for this result, so that a long enumeration stands in nobody's way.</param>
        public Rows(DuckDbLinkStore store, DuckDBConnection? connection, string sql, params object[] parameters)
        {
            _store = store;
            try
            {
                if (connection is null)
                {
                    connection = _own = new DuckDBConnection(store._connectionString);
                    _own.Open();
                }
                _command = connection.CreateCommand();
                _command.CommandText = sql;
                _command.UseStreamingMode = true;
                foreach (object parameter in parameters)
                    _command.Parameters.Add(new DuckDBParameter(parameter));
                _reader = _command.ExecuteReader();
            }
            catch (DuckDBException e)
            {
                _command?.Dispose();
                _own?.Dispose();
                throw Told(store.Path, e);
            }
        }

        public bool Next()
        {
            try
            {
                return _reader.Read();
            }
            catch (DuckDBException e)
            {
                throw Told(_store.Path, e);
            }
        }

        public bool Has(int i) => !_reader.IsDBNull(i);

        public T Of<T>(int i) => _reader.GetFieldValue<T>(i);

        public int Int(int i) => _reader.GetInt32(i);

        public long Long(int i) => _reader.GetInt64(i);

        /// <summary>Microseconds; the query says epoch_us.</summary>
        public long Time(int i) => _reader.IsDBNull(i) ? PageHistory.None : _reader.GetInt64(i);

        public DateTime? Date(int i) => _reader.IsDBNull(i) ? null : PageHistory.Time(_reader.GetInt64(i));

        public string Text(int i) => _reader.IsDBNull(i) ? "" : _reader.GetString(i);

        public void Dispose()
        {
            _reader.Dispose();
            _command.Dispose();
            _own?.Dispose();
        }
    }
}
