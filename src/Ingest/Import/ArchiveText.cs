using Microsoft.Win32.SafeHandles;

namespace Backlinks.Ingest;

/// <summary>
/// The text of an archive file in a sliding buffer: a plain file, which can be read from any place, or the members of a
/// gzip file one after the other, each with its verdict at its end.
/// </summary>
internal sealed class ArchiveText : IDisposable
{
    public const int BufferBytes = 1 << 18;

    private readonly byte[] _buffer = new byte[BufferBytes];
    private readonly GzipMembers? _members;
    private readonly SafeFileHandle? _plain;
    private long _bufferAt; // plain: where in the file the buffer starts
    private int _start, _end;

    public ArchiveText(string path)
    {
        Path = path;
        _plain = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.SequentialScan);
        Length = RandomAccess.GetLength(_plain);
        Span<byte> head = stackalloc byte[2];
        Packed = RandomAccess.Read(_plain, head, 0) == 2 && head[0] == 0x1f && head[1] == 0x8b;
        if (!Packed)
            return;
        _plain.Dispose();
        _plain = null;
        _members = new GzipMembers(path);
    }

    public string Path { get; }

    public bool Packed { get; }

    /// <summary>Bytes of the file, packed.</summary>
    public long Length { get; }

    /// <summary>What has been read and not been skipped.</summary>
    public ReadOnlySpan<byte> Unread => _buffer.AsSpan(_start, _end - _start);

    /// <summary>Bytes of <see cref="Unread"/> that belong to members before the open one.</summary>
    public int OfEarlierMembers { get; private set; }

    /// <summary>Of a plain file: where <see cref="Unread"/> starts. Of a gzip file: where the open member starts.</summary>
    public long Place => Packed ? _members!.Offset : _bufferAt + _start;

    /// <summary>Of a gzip file: how the open member ended.</summary>
    public MemberEnd End => _members?.End ?? MemberEnd.Sound;

    /// <summary>Reads more of the plain file or of the open member behind what is unread; false at its end.</summary>
    public bool Fill()
    {
        if (_start > 0 && (_end == _buffer.Length || _start == _end))
        {
            Unread.CopyTo(_buffer);
            _bufferAt += _start;
            _end -= _start;
            _start = 0;
        }
        if (_end == _buffer.Length)
            throw new InvalidOperationException("the buffer is full: skip something first");
        int got = Packed ? _members!.Read(_buffer.AsSpan(_end)) : RandomAccess.Read(_plain!, _buffer.AsSpan(_end), _bufferAt + _end);
        _end += got;
        return got > 0;
    }

    public void Skip(int bytes)
    {
        _start += bytes;
        OfEarlierMembers = Math.Max(0, OfEarlierMembers - bytes);
    }

    /// <summary>Opens the next member and appends its start to what is unread; false at the end of the file.</summary>
    public bool NextMember()
    {
        if (!Packed || !_members!.Open())
            return false;
        OfEarlierMembers = _end - _start;
        Fill();
        return true;
    }

    /// <summary>Of a plain file: goes on reading at this offset. Of a gzip file: makes the member that starts there the next.</summary>
    public void Seek(long offset)
    {
        OfEarlierMembers = 0;
        if (Packed)
            _members!.Next = offset;
        else if (offset >= _bufferAt && offset <= _bufferAt + _end)
        {
            _start = (int)(offset - _bufferAt);
            return;
        }
        (_bufferAt, _start, _end) = (offset, 0, 0);
    }

    /// <summary>Of a plain file: the bytes at an offset.</summary>
    public int Peek(Span<byte> to, long offset)
    {
        if (offset >= _bufferAt && offset + to.Length <= _bufferAt + _end)
        {
            _buffer.AsSpan((int)(offset - _bufferAt), to.Length).CopyTo(to);
            return to.Length;
        }
        int filled = 0;
        for (int got; filled < to.Length && (got = RandomAccess.Read(_plain!, to[filled..], offset + filled)) > 0;)
            filled += got;
        return filled;
    }

    /// <inheritdoc cref="GzipMembers.Resynchronise"/>
    public void Resynchronise(Func<ReadOnlySpan<byte>, bool> starts)
    {
        _start = _end = OfEarlierMembers = 0;
        _members!.Resynchronise(starts);
    }

    public void Dispose()
    {
        _members?.Dispose();
        _plain?.Dispose();
    }
}
