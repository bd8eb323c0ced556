namespace Backlinks.Ingest;

/// <summary>A stream whose first bytes can be looked at before it is read, and which ends at a limit.</summary>
internal sealed class HeadedStream : Stream
{
    private readonly Stream _inner;
    private readonly byte[] _head;
    private readonly int _headLength;
    private readonly long _most;
    private long _position;

    /// <param name="head">Bytes to look at; fewer where the stream is shorter.</param>
    /// <param name="most">Bytes given out at most.</param>
    public HeadedStream(Stream inner, int head, long most)
    {
        _inner = inner;
        _head = new byte[head];
        _headLength = inner.ReadAtLeast(_head, head, throwOnEndOfStream: false);
        _most = most;
    }

    public ReadOnlySpan<byte> Head => _head.AsSpan(0, (int)Math.Min(_headLength, _most));

    /// <summary>True once there turned out to be more than the limit.</summary>
    public bool Cut { get; private set; }

    /// <summary>The last four bytes given out, little-endian: the length field of a gzip file once all of it is read.</summary>
    public uint LastFour { get; private set; }

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    /// <summary>Bytes given out so far.</summary>
    public override long Position
    {
        get => _position;
        set => throw new NotSupportedException();
    }

    public override int Read(Span<byte> buffer)
    {
        if (buffer.IsEmpty)
            return 0;
        if (_position == _most)
        {
            Cut |= _position < _headLength || _inner.ReadByte() >= 0;
            return 0;
        }
        buffer = buffer[..(int)Math.Min(buffer.Length, _most - _position)];
        int length;
        if (_position < _headLength)
        {
            length = Math.Min(buffer.Length, _headLength - (int)_position);
            _head.AsSpan((int)_position, length).CopyTo(buffer);
        }
        else
        {
            length = _inner.Read(buffer);
        }
        _position += length;
        foreach (byte b in buffer[..length][^Math.Min(4, length)..])
            LastFour = LastFour >> 8 | (uint)b << 24;
        return length;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
