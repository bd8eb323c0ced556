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
/// in line. Pages and domains are found by <see cref="RowKeys"/>.
/// </summary>
internal sealed class RowDatabase : IDisposable
{
    private readonly string _connectionString;
    private readonly ConcurrentBag<DuckDBConnection> _idle = [];
    private readonly SemaphoreSlim _free;
    private readonly double _seconds;

    private RowDatabase(string path, string connectionString, int connections, double seconds)
    {
        _connectionString = connectionString;
        _free = new SemaphoreSlim(connections);
        _seconds = seconds;
        using Rented own = Take();
        object?[] facts = own.Rows("SELECT format, version, run_now, domains, pages, links FROM facts", []).FirstOrDefault() ?? throw new IOException("facts are missing");
        if (Convert.ToInt64(facts[1], CultureInfo.InvariantCulture) != RowSchema.Version)
            throw new IOException($"{RowSchema.FileName} is of version {facts[1]}, this program reads {RowSchema.Version}: rank again");
        Now = facts[2] is DateTime now ? DateTime.SpecifyKind(now, DateTimeKind.Utc) : DateTime.UnixEpoch;
        DomainCount = Convert.ToInt64(facts[3], CultureInfo.InvariantCulture);
        PageCount = Convert.ToInt64(facts[4], CultureInfo.InvariantCulture);
        LinkCount = Convert.ToInt64(facts[5], CultureInfo.InvariantCulture);
        Keys = new RowKeys(Path.GetDirectoryName(path)!, PageCount, DomainCount);
    }

    /// <summary>Where pages and domains are.</summary>
    public RowKeys Keys { get; }

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
            return new RowDatabase(path, settings.ConnectionString, connections, seconds);
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

    public void Dispose()
    {
        foreach (DuckDBConnection connection in _idle)
            connection.Dispose();
        _free.Dispose();
        Keys.Dispose();
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

    /// <summary>A connection while it is somebody's.</summary>
    internal sealed class Rented(RowDatabase owner, DuckDBConnection connection) : IDisposable
    {
        private bool _returned;

        public RowDatabase Owner => owner;

        /// <summary>All rows of a question.</summary>
        /// <exception cref="ProblemException">It takes too long, or too much memory; or a pattern is none.</exception>
        public List<object?[]> Rows(string sql, IReadOnlyList<object> values, CancellationToken cancel = default)
        {
            var rows = new List<object?[]>();
            Each(sql, values, reader =>
            {
                object?[] row = new object?[reader.FieldCount];
                for (int i = 0; i < row.Length; i++)
                    row[i] = reader.IsDBNull(i) ? null : Plain(reader.GetValue(i));
                rows.Add(row);
            }, cancel);
            return rows;
        }

        /// <summary>Reads each row of a question where it lies: many rows, of which little is kept.</summary>
        /// <inheritdoc cref="Rows"/>
        public void Each(string sql, IReadOnlyList<object> values, Action<DuckDBDataReader> read, CancellationToken cancel = default)
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
                using DuckDBDataReader reader = command.ExecuteReader();
                while (reader.Read())
                    read(reader);
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
