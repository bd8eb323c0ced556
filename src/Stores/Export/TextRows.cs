using System.Globalization;
using System.Text;

namespace Backlinks.Stores;

/// <summary>Writes fields of text rows as UTF-8 into a stream through one buffer, with no string per number.</summary>
internal sealed class TextRows : IDisposable
{
    private readonly Stream _stream;
    private readonly byte[] _buffer = new byte[1 << 16];
    private int _fill;
    private bool _failed;

    /// <param name="stream">Stays open.</param>
    public TextRows(Stream stream) => _stream = stream;

    public TextRows Add(char ascii)
    {
        Room(1)[0] = (byte)ascii;
        _fill++;
        return this;
    }

    public TextRows Add(ReadOnlySpan<byte> utf8)
    {
        for (; utf8.Length > _buffer.Length / 2; utf8 = utf8[(_buffer.Length / 2)..])
            Add(utf8[..(_buffer.Length / 2)]);
        utf8.CopyTo(Room(utf8.Length));
        _fill += utf8.Length;
        return this;
    }

    public TextRows Add(string text)
    {
        if (text.Length > _buffer.Length / 8)
            return Add(Encoding.UTF8.GetBytes(text).AsSpan());
        Span<byte> room = Room(text.Length * 3); // before _fill is read: it may empty the buffer
        _fill += Encoding.UTF8.GetBytes(text, room);
        return this;
    }

    public TextRows Add(long number)
    {
        number.TryFormat(Room(24), out int written, default, CultureInfo.InvariantCulture);
        _fill += written;
        return this;
    }

    /// <summary>The shortest digits that read back as the same number.</summary>
    public TextRows Add(double number)
    {
        number.TryFormat(Room(32), out int written, default, CultureInfo.InvariantCulture);
        _fill += written;
        return this;
    }

    public void Dispose()
    {
        if (_failed)
            return; // the stream has said why, and another error from here would hide it
        Flush();
        _stream.Flush();
    }

    private Span<byte> Room(int bytes)
    {
        if (_buffer.Length - _fill < bytes)
            Flush();
        return _buffer.AsSpan(_fill);
    }

    private void Flush()
    {
        _failed = true;
        _stream.Write(_buffer, 0, _fill);
        (_fill, _failed) = (0, false);
    }
}
