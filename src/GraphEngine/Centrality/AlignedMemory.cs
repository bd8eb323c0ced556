using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>
/// Zeroed memory outside the garbage collector's heap, of any size, aligned to 2 MB and backed by 2 MB pages where the
/// system grants them: random reads of a large array otherwise miss the TLB more often than the cache.
/// </summary>
internal sealed unsafe partial class AlignedMemory : IDisposable
{
    private const nuint HugePage = 2 << 20;
    private const int AdviseHugePages = 14; // MADV_HUGEPAGE of Linux

    /// <param name="bytes">At least 0.</param>
    public AlignedMemory(long bytes)
    {
        nuint size = ((nuint)bytes + HugePage - 1) / HugePage * HugePage;
        if (bytes < (long)HugePage) // small arrays need no huge page, nor its rounding
            size = (nuint)Math.Max(bytes, 64);
        Pointer = (byte*)NativeMemory.AlignedAlloc(size, bytes < (long)HugePage ? 64 : HugePage);
        if (bytes >= (long)HugePage && OperatingSystem.IsLinux())
            _ = Advise(Pointer, size, AdviseHugePages); // advice: refusal changes speed only
        NativeMemory.Clear(Pointer, size);
    }

    ~AlignedMemory() => Free();

    /// <summary>The first byte. Valid until <see cref="Dispose"/>.</summary>
    public byte* Pointer { get; private set; }

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    private void Free()
    {
        NativeMemory.AlignedFree(Pointer);
        Pointer = null;
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(void* address, nuint length, int advice);
}
