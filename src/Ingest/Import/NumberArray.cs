using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>A one-dimensional <c>.npy</c> array of whole or real numbers of any width (<c>|b1</c> to <c>&lt;f8</c>), mapped and read in blocks.</summary>
internal sealed unsafe class NumberArray : IDisposable
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;
    private readonly byte* _data;
    private readonly NpyHeader _header;

    public NumberArray(string path)
    {
        Path = path;
        if (!File.Exists(path))
            throw new ImportException(path, "the file is missing");
        long bytes;
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
            bytes = stream.Length;
            _header = NpyHeader.Read(stream, path);
            Length = _header.Length;
        }
        catch (Exception e) when (e is GraphException or OverflowException)
        {
            throw new ImportException(path, e is GraphException ? "is not an .npy file that can be read" : "its header promises more elements than there can be", e);
        }
        if (_header.Shape.Length != 1)
            throw ImportException.AtByte(path, 10, $"has {_header.Shape.Length} dimensions where one is needed");
        if (_header.Descr is not ("|b1" or "|i1" or "|u1" or "<i2" or "<u2" or "<i4" or "<u4" or "<i8" or "<u8" or "<f4" or "<f8"))
            throw ImportException.AtByte(path, 10, $"holds elements of type {_header.Descr}, not little-endian numbers of 1 to 8 bytes");
        if (Length > (bytes - _header.DataOffset) / _header.ElementBytes || bytes - _header.DataOffset != Length * _header.ElementBytes)
            throw ImportException.AtByte(path, bytes, $"has {bytes - _header.DataOffset} bytes of data where its header promises {Length} elements of {_header.ElementBytes}: the file is truncated or too long");
        if (Length == 0)
            return;
        _file = MemoryMappedFile.CreateFromFile(File.OpenHandle(path), null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        _view = _file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        _data = pointer + _view.PointerOffset + _header.DataOffset;
    }

    public string Path { get; }

    public long Length { get; }

    /// <summary>Whether the elements are whole numbers.</summary>
    public bool Whole => _header.Descr[1] != 'f';

    /// <summary>Elements from <paramref name="start"/> as whole numbers; beyond 2⁶³ − 1 they are negative.</summary>
    public void Read(long start, Span<long> to)
    {
        switch (_header.Descr)
        {
            case "<i8" or "<u8":
                Slice<long>(start, to.Length).CopyTo(to);
                break;
            case "<i4":
                Widen(Slice<int>(start, to.Length), to, x => x);
                break;
            case "<u4":
                Widen(Slice<uint>(start, to.Length), to, x => x);
                break;
            case "<i2":
                Widen(Slice<short>(start, to.Length), to, x => x);
                break;
            case "<u2":
                Widen(Slice<ushort>(start, to.Length), to, x => x);
                break;
            case "|i1":
                Widen(Slice<sbyte>(start, to.Length), to, x => x);
                break;
            case "|u1" or "|b1":
                Widen(Slice<byte>(start, to.Length), to, x => x);
                break;
            default:
                throw ImportException.AtByte(Path, 10, $"holds elements of type {_header.Descr} where whole numbers are needed");
        }
    }

    /// <summary>Elements from <paramref name="start"/> as real numbers.</summary>
    public void Read(long start, Span<double> to)
    {
        if (_header.Descr == "<f8")
            Slice<double>(start, to.Length).CopyTo(to);
        else if (_header.Descr == "<f4")
        {
            ReadOnlySpan<float> from = Slice<float>(start, to.Length);
            for (int i = 0; i < to.Length; i++)
                to[i] = from[i];
        }
        else
        {
            long[] whole = new long[to.Length];
            Read(start, whole);
            for (int i = 0; i < to.Length; i++)
                to[i] = whole[i];
        }
    }

    /// <summary>An error at element <paramref name="index"/>.</summary>
    public ImportException At(long index, string problem) =>
        ImportException.AtByte(Path, _header.DataOffset + index * _header.ElementBytes, $"element {index}: {problem}");

    public void Dispose()
    {
        if (_view is null)
            return;
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file!.Dispose();
    }

    private ReadOnlySpan<T> Slice<T>(long start, int count) where T : unmanaged => start >= 0 && start <= Length - count
        ? new((T*)_data + start, count)
        : throw new ArgumentOutOfRangeException(nameof(start), start, $"{count} elements must lie in 0 to {Length}");

    private static void Widen<T>(ReadOnlySpan<T> from, Span<long> to, Func<T, long> widen)
    {
        if (typeof(T) == typeof(int)) // what scipy writes for all but the largest graphs
        {
            ReadOnlySpan<int> ints = MemoryMarshal.CreateReadOnlySpan(ref System.Runtime.CompilerServices.Unsafe.As<T, int>(ref MemoryMarshal.GetReference(from)), from.Length);
            for (int i = 0; i < to.Length; i++)
                to[i] = ints[i];
            return;
        }
        for (int i = 0; i < to.Length; i++)
            to[i] = widen(from[i]);
    }
}
