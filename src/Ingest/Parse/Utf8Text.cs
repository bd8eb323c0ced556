using System.Text;

namespace Backlinks.Ingest;

/// <summary>UTF-8 that grows as it is written: what the decoders of other encodings write to.</summary>
internal struct Utf8Text(int capacity)
{
    private byte[] _bytes = new byte[Math.Max(capacity, 16)];
    private int _length;

    public readonly ReadOnlyMemory<byte> Written => _bytes.AsMemory(0, _length);

    /// <summary>Bytes as they are: ASCII, or what is UTF-8 already.</summary>
    public void AddBytes(ReadOnlySpan<byte> bytes)
    {
        Grow(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(_length));
        _length += bytes.Length;
    }

    /// <summary>U+FFFD: bytes that mean nothing.</summary>
    public void AddError() => Add(0xFFFD);

    /// <summary>A scalar value; the caller's tables hold no surrogates.</summary>
    public void Add(int codePoint)
    {
        Grow(4);
        if (codePoint < 0x80)
            _bytes[_length++] = (byte)codePoint;
        else
            _length += new Rune(codePoint).EncodeToUtf8(_bytes.AsSpan(_length));
    }

    private void Grow(int more)
    {
        if (_bytes.Length - _length < more)
            Array.Resize(ref _bytes, (int)Math.Min(Array.MaxLength, Math.Max((long)_length + more, _bytes.Length * 2L)));
    }
}
