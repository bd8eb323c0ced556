using System.Buffers;

namespace Backlinks.Ingest;

/// <summary>Characters that grow: the caller's stack first, then rented arrays of doubling size. Return gives them back.</summary>
internal ref struct UrlBuffer(Span<char> first)
{
    private Span<char> _span = first;
    private char[]? _rented;

    public int Length { get; private set; }

    public readonly ReadOnlySpan<char> Written => _span[..Length];

    public void Append(char c)
    {
        if (Length == _span.Length)
            Grow(1);
        _span[Length++] = c;
    }

    public void Append(scoped ReadOnlySpan<char> text)
    {
        if (text.Length > _span.Length - Length)
            Grow(text.Length);
        text.CopyTo(_span[Length..]);
        Length += text.Length;
    }

    /// <summary>The next <paramref name="count"/> places, to be filled.</summary>
    public Span<char> Take(int count)
    {
        if (count > _span.Length - Length)
            Grow(count);
        Length += count;
        return _span.Slice(Length - count, count);
    }

    public void Truncate(int length) => Length = length;

    public void Insert(int at, scoped ReadOnlySpan<char> text)
    {
        Take(text.Length);
        _span[at..(Length - text.Length)].CopyTo(_span[(at + text.Length)..]);
        text.CopyTo(_span[at..]);
    }

    public void Return()
    {
        if (_rented is not null)
            ArrayPool<char>.Shared.Return(_rented);
        _rented = null;
    }

    private void Grow(int more)
    {
        char[] larger = ArrayPool<char>.Shared.Rent(Math.Max(Length + more, 2 * _span.Length));
        Written.CopyTo(larger);
        Return();
        _span = _rented = larger;
    }
}
