using System.Buffers;
using System.IO.Compression;

namespace Backlinks.Ingest;

/// <summary>
/// Undoes one content coding (RFC 9110, 8.4.1) of a body as it streams in, and knows whether the coded form came to its
/// proper end: a cut page must never look like a page that lost its links. The framework's decoders end silently where
/// their input ends early, so each coding has its own proof of the end in <see cref="EndedWell"/>.
///
/// - br: BrotliDecoder says Done itself.
/// - deflate (zlib with header as the RFC has it, or raw as some servers send): zlib stops by itself after the last
///   block; had it asked for more than there was, the body was cut.
/// - gzip (any number of members): zlib checks CRC and length of each, but a member may always follow. Therefore the body
///   gets one more tiny member behind it. If its text comes out at the end, all before it was whole; a cut member would
///   have swallowed it as coded data. The text is deflated, so it cannot pass through a cut stored block unchanged.
///   What follows the last member without being one (padding) is ignored, as browsers do.
///
/// Cost: fixed buffers of some tens of KB and the decoder's window, whatever the body.
/// </summary>
internal abstract class ContentCoding : Stream
{
    /// <summary>Meaningful after a read returned 0.</summary>
    public abstract bool EndedWell { get; }

    /// <summary>Null for a coding that is not known. "identity" has none: the caller passes over it.</summary>
    public static ContentCoding? Find(string coding, Stream inner) => coding.ToLowerInvariant() switch
    {
        "gzip" or "x-gzip" => new GzipCoding(inner),
        "deflate" => new DeflateCoding(inner),
        "br" => new BrotliCoding(inner),
        _ => null,
    };

    public override bool CanRead => true;
    public override bool CanSeek => false;
    public override bool CanWrite => false;
    public override long Length => throw new NotSupportedException();
    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();
    public override void SetLength(long value) => throw new NotSupportedException();
    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
    public override void Flush() => throw new NotSupportedException();
    public abstract override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default);
    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    private sealed class GzipCoding : ContentCoding
    {
        /// <summary>A whole member; its text as zlib packs it differs from the text.</summary>
        private static readonly byte[] Text = [.. "end of what was sent, end of what was sent"u8];
        private static readonly byte[] Member = Pack(Text);

        private readonly TailedStream _tailed;
        private readonly GZipStream _zip;

        /// <summary>How much of the tail's text came out; -1 once something else did.</summary>
        private int _tailCount;

        public GzipCoding(Stream inner) => _zip = new GZipStream(_tailed = new TailedStream(inner, Member), CompressionMode.Decompress);

        public override bool EndedWell => !_tailed.TailWasRead || _tailCount == Text.Length;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (true)
            {
                int read = await _zip.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (read == 0 || !_tailed.TailWasRead)
                    return read;
                // zlib asks for input only when all output of what it had is out: this comes of the tail, and is not for the reader.
                bool fits = _tailCount >= 0 && read <= Text.Length - _tailCount && buffer.Span[..read].SequenceEqual(Text.AsSpan(_tailCount, read));
                _tailCount = fits ? _tailCount + read : -1;
            }
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _zip.Dispose();
            base.Dispose(disposing);
        }

        private static byte[] Pack(byte[] text)
        {
            var packed = new MemoryStream();
            using (var zip = new GZipStream(packed, CompressionLevel.SmallestSize))
                zip.Write(text);
            return packed.ToArray();
        }
    }

    private sealed class DeflateCoding(Stream inner) : ContentCoding
    {
        private readonly TailedStream _source = new(inner, []);
        private Stream? _zip;

        public override bool EndedWell => _zip is not null && !_source.TailWasRead;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_zip is null)
            {
                ReadOnlyMemory<byte> head = await _source.PeekTwoAsync(cancellationToken).ConfigureAwait(false);
                bool zlib = head.Length == 2 && (head.Span[0] & 15) == 8 && ((head.Span[0] << 8) | head.Span[1]) % 31 == 0;
                _zip = zlib ? new ZLibStream(_source, CompressionMode.Decompress) : new DeflateStream(_source, CompressionMode.Decompress);
            }
            return await _zip.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                _zip?.Dispose();
            base.Dispose(disposing);
        }
    }

    private sealed class BrotliCoding(Stream inner) : ContentCoding
    {
        private readonly byte[] _input = ArrayPool<byte>.Shared.Rent(16 << 10);
        private BrotliDecoder _decoder;
        private int _at, _end;
        private bool _done, _disposed;

        public override bool EndedWell => _done;

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            while (!_done && buffer.Length > 0)
            {
                OperationStatus status = _decoder.Decompress(_input.AsSpan(_at, _end - _at), buffer.Span, out int consumed, out int written);
                _at += consumed;
                if (status == OperationStatus.InvalidData)
                    throw new InvalidDataException("not brotli");
                _done = status == OperationStatus.Done;
                if (written > 0)
                    return written;
                if (status == OperationStatus.NeedMoreData)
                {
                    _input.AsSpan(_at, _end - _at).CopyTo(_input);
                    (_at, _end) = (0, _end - _at);
                    int read = await inner.ReadAsync(_input.AsMemory(_end), cancellationToken).ConfigureAwait(false);
                    if (read == 0)
                        return 0;
                    _end += read;
                }
            }
            return 0;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing && !_disposed)
            {
                _disposed = true;
                _decoder.Dispose();
                ArrayPool<byte>.Shared.Return(_input);
                inner.Dispose();
            }
            base.Dispose(disposing);
        }
    }

    /// <summary>A stream with some bytes behind it, handed out in reads of their own, that knows whether it was read past its end.</summary>
    private sealed class TailedStream(Stream inner, byte[] tail) : ContentCoding
    {
        private readonly byte[] _head = new byte[2];
        private int _headCount, _tailAt;
        private bool _innerEnded;

        /// <summary>Someone asked for more than there was.</summary>
        public bool TailWasRead { get; private set; }

        public override bool EndedWell => true;

        public async ValueTask<ReadOnlyMemory<byte>> PeekTwoAsync(CancellationToken cancel)
        {
            _headCount = await inner.ReadAtLeastAsync(_head, 2, throwOnEndOfStream: false, cancel).ConfigureAwait(false);
            return _head.AsMemory(0, _headCount);
        }

        public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
        {
            if (_headCount > 0)
            {
                int count = Math.Min(_headCount, buffer.Length);
                _head.AsSpan(0, count).CopyTo(buffer.Span);
                _head.AsSpan(count, _headCount -= count).CopyTo(_head);
                return count;
            }
            if (!_innerEnded)
            {
                int read = await inner.ReadAsync(buffer, cancellationToken).ConfigureAwait(false);
                if (read > 0 || buffer.Length == 0)
                    return read;
                _innerEnded = true;
            }
            TailWasRead = true;
            int give = Math.Min(tail.Length - _tailAt, buffer.Length);
            tail.AsSpan(_tailAt, give).CopyTo(buffer.Span);
            _tailAt += give;
            return give;
        }

        protected override void Dispose(bool disposing)
        {
            if (disposing)
                inner.Dispose();
            base.Dispose(disposing);
        }
    }
}
