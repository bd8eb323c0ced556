using System.IO.MemoryMappedFiles;
using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Memory for sorting: native and on 2 MB pages while it is small enough, and beyond that a mapped temporary file, whose
/// pages the system can write out: then a bucket of any size is sorted without more private memory. Contents are lost
/// when it grows.
/// </summary>
/// <param name="path">Where the temporary file goes.</param>
/// <param name="privateBytes">The most that is taken from private memory.</param>
internal sealed unsafe partial class NativeBuffer(string path, long privateBytes) : IDisposable
{
    private const int HugePage = 2 << 20;

    private byte* _memory;
    private long _bytes;
    private MemoryMappedFile? _file;
    private MemoryMappedViewAccessor? _view;

    /// <summary>At least <paramref name="bytes"/> bytes, valid until the next call; contents undefined.</summary>
    public byte* Ensure(long bytes)
    {
        if (bytes <= _bytes)
            return _memory;
        Dispose();
        if (bytes <= privateBytes)
        {
            bytes = Math.Min(privateBytes, bytes + bytes / 4); // buckets differ in size: grow seldom
            _memory = Allocate(bytes);
        }
        else
        {
            // Space is reserved now: a write to a mapped page that has none later would end the process.
            var stream = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.ReadWrite,
                Options = FileOptions.DeleteOnClose,
                PreallocationSize = bytes,
                BufferSize = 0,
            });
            stream.SetLength(bytes);
            _file = MemoryMappedFile.CreateFromFile(stream, null, bytes, MemoryMappedFileAccess.ReadWrite, HandleInheritability.None, leaveOpen: false);
            _view = _file.CreateViewAccessor(0, bytes);
            byte* pointer = null;
            _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
            _memory = pointer + _view.PointerOffset;
        }
        _bytes = bytes;
        return _memory;
    }

    public void Dispose()
    {
        if (_view is not null)
        {
            _view.SafeMemoryMappedViewHandle.ReleasePointer();
            _view.Dispose();
            _file!.Dispose();
            _view = null;
            _file = null;
        }
        else if (_memory != null)
            NativeMemory.AlignedFree(_memory);
        _memory = null;
        _bytes = 0;
    }

    /// <summary>Native memory, aligned for 2 MB pages and advised for them; free with <see cref="NativeMemory.AlignedFree"/>.</summary>
    public static byte* Allocate(long bytes)
    {
        bool huge = bytes >= HugePage;
        void* memory = NativeMemory.AlignedAlloc((nuint)bytes, huge ? HugePage : 64u);
        if (huge && OperatingSystem.IsLinux())
            _ = Advise(memory, (nuint)bytes, 14); // MADV_HUGEPAGE; a refusal only costs speed
        return (byte*)memory;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
