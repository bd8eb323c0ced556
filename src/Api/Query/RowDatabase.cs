using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using DuckDB.NET.Data;

namespace Backlinks.Api;

/// <summary>
/// <c>rows.duckdb</c> of one run, open to be read only: nothing in it can write, read other files or change a setting, whatever SQL it gets.
/// A few connections answer side by side, each on one thread, for questions are short and many; whoever asks while all are busy waits
/// in line. A sparse list of keys, one of <see cref="Stride"/>, makes finding a page or a host one read of a small range.
/// </summary>
internal sealed class RowDatabase : IDisposable
{
    private const int Stride = 256;

    private readonly string _connectionString;
    private readonly ConcurrentBag<DuckDBConnection> _idle = [];
    private readonly SemaphoreSlim _free;
    private readonly double _seconds;
    private readonly Lazy<byte[][]> _pageKeys;
    private readonly Lazy<byte[][]> _domainKeys;
    private readonly Lazy<(uint First, uint Last, uint Count)[]> _domainPages;

    private RowDatabase(string connectionString, int connections, double seconds)
    {
        _connectionString = connectionString;
        _free = new SemaphoreSlim(connections);
        _seconds = seconds;
        _pageKeys = new Lazy<byte[][]>(() => Keys("pages", "page_key"));
        _domainKeys = new Lazy<byte[][]>(() => Keys("domains", "domain_key"));
        _domainPages = new Lazy<(uint, uint, uint)[]>(DomainPages);
        using Rented own = Take();
        object?[] facts = own.Rows("SELECT format, version, run_now, domains, pages, links FROM facts", []).FirstOrDefault() ?? throw new IOException("facts are missing");
        if (Convert.ToInt64(facts[1], CultureInfo.InvariantCulture) != RowSchema.Version)
            throw new IOException($"{RowSchema.FileName} is of version {facts[1]}, this program reads {RowSchema.Version}: rank again");
        Now = facts[2] is DateTime now ? DateTime.SpecifyKind(now, DateTimeKind.Utc) : DateTime.UnixEpoch;
        DomainCount = Convert.ToInt64(facts[3], CultureInfo.InvariantCulture);
        PageCount = Convert.ToInt64(facts[4], CultureInfo.InvariantCulture);
        LinkCount = Convert.ToInt64(facts[5], CultureInfo.InvariantCulture);
    }

    /// <summary>When the store was last looked at.</summary>
    public DateTime Now { get; }

    public long DomainCount { get; }

    public long PageCount { get; }

    public long LinkCount { get; }

    /// <param name="memory">Bytes.</param>
    /// <param name="seconds">After which a question is interrupted.</param>
    /// <exception cref="IOException">The file is damaged or of another version.</exception>
    public static RowDatabase Open(string path, long memory, int connections, double seconds)
    {
        var settings = new DuckDBConnectionStringBuilder
        {
            DataSource = path,
            ["access_mode"] = "READ_ONLY",
            ["threads"] = "1",
            ["memory_limit"] = string.Create(CultureInfo.InvariantCulture, $"{Math.Max(memory, 48L << 20)}B"),
            ["max_temp_directory_size"] = "0KiB", // a run's folder does not change
            ["late_materialization_max_rows"] = "0", // its join by rowid reads row groups that the range of targets leaves out: 18 ms where reading all is 4
            ["enable_external_access"] = "false",
            ["lock_configuration"] = "true",
        };
        try
        {
            return new RowDatabase(settings.ConnectionString, connections, seconds);
        }
        catch (DuckDBException e)
        {
            throw new StoreException(path, "cannot be read: rank again", e);
        }
    }

    /// <summary>A connection, when one is free.</summary>
    public async ValueTask<Rented> RentAsync(CancellationToken cancel)
    {
        if (!await _free.WaitAsync(TimeSpan.FromSeconds(_seconds), cancel).ConfigureAwait(false))
            throw Busy();
        return Connected();
    }

    /// <inheritdoc cref="RentAsync"/>
    public Rented Rent(CancellationToken cancel) => _free.Wait(TimeSpan.FromSeconds(_seconds), cancel) ? Connected() : throw Busy();

    /// <summary>For each key the number of the first page whose key is not below it.</summary>
    /// <param name="keys">Ascending.</param>
    /// <param name="domain">Of the page that the first number is of; null where there is none.</param>
    public uint[] PagesAt(Rented rented, IReadOnlyList<byte[]> keys, out uint? domain)
    {
        byte[][] heads = _pageKeys.Value;
        uint[] places = new uint[keys.Count];
        (long Block, List<(byte[] Key, uint Domain)> Pages) read = (-1, []);
        domain = null;
        for (int i = 0; i < places.Length; i++)
        {
            long block = Math.Max(0, Below(heads, keys[i]) - 1L);
            if (block != read.Block)
                read = (block, [.. rented.Rows(string.Create(CultureInfo.InvariantCulture, $"SELECT page_key, domain_no FROM pages WHERE \"no\" >= {block * Stride} AND \"no\" <= {(block + 1) * Stride} ORDER BY \"no\""), [])
                    .Select(row => (Encoding.UTF8.GetBytes((string)row[0]!), (uint)(long)row[1]!))]); // and the head of the next, for keys behind all of this
            int at = 0;
            while (at < read.Pages.Count && read.Pages[at].Key.AsSpan().SequenceCompareTo(keys[i]) < 0)
                at++;
            places[i] = (uint)(block * Stride + at);
            if (i == 0 && at < read.Pages.Count)
                domain = read.Pages[at].Domain;
        }
        return places;
    }

    /// <summary>The domain of that key, or null.</summary>
    public uint? FindDomain(Rented rented, byte[] key)
    {
        long block = Math.Max(0, Below(_domainKeys.Value, key) - 1L);
        foreach (object?[] row in rented.Rows(string.Create(CultureInfo.InvariantCulture, $"SELECT \"no\", domain_key FROM domains WHERE \"no\" >= {block * Stride} AND \"no\" <= {(block + 1) * Stride} ORDER BY \"no\""), []))
            if (Encoding.UTF8.GetBytes((string)row[1]!).AsSpan().SequenceEqual(key))
                return (uint)(long)row[0]!;
        return null;
    }

    /// <summary>Where the pages of a domain are: the first, the last, and how many.</summary>
    public (uint First, uint Last, uint Count) PagesOf(uint domain) => domain < _domainPages.Value.Length ? _domainPages.Value[domain] : default;

    public void Dispose()
    {
        foreach (DuckDBConnection connection in _idle)
            connection.Dispose();
        _free.Dispose();
    }

    private Rented Take() => _free.Wait(0) ? Connected() : throw Busy();

    private Rented Connected()
    {
        if (!_idle.TryTake(out DuckDBConnection? connection))
        {
            try
            {
                connection = new DuckDBConnection(_connectionString); // of one database: they share it by its path
                connection.Open();
            }
            catch
            {
                _free.Release();
                throw;
            }
        }
        return new Rented(this, connection);
    }

    private static ProblemException Busy() => new(503, "busy", "too many questions are waiting already; try again in a moment") { RetryAfter = 1 };

    private byte[][] Keys(string table, string column)
    {
        using var connection = new DuckDBConnection(_connectionString);
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = $"SELECT {column} FROM {table} WHERE \"no\" % {Stride} = 0 ORDER BY \"no\"";
        using DuckDBDataReader reader = command.ExecuteReader();
        var keys = new List<byte[]>();
        while (reader.Read())
            keys.Add(Encoding.UTF8.GetBytes(reader.GetString(0)));
        return [.. keys];
    }

    /// <summary>How many of the list are below a key.</summary>
    private static int Below(byte[][] keys, ReadOnlySpan<byte> key)
    {
        int low = 0, high = keys.Length;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (keys[middle].AsSpan().SequenceCompareTo(key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        return low;
    }

    private (uint, uint, uint)[] DomainPages()
    {
        using var connection = new DuckDBConnection(_connectionString);
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = "SELECT domain_no, min(\"no\"), max(\"no\"), count(*)::UINTEGER FROM pages GROUP BY domain_no";
        command.UseStreamingMode = true;
        using DuckDBDataReader reader = command.ExecuteReader();
        var places = new (uint, uint, uint)[DomainCount];
        while (reader.Read())
            if (reader.GetFieldValue<uint>(0) is var domain && domain < places.Length)
                places[domain] = (reader.GetFieldValue<uint>(1), reader.GetFieldValue<uint>(2), reader.GetFieldValue<uint>(3));
        return places;
    }

    /// <summary>A connection while it is somebody's.</summary>
    internal sealed class Rented(RowDatabase owner, DuckDBConnection connection) : IDisposable
    {
        private bool _returned;

        public RowDatabase Owner => owner;

        /// <summary>All rows of a question.</summary>
        /// <exception cref="ProblemException">It takes too long, or too much memory; or a pattern is none.</exception>
        public List<object?[]> Rows(string sql, IReadOnlyList<object> values, CancellationToken cancel = default)
        {
            using DuckDBCommand command = connection.CreateCommand();
            command.CommandText = sql;
            foreach (object value in values)
                command.Parameters.Add(new DuckDBParameter(value));
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancel);
            limit.CancelAfter(TimeSpan.FromSeconds(owner._seconds));
            using CancellationTokenRegistration interrupt = limit.Token.Register(command.Cancel);
            try
            {
                limit.Token.ThrowIfCancellationRequested();
                var rows = new List<object?[]>();
                using DuckDBDataReader reader = command.ExecuteReader();
                int columns = reader.FieldCount;
                while (reader.Read())
                {
                    object?[] row = new object?[columns];
                    for (int i = 0; i < columns; i++)
                        row[i] = reader.IsDBNull(i) ? null : Plain(reader.GetValue(i));
                    rows.Add(row);
                }
                return rows;
            }
            catch (Exception e) when (e is DuckDBException or OperationCanceledException)
            {
                cancel.ThrowIfCancellationRequested();
                if (limit.IsCancellationRequested)
                    throw new ProblemException(504, "too_slow", $"the question took more than {owner._seconds:0} seconds; narrow it down by a filter or a smaller target", null, e);
                string reason = e.Message.Split('\n')[0];
                if (reason.Contains("Out of Memory", StringComparison.Ordinal))
                    throw new ProblemException(503, "busy", "the question needs more memory than there is for rows; narrow it down by a filter or a smaller target", null, e) { RetryAfter = 5 };
                if (reason.Contains("Invalid Input Error", StringComparison.Ordinal) && sql.Contains("regexp_matches", StringComparison.Ordinal))
                    throw new ProblemException(400, "invalid_filter", $"where: the regular expression is none of RE2's: {Filter.Clip(reason[(reason.IndexOf(':', StringComparison.Ordinal) + 1)..].Trim())}",
                        [new FieldError("where", "not a regular expression of RE2")], e);
                throw;
            }
        }

        /// <summary>The numbers of a question of one row.</summary>
        public long Count(string sql, IReadOnlyList<object> values, CancellationToken cancel = default) => (long)(Rows(sql, values, cancel)[0][0] ?? 0L);

        public void Dispose()
        {
            if (_returned)
                return;
            _returned = true;
            owner._idle.Add(connection);
            owner._free.Release();
        }

        private static object Plain(object value) => value switch
        {
            string or long or double or bool => value,
            uint number => (long)number,
            int number => (long)number,
            short number => (long)number,
            byte number => (long)number,
            ushort number => (long)number,
            sbyte number => (long)number,
            ulong number => unchecked((long)number),
            float number => (double)number,
            decimal number => (double)number,
            System.Numerics.BigInteger number => (long)number,
            DateTime time => DateTime.SpecifyKind(time, DateTimeKind.Utc),
            DateOnly day => day.ToDateTime(TimeOnly.MinValue, DateTimeKind.Utc),
            _ => throw new InvalidOperationException($"a column is of {value.GetType()}"),
        };
    }
}
