using System.Buffers.Binary;
using System.IO.Compression;
using System.IO.Hashing;
using Microsoft.Win32.SafeHandles;

namespace Backlinks.Ingest;

/// <summary>How a gzip member ended.</summary>
internal enum MemberEnd
{
    /// <summary>It has not been read to its end.</summary>
    Open,

    /// <summary>Checksum and length of the trailer are those of what was read.</summary>
    Sound,

    /// <summary>The compressed data ends, and no trailer with this checksum and length follows.</summary>
    WrongChecksum,

    /// <summary>The header or the compressed data breaks the format.</summary>
    Broken,

    /// <summary>The file ends before the member does.</summary>
    Cut,
}

/// <summary>
/// The members of a gzip file (RFC 1952), one by one, each with its place in the file and its checksum verified. Archives
/// put each record into a member of its own, so that a reader can start at any of them and go on after a damaged one.
/// </summary>
/// <remarks>
/// .NET's GZipStream tells neither where a member ends nor that one is cut. DeflateStream stops at the end of the
/// compressed data but does not say where in the last piece of input that was. The trailer does: CRC-32 and length of what
/// was unpacked, eight bytes that are known by then, are looked for in that piece. Finding them is the check as well.
/// <para>Cost: that of DeflateStream and a CRC-32, and one small search a member. Memory: 256 KB.</para>
/// </remarks>
internal sealed class GzipMembers : IDisposable
{
    private const int Piece = 8192; // what DeflateStream asks for at a time

    /// <summary>Plausible starts that turn out to be none, in a row, before the search skips what was read of damaged members,
    /// and goes on in strides: a crafted file must not be unpacked from each of its bytes.</summary>
    private const int Patience = 64, Stride = 1024;

    private readonly SafeFileHandle _file;
    private readonly byte[] _window = new byte[1 << 18];
    private readonly Crc32 _crc = new();
    private readonly Feed _feed;
    private DeflateStream? _inflate;
    private long _windowAt;
    private int _windowLength;
    private uint _unpacked; // modulo 2^32, as the trailer has it
    private long _furthest;
    private int _failures;

    public GzipMembers(string path)
    {
        _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        Length = RandomAccess.GetLength(_file);
        _feed = new Feed(this);
    }

    public long Length { get; }

    /// <summary>Where the open member starts in the file.</summary>
    public long Offset { get; private set; }

    /// <summary>Where the next member is expected; may be set to the start of any member.</summary>
    public long Next { get; set; }

    public MemberEnd End { get; private set; }

    /// <summary>Opens the member at <see cref="Next"/>; false at the end of the file, which may be padded with zeros.</summary>
    public bool Open()
    {
        _inflate?.Dispose();
        _inflate = null;
        Offset = Next;
        if (Offset >= Length || OnlyZeros())
            return false;
        End = MemberEnd.Open;
        _crc.Reset();
        _unpacked = 0;
        int header = HeaderLength();
        if (header <= 0)
        {
            End = header == 0 ? MemberEnd.Cut : MemberEnd.Broken;
            return true;
        }
        _feed.Restart(Offset + header);
        _inflate = new DeflateStream(_feed, CompressionMode.Decompress, leaveOpen: true);
        return true;
    }

    /// <summary>Unpacks more of the open member; 0 at its end, of which <see cref="End"/> then tells.</summary>
    public int Read(Span<byte> to)
    {
        if (_inflate is null || End != MemberEnd.Open || to.IsEmpty)
            return 0;
        try
        {
            int got = _inflate.Read(to);
            if (got > 0)
            {
                _crc.Append(to[..got]);
                _unpacked += (uint)got;
                return got;
            }
            if (_feed.Starved)
                End = MemberEnd.Cut;
            else
                Finish();
        }
        catch (InvalidDataException)
        {
            End = MemberEnd.Broken;
        }
        _furthest = Math.Max(_furthest, _feed.At);
        return 0;
    }

    /// <summary>After a member that is not <see cref="MemberEnd.Sound"/>: sets <see cref="Next"/> to the next place where a
    /// member starts whose text satisfies <paramref name="starts"/> (given its first 64 bytes at most), or to the end.</summary>
    public void Resynchronise(Func<ReadOnlySpan<byte>, bool> starts)
    {
        long at = Offset + 1;
        if (++_failures >= Patience)
            at = Math.Max(at, _furthest);
        Span<byte> first = stackalloc byte[64];
        while ((at = FindSignature(at)) < Length)
        {
            Next = at;
            Open();
            int filled = 0;
            for (int got; filled < first.Length && (got = Read(first[filled..])) > 0;)
                filled += got;
            if (filled > 0 && starts(first[..filled]))
                break;
            at += ++_failures < Patience ? 1 : Stride;
        }
        Next = Math.Min(at, Length);
    }

    /// <summary>Whether the member at <paramref name="offset"/> is sound, by unpacking it aside.</summary>
    public static MemberEnd Check(string path, long offset, CancellationToken cancel)
    {
        using GzipMembers members = new(path) { Next = offset };
        members.Open();
        byte[] buffer = new byte[1 << 16];
        while (members.Read(buffer) > 0)
            cancel.ThrowIfCancellationRequested();
        return members.End;
    }

    public void Dispose()
    {
        _inflate?.Dispose();
        _feed.Dispose();
        _file.Dispose();
    }

    private void Finish()
    {
        Span<byte> trailer = stackalloc byte[8];
        BinaryPrimitives.WriteUInt32LittleEndian(trailer, _crc.GetCurrentHashAsUInt32());
        BinaryPrimitives.WriteUInt32LittleEndian(trailer[4..], _unpacked);
        ReadOnlySpan<byte> last = Peek(_feed.LastPiece, Piece + 16);
        // The trailer of an empty member is eight zeros, and zeros stand before it: what follows decides between places.
        int best = -1;
        for (int from = 0, found; (found = last[from..].IndexOf(trailer)) >= 0; from += found + 1)
        {
            int end = from + found + 8;
            bool ends = end == last.Length || last[end..].StartsWith((ReadOnlySpan<byte>)[0x1f, 0x8b]);
            if (best < 0 || ends)
                best = end;
            if (ends)
                break;
        }
        if (best >= 0)
        {
            Next = _feed.LastPiece + best;
            End = MemberEnd.Sound;
            _failures = 0;
            return;
        }
        End = MemberEnd.WrongChecksum;
        for (int part = 7; part >= 2 && _feed.LastPiece + last.Length >= Length; part--)
            if (last.EndsWith(trailer[..part]))
                End = MemberEnd.Cut;
    }

    /// <summary>Bytes of the header at <see cref="Offset"/>; 0 if the file ends in it, -1 if it is none.</summary>
    private int HeaderLength()
    {
        ReadOnlySpan<byte> head = Peek(Offset, 1 << 16);
        int known = Math.Min(head.Length, 3);
        if (!head[..known].SequenceEqual(((ReadOnlySpan<byte>)[0x1f, 0x8b, 8])[..known]))
            return -1;
        if (head.Length < 10)
            return 0;
        int flags = head[3], at = 10;
        if ((flags & 0xe0) != 0)
            return -1;
        if ((flags & 4) != 0) // FEXTRA
        {
            if (head.Length < at + 2)
                return 0;
            at += 2 + BinaryPrimitives.ReadUInt16LittleEndian(head[at..]);
        }
        for (int text = flags & 0x18; text != 0; text &= text - 1) // FNAME, FCOMMENT: each ends with a zero
        {
            int zero = at < head.Length ? head[at..].IndexOf((byte)0) : -1;
            if (zero < 0)
                return head.Length == 1 << 16 ? -1 : 0;
            at += zero + 1;
        }
        if ((flags & 2) != 0) // FHCRC
            at += 2;
        return at < head.Length ? at : head.Length == 1 << 16 ? -1 : 0;
    }

    private long FindSignature(long at)
    {
        while (at < Length)
        {
            ReadOnlySpan<byte> window = Peek(at, _window.Length);
            int found = window.IndexOf((ReadOnlySpan<byte>)[0x1f, 0x8b, 8]);
            if (found >= 0)
                return at + found;
            if (window.Length <= 2)
                break;
            at += window.Length - 2;
        }
        return Length;
    }

    private bool OnlyZeros()
    {
        if (Peek(Offset, 1)[0] != 0)
            return false;
        for (long at = Offset; at < Length;)
        {
            ReadOnlySpan<byte> rest = Peek(at, _window.Length);
            if (rest.IsEmpty || rest.ContainsAnyExcept((byte)0))
                return rest.IsEmpty;
            at += rest.Length;
        }
        return true;
    }

    /// <summary>The bytes at an offset, at most <paramref name="count"/>, fewer only at the end of the file.</summary>
    private ReadOnlySpan<byte> Peek(long at, int count)
    {
        count = (int)Math.Min(count, Length - at);
        if (count <= 0)
            return default;
        if (at < _windowAt || at + count > _windowAt + _windowLength)
        {
            _windowAt = at;
            _windowLength = 0;
            while (_windowLength < _window.Length && RandomAccess.Read(_file, _window.AsSpan(_windowLength), at + _windowLength) is > 0 and int got)
                _windowLength += got;
            count = Math.Min(count, _windowLength); // someone may have shortened the file meanwhile
        }
        return _window.AsSpan((int)(at - _windowAt), count);
    }

    /// <summary>Hands the file to DeflateStream in pieces and remembers the last.</summary>
    private sealed class Feed(GzipMembers members) : Stream
    {
        public long At { get; private set; }

        public long LastPiece { get; private set; }

        public bool Starved { get; private set; }

        public void Restart(long at)
        {
            At = LastPiece = at;
            Starved = false;
        }

        public override int Read(Span<byte> buffer)
        {
            ReadOnlySpan<byte> piece = members.Peek(At, Math.Min(buffer.Length, Piece));
            piece.CopyTo(buffer);
            Starved = piece.IsEmpty;
            if (Starved)
                return 0;
            LastPiece = At;
            At += piece.Length;
            return piece.Length;
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    }
}
