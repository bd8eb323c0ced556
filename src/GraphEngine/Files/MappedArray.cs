using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// A one-dimensional (or row-major two-dimensional) <c>.npy</c> array mapped read-only: opening costs one mmap whatever
/// its size, and its pages are the page cache's, not this process's private memory.
/// </summary>
/// <typeparam name="T">long, ulong, int, uint, ushort, byte, float or double; must match the file's type.</typeparam>
public sealed unsafe class MappedArray<T> : IMapped where T : unmanaged
{
    private readonly MemoryMappedFile? _file;
    private readonly MemoryMappedViewAccessor? _view;

    private MappedArray(string path, NpyHeader header, MemoryMappedFile? file, MemoryMappedViewAccessor? view, T* pointer)
    {
        Path = path;
        Header = header;
        Length = header.Length;
        _file = file;
        _view = view;
        Pointer = pointer;
    }

    public string Path { get; }

    public NpyHeader Header { get; }

    /// <summary>Number of elements.</summary>
    public long Length { get; }

    /// <summary>The first element. Valid until <see cref="Dispose"/>; reading past <see cref="Length"/> is undefined.</summary>
    public T* Pointer { get; private set; }

    public T this[long index]
    {
        [MethodImpl(MethodImplOptions.AggressiveInlining)]
        get
        {
            if ((ulong)index >= (ulong)Length)
                Refuse(index);
            return Pointer[index];
        }
    }

    /// <summary>A window of <paramref name="count"/> elements from <paramref name="start"/>.</summary>
    public ReadOnlySpan<T> Slice(long start, int count)
    {
        if (start < 0 || count < 0 || start > Length - count)
            throw new ArgumentOutOfRangeException(nameof(start), start, $"a window of {count} must lie in 0 to {Length}");
        return new ReadOnlySpan<T>(Pointer + start, count);
    }

    /// <summary>Maps <paramref name="path"/>.</summary>
    /// <exception cref="GraphException">Missing, not .npy, of another type, or not as long as its header says.</exception>
    public static MappedArray<T> Open(string path)
    {
        if (!File.Exists(path))
            throw new GraphException(path, -1, "the file is missing");
        NpyHeader header;
        long fileBytes;
        // FileShare.ReadWrite: an array that is complete may be on its way to the disk, still open for writing.
        using (FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0))
        {
            header = NpyHeader.Read(stream, path);
            fileBytes = stream.Length;
        }
        if (header.Descr != NpyHeader.DescrOf<T>())
            throw new GraphException(path, 10, $"holds elements of type {header.Descr}, but {NpyHeader.DescrOf<T>()} is needed");
        long expected = checked(header.DataOffset + header.Length * Unsafe.SizeOf<T>());
        if (fileBytes != expected)
            throw new GraphException(path, Math.Min(fileBytes, expected),
                $"has {fileBytes} bytes where its header promises {expected}: the file is {(fileBytes < expected ? "truncated" : "too long")}");
        if (header.Length == 0)
            return new MappedArray<T>(path, header, null, null, null);
        MemoryMappedFile file = MemoryMappedFile.CreateFromFile(
            File.OpenHandle(path, share: FileShare.ReadWrite), null, 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: false);
        MemoryMappedViewAccessor view = file.CreateViewAccessor(0, 0, MemoryMappedFileAccess.Read);
        byte* pointer = null;
        view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        return new MappedArray<T>(path, header, file, view, (T*)(pointer + view.PointerOffset + header.DataOffset));
    }

    void IMapped.Forget()
    {
        if (Pointer != null)
            Advice.Forget(Pointer, Length * sizeof(T));
    }

    private void Refuse(long index) => throw new ArgumentOutOfRangeException(nameof(index), index, $"0 to {Length - 1}");

    public void Dispose()
    {
        if (_view is not null && Pointer != null)
        {
            Pointer = null;
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
        }
    }
}

/// <summary>A mapped file of whatever type.</summary>
internal interface IMapped : IDisposable
{
    /// <summary>Takes its pages out of this process's resident memory; the system's cache keeps them as long as it likes.</summary>
    void Forget();
}
