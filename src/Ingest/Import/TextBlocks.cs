using System.IO.Compression;

namespace Backlinks.Ingest;

/// <summary>
/// Reads a text file, plain or gzip (any number of members), in blocks of whole lines, while a second thread reads and
/// unpacks ahead. .NET's gzip reader takes a file that breaks off for one that ends; here it gets the file with a small
/// gzip member of our own behind it, and the text must end with what that holds: else the file is cut.
/// </summary>
internal sealed class TextBlocks : IDisposable
{
    /// <summary>The longest line that is accepted, in bytes.</summary>
    public const int MaxLine = 1 << 16;

    private const int BlockBytes = 1 << 20;

    private readonly FileStream _file;
    private readonly Stream _text;
    private readonly bool _packed;
    private byte[] _block = new byte[MaxLine + BlockBytes + 1];
    private byte[] _next = new byte[MaxLine + BlockBytes + 1];
    private Task<int>? _ahead;
    private int _start; // of what has not been given out, in _block
    private int _end;
    private byte[] _tail = []; // last bytes unpacked, held back: at the end they must be the mark
    private bool _unpacked;
    private bool _finished;

    public TextBlocks(string path)
    {
        Path = path;
        if (!File.Exists(path))
            throw new ImportException(path, "the file is missing");
        _file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, 1 << 16, FileOptions.SequentialScan);
        Length = _file.Length;
        _packed = _file.ReadByte() == 0x1f && _file.ReadByte() == 0x8b;
        _file.Position = 0;
        _text = _packed ? new GZipStream(new WithMark(_file), CompressionMode.Decompress) : _file;
        _start = _end = MaxLine;
        _ahead = Task.Run(() => Fill(_next));
    }

    public string Path { get; }

    /// <summary>Bytes of the file, packed.</summary>
    public long Length { get; }

    /// <summary>Bytes of the file read so far, packed.</summary>
    public long Position => Math.Min(_file.Position, Length);

    /// <summary>Lines in the blocks given out so far.</summary>
    public long LinesBefore { get; private set; }

    /// <summary>The next block of lines, each ended by \n (the last one too); false at the end. Valid until the next call.</summary>
    /// <exception cref="ImportException">The gzip data is damaged or truncated, or a line is too long.</exception>
    public bool MoveNext(out ReadOnlySpan<byte> block)
    {
        while (!_finished)
        {
            int got = Wait();
            int rest = _end - _start; // a line that the last block did not end
            if (rest > MaxLine)
                throw Error($"a line is longer than {MaxLine} bytes: this is not a text file of links");
            _block.AsSpan(_start, rest).CopyTo(_next.AsSpan(MaxLine - rest));
            (_block, _next) = (_next, _block);
            (_start, _end) = (MaxLine - rest, MaxLine + got);
            if (got == 0)
            {
                _finished = true;
                if (rest == 0)
                    break;
                _block[_end++] = (byte)'\n';
            }
            else
                _ahead = Task.Run(() => Fill(_next));
            int lines = _block.AsSpan(_start, _end - _start).LastIndexOf((byte)'\n') + 1;
            if (lines == 0)
                continue;
            block = _block.AsSpan(_start, lines);
            _start += lines;
            return true;
        }
        block = default;
        return false;
    }

    /// <summary>Call when a block has been used up, with the lines it had.</summary>
    public void Count(long lines) => LinesBefore += lines;

    public void Dispose()
    {
        try
        {
            _ahead?.Wait();
        }
        catch (AggregateException)
        {
            // Who disposes of the reader has seen the error or no longer cares.
        }
        _text.Dispose();
        _file.Dispose();
    }

    private int Wait()
    {
        try
        {
            Task<int> ahead = _ahead!;
            _ahead = null;
            return ahead.GetAwaiter().GetResult();
        }
        catch (InvalidDataException e)
        {
            throw Error("the gzip data is damaged or cut short; fetch the file again", e);
        }
    }

    private ImportException Error(string problem, Exception? inner = null) => ImportException.AtByte(Path, Position, problem, inner);

    /// <summary>Fills the part of a block that follows the room for an unfinished line.</summary>
    private int Fill(byte[] block)
    {
        Span<byte> to = block.AsSpan(MaxLine, BlockBytes);
        if (!_packed)
            return _text.ReadAtLeast(to, to.Length, throwOnEndOfStream: false);
        if (_unpacked)
            return 0;
        _tail.CopyTo(to);
        int got = _text.ReadAtLeast(to[_tail.Length..], to.Length - _tail.Length, throwOnEndOfStream: false) + _tail.Length;
        int held = Math.Min(WithMark.Mark.Length, got);
        if (got < to.Length && !to[..got].EndsWith(WithMark.Mark))
            throw Error("the gzip data breaks off: the file is truncated; fetch it again");
        _unpacked = got < to.Length;
        _tail = to[(got - held)..got].ToArray();
        return got - held;
    }

    /// <summary>A file followed by a gzip member that holds <see cref="Mark"/>.</summary>
    private sealed class WithMark(Stream file) : Stream
    {
        public static readonly byte[] Mark = [0xff, 0x00, .. "end of the file"u8, 0xc1]; // no text holds these bytes

        private readonly MemoryStream _mark = Pack();

        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => false;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override int Read(Span<byte> buffer)
        {
            int got = file.Read(buffer);
            return got > 0 ? got : _mark.Read(buffer);
        }

        public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

        public override void Flush()
        {
        }

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

        private static MemoryStream Pack()
        {
            var packed = new MemoryStream();
            using (GZipStream gzip = new(packed, CompressionLevel.Fastest, leaveOpen: true))
                gzip.Write(Mark);
            packed.Position = 0;
            return packed;
        }
    }
}
