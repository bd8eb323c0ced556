using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;
using System.Text;

namespace Backlinks.Stores;

/// <summary>A text as DuckDB has it in a vector: 4 bytes of length and the text itself if it is at most 12 bytes long, else its first
/// four and where it is. The place must outlive the block that it is appended with.</summary>
[StructLayout(LayoutKind.Sequential, Size = 16)]
internal unsafe struct RowText
{
    private int _length;
    private uint _prefix;
    private byte* _place;

    public RowText(byte* text, int length)
    {
        _length = length;
        if (length > 12)
        {
            _prefix = *(uint*)text;
            _place = text;
        }
        else
            new ReadOnlySpan<byte>(text, length).CopyTo(MemoryMarshal.AsBytes(new Span<RowText>(ref this))[4..]);
    }

    /// <summary>NULL, where <c>default</c> is "".</summary>
    public static RowText None => new() { _length = -1 };

    public readonly bool IsNone => _length < 0;

    public readonly bool IsEmpty => _length == 0;

    /// <summary>Valid as long as the text's place and, for short ones, the variable.</summary>
    [UnscopedRef]
    public readonly ReadOnlySpan<byte> Utf8 => _length > 12 ? new ReadOnlySpan<byte>(_place, _length)
        : MemoryMarshal.AsBytes(new ReadOnlySpan<RowText>(in this)).Slice(4, Math.Max(0, _length));

    public override readonly string ToString() => Encoding.UTF8.GetString(Utf8);
}

/// <summary>Texts that stay where they are until all are given up.</summary>
internal sealed unsafe class TextArena : IDisposable
{
    private const int BlockBytes = 1 << 20;

    private readonly List<nint> _blocks = [];
    private byte* _next;
    private int _room;

    public RowText Add(ReadOnlySpan<byte> utf8)
    {
        if (utf8.Length <= 12)
            fixed (byte* text = utf8)
                return new RowText(text, utf8.Length);
        if (utf8.Length > _room)
        {
            int bytes = Math.Max(BlockBytes, utf8.Length);
            _next = (byte*)NativeMemory.Alloc((nuint)bytes);
            _room = bytes;
            _blocks.Add((nint)_next);
        }
        utf8.CopyTo(new Span<byte>(_next, utf8.Length));
        var added = new RowText(_next, utf8.Length);
        _next += utf8.Length;
        _room -= utf8.Length;
        return added;
    }

    public RowText Add(string text)
    {
        Span<byte> utf8 = text.Length <= 1024 ? stackalloc byte[3 * 1024] : new byte[3 * text.Length];
        return Add(utf8[..Encoding.UTF8.GetBytes(text, utf8)]);
    }

    public void Dispose()
    {
        foreach (nint block in _blocks)
            NativeMemory.Free((void*)block);
        _blocks.Clear();
        _room = 0;
    }
}
