using System.IO.MemoryMappedFiles;

namespace Backlinks.Ingest;

/// <summary>A writable array in a temporary file, zero at first: as large as a graph, yet no private memory.</summary>
internal sealed unsafe class MappedScratch : IDisposable
{
    private readonly string _path;
    private readonly MemoryMappedFile _file;
    private readonly MemoryMappedViewAccessor _view;

    public MappedScratch(string path, long length)
    {
        _path = path;
        Length = length;
        _file = MemoryMappedFile.CreateFromFile(path, FileMode.Create, null, Math.Max(length, 1) * sizeof(uint), MemoryMappedFileAccess.ReadWrite);
        _view = _file.CreateViewAccessor();
        byte* pointer = null;
        _view.SafeMemoryMappedViewHandle.AcquirePointer(ref pointer);
        Pointer = (uint*)(pointer + _view.PointerOffset);
    }

    public long Length { get; }

    public uint* Pointer { get; }

    public void Dispose()
    {
        _view.SafeMemoryMappedViewHandle.ReleasePointer();
        _view.Dispose();
        _file.Dispose();
        File.Delete(_path);
    }
}
