using DuckDB.NET.Data;
using DuckDB.NET.Native;
using NativeAppender = DuckDB.NET.Native.DuckDBAppender;

namespace Backlinks.Stores;

/// <summary>
/// Adds rows to a table, block-wise: values are written where DuckDB reads them, so that a row of sixty columns costs a tenth of
/// what appending value by value does. A row is one <c>Add</c> a column, in order, and <see cref="EndRow"/>.
/// </summary>
internal sealed unsafe class RowAppender : IDisposable
{
    private const int BlockRows = 2048;
    private const int FlushRows = 10 * BlockRows; // what waits is in memory twice, here and packed: no more of it than makes handing over cheap

    private readonly string _path;
    private readonly NativeAppender _appender;
    private readonly DuckDBDataChunk _chunk;
    private readonly nint[] _vectors;
    private readonly nint[] _data;
    private readonly nint[] _validity;
    private readonly int[] _sizes;
    private int _row, _column, _unflushed;

    /// <param name="connection">In a transaction, for it to be one.</param>
    public RowAppender(DuckDBConnection connection, string path, string table)
    {
        _path = path;
        if (NativeMethods.Appender.DuckDBAppenderCreate(connection.NativeConnection, null!, table, out _appender) != DuckDBState.Success)
            throw new StoreException(path, $"table {table} cannot be written");
        int columns = (int)NativeMethods.Appender.DuckDBAppenderColumnCount(_appender);
        var types = new DuckDBLogicalType[columns];
        _sizes = new int[columns];
        for (int i = 0; i < columns; i++)
        {
            types[i] = NativeMethods.Appender.DuckDBAppenderColumnType(_appender, (ulong)i);
            _sizes[i] = SizeOf(NativeMethods.LogicalType.DuckDBGetTypeId(types[i]));
        }
        _chunk = NativeMethods.DataChunks.DuckDBCreateDataChunk([.. types.Select(t => t.DangerousGetHandle())], (ulong)columns);
        foreach (DuckDBLogicalType type in types)
            type.Dispose();
        (_vectors, _data, _validity) = (new nint[columns], new nint[columns], new nint[columns]);
        Begin();
    }

    public void Add(bool value) => Add<byte>(value ? (byte)1 : (byte)0);

    public void Add<T>(T value) where T : unmanaged
    {
        int column = _column++;
        if (_sizes[column] != sizeof(T))
            throw new InvalidOperationException($"column {column} has values of {_sizes[column]} bytes, not {sizeof(T)}");
        ((T*)_data[column])[_row] = value;
    }

    public void Add<T>(T? value) where T : unmanaged
    {
        if (value is { } some)
            Add(some);
        else
            AddNull();
    }

    public void Add(in RowText text)
    {
        if (text.IsNone)
            AddNull();
        else
            Add<RowText>(text);
    }

    /// <summary>NULL where it is not a number.</summary>
    public void AddNumber(double value)
    {
        if (double.IsNaN(value))
            AddNull();
        else
            Add(value);
    }

    /// <summary>Microseconds; NULL for <see cref="PageHistory.None"/>.</summary>
    public void AddTime(long micros)
    {
        if (micros == PageHistory.None)
            AddNull();
        else
            Add(micros);
    }

    public void AddNull()
    {
        int column = _column++;
        if (_validity[column] == 0)
        {
            NativeMethods.Vectors.DuckDBVectorEnsureValidityWritable(_vectors[column]);
            _validity[column] = (nint)NativeMethods.Vectors.DuckDBVectorGetValidity(_vectors[column]);
        }
        ((ulong*)_validity[column])[_row >> 6] &= ~(1UL << (_row & 63));
        if (_sizes[column] == 16)
            ((RowText*)_data[column])[_row] = default;
    }

    public void EndRow()
    {
        if (_column != _data.Length)
            throw new InvalidOperationException($"a row of {_column} values was given, the table has {_data.Length} columns");
        _column = 0;
        if (++_row == BlockRows)
            EndBlock();
    }

    /// <summary>Hands the rows over that are there: texts they refer to may go.</summary>
    public void EndBlock()
    {
        if (_row == 0)
            return;
        NativeMethods.DataChunks.DuckDBDataChunkSetSize(_chunk, (ulong)_row);
        Check(NativeMethods.Appender.DuckDBAppendDataChunk(_appender, _chunk));
        _unflushed += _row;
        if (_unflushed >= FlushRows)
        {
            Check(NativeMethods.Appender.DuckDBAppenderFlush(_appender));
            _unflushed = 0;
        }
        NativeMethods.DataChunks.DuckDBDataChunkReset(_chunk);
        Begin();
    }

    /// <summary>Hands all over; what remains is to commit.</summary>
    public void Finish()
    {
        EndBlock();
        Check(NativeMethods.Appender.DuckDBAppenderClose(_appender));
    }

    public void Dispose()
    {
        _chunk.Dispose();
        _appender.Dispose();
    }

    private void Begin()
    {
        _row = 0;
        for (int i = 0; i < _vectors.Length; i++)
        {
            _vectors[i] = NativeMethods.DataChunks.DuckDBDataChunkGetVector(_chunk, i);
            _data[i] = (nint)NativeMethods.Vectors.DuckDBVectorGetData(_vectors[i]);
            _validity[i] = 0;
        }
    }

    private void Check(DuckDBState state)
    {
        if (state == DuckDBState.Success)
            return;
        using DuckDBErrorData error = NativeMethods.Appender.DuckDBAppenderErrorData(_appender);
        throw RunRows.Told(_path, NativeMethods.ErrorData.DuckDBErrorDataMessage(error), null);
    }

    private static int SizeOf(DuckDBType type) => type switch
    {
        DuckDBType.Boolean => 1,
        DuckDBType.Integer or DuckDBType.UnsignedInteger or DuckDBType.Float => 4,
        DuckDBType.BigInt or DuckDBType.UnsignedBigInt or DuckDBType.Double or DuckDBType.Timestamp => 8,
        DuckDBType.Varchar => 16,
        _ => throw new InvalidOperationException($"the schema has a column of type {type}, which is not written here"),
    };
}
