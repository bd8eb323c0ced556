using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;

namespace Backlinks.Ingest;

/// <summary>
/// The frontier's file, <c>frontier.log</c>: a header and frames, only ever appended to, little-endian throughout.
/// <code>
/// header   8 bytes "BLFRONT1", 8 bytes seed (random, of this frontier), 8 bytes XXH3-64 of those 16
/// frame    4 bytes length of the payload (1 to 16 Mi), 4 bytes check, payload: one record (FrontierRecords.cs)
/// check    low half of XXH3-64 of the payload, seeded with the seed xor the frame's offset: a frame found elsewhere
///          than where it was written (an old block of the disk, a forged one within a URL) does not pass
/// commit   a record of kind 6, an 8-byte mark and the seed; written before each fsync, and never before the fsync of
///          the last one returned
/// </code>
/// A crash leaves whole frames and at most a torn end. So a bad frame with no commit behind it is the torn end: it is
/// cut off, nothing committed was in it. A bad frame with a commit behind it is damage: opening refuses, with its offset, and only
/// on demand goes on with what stands before it; what is cut is kept beside it as <c>frontier.log.cut-OFFSET</c>.
/// <para>
/// Appends collect in memory and are written by the megabyte; <see cref="Commit"/> writes and flushes the rest, outside
/// the frontier's lock, so that others add meanwhile. A write that fails (a full disk) changes nothing: the bytes stay
/// in memory and are written again at the same offset. After a failed fsync the system may have dropped them: every
/// further commit fails until the frontier is opened again.
/// </para>
/// Not thread-safe except as noted.
/// </summary>
internal sealed partial class FrontierJournal : IDisposable
{
    public const string FileName = "frontier.log";
    public const int HeaderBytes = 24, FrameBytes = 8, MaxPayload = 16 << 20;
    private const int SpillBytes = 1 << 20;

    private readonly SafeFileHandle _file;
    private byte[] _tail = new byte[16 << 10];
    private int _tailBytes;
    private long _written; // what the file has; the tail follows
    private long _committed;
    private int _spillAt = SpillBytes;
    private bool _lost;

    private FrontierJournal(string path, SafeFileHandle file, ulong seed, long length)
    {
        (Path, _file, Seed) = (path, file, seed);
        _written = _committed = length;
    }

    private static ReadOnlySpan<byte> Magic => "BLFRONT1"u8;

    private static ReadOnlySpan<byte> CommitMark => [0xF8, 0xC0, 0x33, 0x17, 0xFE, 0x9A, 0xFF, 0xB1]; // no UTF-8

    public string Path { get; }

    public ulong Seed { get; }

    /// <summary>Where the next frame goes.</summary>
    public long Length => _written + _tailBytes;

    /// <summary>Nothing was appended since the last commit.</summary>
    public bool IsCommitted => _committed == Length;

    /// <summary>Makes a new file under another name; <see cref="Publish"/> gives it its own.</summary>
    public static FrontierJournal Create(string path, ulong? seed = null)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        Magic.CopyTo(header);
        BinaryPrimitives.WriteUInt64LittleEndian(header[8..], seed ?? BitConverter.ToUInt64(RandomNumberGenerator.GetBytes(8)));
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], XxHash3.HashToUInt64(header[..16]));
        SafeFileHandle file = File.OpenHandle(path, FileMode.Create, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            RandomAccess.Write(file, header, 0);
            return new FrontierJournal(path, file, BinaryPrimitives.ReadUInt64LittleEndian(header[8..]), HeaderBytes);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Opens for appending, handing every whole frame to <paramref name="replay"/>.</summary>
    /// <exception cref="ImportException">Damaged, with the offset, unless <paramref name="acceptCut"/>.</exception>
    public static FrontierJournal Open(string path, bool acceptCut, Action<long, ReadOnlyMemory<byte>> replay)
    {
        SafeFileHandle file = File.OpenHandle(path, FileMode.Open, FileAccess.ReadWrite, FileShare.ReadWrite | FileShare.Delete);
        try
        {
            ulong seed = ReadSeed(file, path);
            long end = Scan(file, path, seed, replay), length = RandomAccess.GetLength(file);
            if (end < length)
            {
                if (HasCommit(file, seed, end, length))
                {
                    if (!acceptCut)
                        throw ImportException.AtByte(path, end, $"the frontier is damaged here: {length - end:n0} of {length:n0} bytes cannot be trusted; " +
                            "what stands before is whole, and the crawl can go on with it if you accept the cut ('backlinks crawl --resume --accept-cut'): "
                            + "what stands behind is put aside, and its pages are fetched again");
                    Keep(file, end, length, $"{path}.cut-{end}");
                }
                RandomAccess.SetLength(file, end); // durable with the next commit; until then it would be cut again
            }
            return new FrontierJournal(path, file, seed, end);
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    public static ulong ReadSeed(SafeFileHandle file, string path)
    {
        Span<byte> header = stackalloc byte[HeaderBytes];
        int got = RandomAccess.Read(file, header, 0);
        if (got < HeaderBytes || XxHash3.HashToUInt64(header[..16]) != BinaryPrimitives.ReadUInt64LittleEndian(header[16..]))
            throw ImportException.AtByte(path, 0, "the frontier's header is damaged or of another program; move the file away to start a new crawl");
        if (!header[..8].SequenceEqual(Magic))
            throw ImportException.AtByte(path, 0, "is a frontier of a newer version: use a newer 'backlinks'");
        return BinaryPrimitives.ReadUInt64LittleEndian(header[8..]);
    }

    /// <summary>Hands whole frames to <paramref name="found"/> until the end or the first bad one; returns where that is.</summary>
    public static long Scan(SafeFileHandle file, string path, ulong seed, Action<long, ReadOnlyMemory<byte>> found, long from = HeaderBytes, long until = long.MaxValue)
    {
        byte[] buffer = new byte[Math.Clamp(RandomAccess.GetLength(file), 4096, 1 << 20)];
        long at = from; // offset of the first byte in the buffer that is not yet used
        int used = 0, filled = 0;
        while (true)
        {
            ReadOnlySpan<byte> left = buffer.AsSpan(used, filled - used);
            int length = left.Length < FrameBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(left);
            if (left.Length >= FrameBytes && length is <= 0 or > MaxPayload)
                return at;
            if (left.Length < FrameBytes + length || left.Length < FrameBytes)
            {
                int need = FrameBytes + length;
                left.CopyTo(buffer);
                (used, filled) = (0, left.Length);
                if (need > buffer.Length)
                    Array.Resize(ref buffer, need); // at most 16 MiB, whatever a damaged length says
                int got = RandomAccess.Read(file, buffer.AsSpan(filled, (int)Math.Min(buffer.Length - filled, until - at - filled)), at + filled);
                if (got == 0)
                    return at;
                filled += got;
                continue;
            }
            if (Check(left.Slice(FrameBytes, length), seed, at) != BinaryPrimitives.ReadUInt32LittleEndian(left[4..]))
                return at;
            try
            {
                found(at, buffer.AsMemory(used + FrameBytes, length));
            }
            catch (InvalidDataException e)
            {
                throw ImportException.AtByte(path, at, $"{e.Message}: it is of a newer version; use a newer 'backlinks'", e);
            }
            used += FrameBytes + length;
            at += FrameBytes + length;
        }
    }

    /// <summary>Adds a record; it is durable after the next <see cref="Commit"/>.</summary>
    /// <returns>The frame's offset.</returns>
    public long Append(ReadOnlySpan<byte> payload)
    {
        if (payload.Length is 0 or > MaxPayload)
            throw new ArgumentException($"a record of {payload.Length:n0} bytes; 1 to {MaxPayload:n0} can be kept", nameof(payload));
        long offset = Length;
        int need = _tailBytes + FrameBytes + payload.Length;
        if (need > _tail.Length)
            Array.Resize(ref _tail, Math.Max(need, _tail.Length * 2));
        Span<byte> frame = _tail.AsSpan(_tailBytes);
        BinaryPrimitives.WriteInt32LittleEndian(frame, payload.Length);
        BinaryPrimitives.WriteUInt32LittleEndian(frame[4..], Check(payload, Seed, offset));
        payload.CopyTo(frame[FrameBytes..]);
        _tailBytes = need;
        if (_tailBytes >= _spillAt)
        {
            try
            {
                Spill();
            }
            catch (IOException)
            {
                // A full disk: the tail grows in memory until Commit says so to the one who can act.
                _spillAt = _tailBytes + SpillBytes;
            }
        }
        return offset;
    }

    /// <summary>Writes what is in memory, without waiting for the disk.</summary>
    public void Spill()
    {
        RandomAccess.Write(_file, _tail.AsSpan(0, _tailBytes), _written);
        _written += _tailBytes;
        _tailBytes = 0;
        _spillAt = SpillBytes;
        if (_tail.Length > 16 << 20)
            _tail = new byte[SpillBytes]; // it was a full disk's
    }

    /// <summary>First half of a commit: the mark and all before it are handed to the system. Under the caller's lock.</summary>
    /// <returns>The length that <see cref="Flush"/> then makes durable.</returns>
    public long PrepareCommit()
    {
        if (_lost)
            throw new IOException($"{Path}: the disk failed to keep what was written before; open the frontier again");
        int before = _tailBytes;
        Span<byte> mark = stackalloc byte[17];
        mark[0] = (byte)FrontierRecordKind.Commit;
        CommitMark.CopyTo(mark[1..]);
        BinaryPrimitives.WriteUInt64LittleEndian(mark[9..], Seed);
        long at = Append(mark);
        try
        {
            if (_tailBytes > 0)
                Spill();
        }
        catch
        {
            if (at >= _written)
                _tailBytes = before; // the next try brings its own mark
            throw;
        }
        return _written;
    }

    /// <summary>Second half, which waits for the disk; other members may be called meanwhile, not this one.</summary>
    public void Flush(long length)
    {
        try
        {
            RandomAccess.FlushToDisk(_file);
        }
        catch
        {
            _lost = true;
            throw;
        }
        _committed = length;
    }

    public void Commit() => Flush(PrepareCommit());

    /// <summary>The record at an offset that <see cref="Append"/> returned; good until the next call.</summary>
    public ReadOnlySpan<byte> Read(long offset, ref byte[] buffer)
    {
        if (offset >= _written)
        {
            Span<byte> frame = _tail.AsSpan((int)(offset - _written));
            return frame.Slice(FrameBytes, BinaryPrimitives.ReadInt32LittleEndian(frame));
        }
        int have = RandomAccess.Read(_file, buffer, offset);
        int length = have < FrameBytes ? 0 : BinaryPrimitives.ReadInt32LittleEndian(buffer);
        if (length is > 0 and <= MaxPayload && FrameBytes + length > have)
        {
            if (buffer.Length < FrameBytes + length)
                Array.Resize(ref buffer, FrameBytes + length);
            have = RandomAccess.Read(_file, buffer, offset);
        }
        if (length is <= 0 or > MaxPayload || have < FrameBytes + length ||
            Check(buffer.AsSpan(FrameBytes, length), Seed, offset) != BinaryPrimitives.ReadUInt32LittleEndian(buffer.AsSpan(4)))
            throw ImportException.AtByte(Path, offset, "a record of the frontier was altered since it was written: the disk is failing, or another program wrote here");
        return buffer.AsSpan(FrameBytes, length);
    }

    /// <summary>Gives a finished file its name, in the place of the one before, and opens it under that name.</summary>
    public static FrontierJournal Publish(FrontierJournal finished, string path)
    {
        finished.Commit();
        File.Move(finished.Path, path, overwrite: true);
        FlushFolder(System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(path))!);
        return new FrontierJournal(path, finished._file, finished.Seed, finished._written) { _committed = finished._committed };
    }

    public void Dispose() => _file.Dispose();

    private static uint Check(ReadOnlySpan<byte> payload, ulong seed, long offset) =>
        (uint)XxHash3.HashToUInt64(payload, (long)seed ^ offset);

    // Is there a commit behind a bad frame? Its mark is searched byte by byte, for framing is lost.
    private static bool HasCommit(SafeFileHandle file, ulong seed, long from, long length)
    {
        byte[] buffer = new byte[1 << 20];
        for (long at = from; at < length; at += buffer.Length - 32)
        {
            int got = RandomAccess.Read(file, buffer, at), start = 0;
            while (start < got)
            {
                int found = buffer.AsSpan(start, got - start).IndexOf(CommitMark);
                if (found < 0)
                    break;
                int frame = start + found - 1 - FrameBytes;
                start += found + 1;
                if (frame < 0 || frame + FrameBytes + 17 > got || at + frame < from)
                    continue; // whole in the next piece, if it is one
                ReadOnlySpan<byte> bytes = buffer.AsSpan(frame, FrameBytes + 17);
                if (BinaryPrimitives.ReadInt32LittleEndian(bytes) == 17 &&
                    Check(bytes[FrameBytes..], seed, at + frame) == BinaryPrimitives.ReadUInt32LittleEndian(bytes[4..]))
                    return true;
            }
        }
        return false;
    }

    private static void Keep(SafeFileHandle file, long from, long length, string path)
    {
        using FileStream to = new(path, FileMode.Create, FileAccess.Write);
        byte[] buffer = new byte[1 << 20];
        for (long at = from; at < length;)
        {
            int got = RandomAccess.Read(file, buffer, at);
            if (got == 0)
                break;
            to.Write(buffer, 0, got);
            at += got;
        }
        to.Flush(flushToDisk: true);
    }

    // .NET opens no folders, hence the system calls; Windows writes names through its journal and needs none.
    private static void FlushFolder(string folder)
    {
        if (OperatingSystem.IsWindows())
            return;
        int handle = OpenFolder(folder, 0);
        if (handle < 0)
            throw new IOException($"{folder}: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
        _ = SyncFolder(handle); // some network file systems cannot; the rename itself is then as durable as they make it
        _ = CloseFolder(handle);
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int OpenFolder(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int SyncFolder(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int CloseFolder(int file);
}
