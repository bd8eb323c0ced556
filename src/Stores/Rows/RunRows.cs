using System.Globalization;
using Backlinks.GraphEngine;
using DuckDB.NET.Data;

namespace Backlinks.Stores;

/// <summary>What <see cref="RunRows.Write"/> needs beside the store, the graphs and the arrays of the run.</summary>
public sealed record RunRowsOptions
{
    /// <summary>The name under which a host stands among domains: that of the graphs.</summary>
    public required Func<string, string> Fold { get; init; }

    /// <summary>d of raw authority, 0 to below 1.</summary>
    public required double Damping { get; init; }

    /// <summary>Topics by the columns of the run's arrays.</summary>
    public IReadOnlyList<string> Topics { get; init; } = [];

    /// <summary>Names of clusters, by their numbers in the run's array less 1.</summary>
    public IReadOnlyList<string> Clusters { get; init; } = [];

    /// <summary>Threads, at least 1; 0 means one for each processor. Rows and their order do not depend on it. Default 0.</summary>
    public int Threads { get; init; }

    /// <summary>Memory of the database that is written, in bytes, beside some 70 a link and 300 a page. At least 64 MiB. Default 512 MiB:
    /// two row groups that are being filled need some 200.</summary>
    public long MemoryBytes { get; init; } = 512L << 20;
}

/// <summary>
/// The rows of a run (<see cref="RowSchema"/>), open for reading: a DuckDB file beside the run's arrays. Each reader of rows asks for a
/// connection of its own; all are of one database in this process, read-only.
/// </summary>
public sealed class RunRows : IDisposable
{
    private readonly string _settings;
    private readonly DuckDBConnection _held; // keeps the database open between connections

    private RunRows(string path, string settings, DuckDBConnection held) => (Path, _settings, _held) = (path, settings, held);

    public string Path { get; }

    /// <summary>When the store was last looked at before the run, UTC; null where it never was.</summary>
    public DateTime? Now { get; private set; }

    public long Domains { get; private set; }

    public long Pages { get; private set; }

    public long Links { get; private set; }

    public long Edges { get; private set; }

    /// <summary>Writes the rows of a run that is being made; they appear with it.</summary>
    /// <param name="store">The store that the graphs were made of, unchanged since.</param>
    /// <param name="pages">The page graph of the run, with its link records.</param>
    /// <exception cref="StoreException">The store cannot be read, or the disk is full.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of its range.</exception>
    public static void Write(RunWriter run, DuckDbLinkStore store, LinkGraph pages, LinkGraph domains, RunRowsOptions options, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(options.MemoryBytes, 64L << 20, nameof(options));
        ArgumentOutOfRangeException.ThrowIfNegative(options.Threads, nameof(options));
        using var writer = new RowsWriter(run, store, pages, domains, options, progress, cancel);
        writer.Write();
    }

    /// <summary>Opens the rows of a run.</summary>
    /// <param name="threads">Threads of the database, at least 1; 0 means one for each processor.</param>
    /// <param name="memoryBytes">Memory of the database; what needs more goes to the temporary folder. At least 64 MiB.</param>
    /// <exception cref="StoreException">The run has none, they are damaged, or of another version: rank again.</exception>
    public static RunRows Open(Run run, int threads = 0, long memoryBytes = 512L << 20)
    {
        ArgumentNullException.ThrowIfNull(run);
        return Open(run.RowsPath ?? throw new StoreException(System.IO.Path.Combine(run.Folder, RowSchema.FileName),
            run.Manifest.PageGraph is null ? "the run is of an imported graph, which has no rows: crawl or import pages and rank the link store" : "the run was made without rows: rank again"), threads, memoryBytes);
    }

    /// <inheritdoc cref="Open(Run, int, long)"/>
    public static RunRows Open(string path, int threads = 0, long memoryBytes = 512L << 20)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(threads);
        ArgumentOutOfRangeException.ThrowIfLessThan(memoryBytes, 64L << 20);
        if (!File.Exists(path))
            throw new StoreException(path, "the file is missing: rank again");
        string settings = string.Create(CultureInfo.InvariantCulture,
            $"Data Source={path};access_mode=READ_ONLY;threads={(threads == 0 ? Environment.ProcessorCount : threads)};memory_limit={memoryBytes >> 20}MiB;temp_directory={System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"backlinks-rows-{Environment.ProcessId}")}");
        var connection = new DuckDBConnection(settings);
        try
        {
            connection.Open();
            var rows = new RunRows(path, settings, connection);
            rows.ReadFacts();
            return rows;
        }
        catch (DuckDBException e)
        {
            connection.Dispose();
            throw Told(path, e.Message, e);
        }
        catch
        {
            connection.Dispose();
            throw;
        }
    }

    /// <summary>Another connection to the database, open; the caller disposes it.</summary>
    /// <exception cref="StoreException">It cannot be opened.</exception>
    public DuckDBConnection Connect()
    {
        var connection = new DuckDBConnection(_settings);
        try
        {
            connection.Open();
            return connection;
        }
        catch (DuckDBException e)
        {
            connection.Dispose();
            throw Told(Path, e.Message, e);
        }
    }

    public void Dispose() => _held.Dispose();

    private void ReadFacts()
    {
        if (LinkSchema.Scalar(_held, "SELECT count(*) FROM information_schema.tables WHERE table_catalog = current_database() AND table_name IN ('facts', 'domains', 'pages', 'links', 'edges')") != 5)
            throw new StoreException(Path, "is a DuckDB file but no rows of a run: rank again");
        using DuckDBCommand command = _held.CreateCommand();
        command.CommandText = "SELECT format, version, run_now, domains, pages, links, edges FROM facts";
        using DuckDBDataReader reader = command.ExecuteReader();
        if (!reader.Read() || reader.GetString(0) != RowSchema.Format)
            throw new StoreException(Path, "is a DuckDB file but no rows of a run: rank again");
        if (reader.GetInt32(1) is var version && version != RowSchema.Version)
            throw new StoreException(Path, $"has rows of version {version}, this program reads {RowSchema.Version}: {(version < RowSchema.Version ? "rank again" : "use a newer 'backlinks', or rank again")}");
        Now = reader.IsDBNull(2) ? null : DateTime.SpecifyKind(reader.GetDateTime(2), DateTimeKind.Utc);
        (Domains, Pages, Links, Edges) = (reader.GetInt64(3), reader.GetInt64(4), reader.GetInt64(5), reader.GetInt64(6));
    }

    /// <summary>What the database says, as place, problem and advice.</summary>
    internal static StoreException Told(string path, string text, Exception? e)
    {
        bool Says(params string[] words) => Array.Exists(words, w => text.Contains(w, StringComparison.OrdinalIgnoreCase));
        string first = text.Split('\n')[0].TrimEnd('.', ' ');
        if (Says("No space left", "disk is full", "File too large", "Disk quota", "not enough disk space", "Could not write", "Failed to write", "failed to offload", "max_temp_directory_size"))
            return new StoreException(path, $"could not be written, the disk is full or fails: make room and rank again ({first})", e);
        if (Says("Out of Memory"))
            return new StoreException(path, $"needs more memory than allowed ({first})", e);
        if (Says("newer version of DuckDB", "version number"))
            return new StoreException(path, $"was written by another version of DuckDB: rank again ({first})", e);
        if (Says("not a valid DuckDB", "corrupt", "checksum", "Serialization Error", "WAL", "Could not read", "too small", "block", "deserialize", "INTERNAL Error", "magic bytes", "Cannot open database"))
            return new StoreException(path, $"is damaged: rank again ({first})", e);
        return new StoreException(path, first, e);
    }
}
