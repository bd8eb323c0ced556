using System.Buffers.Binary;
using System.Numerics;
using System.Runtime.CompilerServices;

namespace Backlinks.Ingest;

/// <summary>
/// Reads bits from the most significant of each byte on. It keeps only its position and loads a fresh 64-bit window for
/// each read, so a fault's place is always known. Behind the last bit there are zeros: every code used here ends with a
/// one bit somewhere, so a cut file is noticed by the first read that finds none.
/// </summary>
internal unsafe struct BitReader
{
    /// <summary>Bits of <see cref="Peek"/> that are surely right: 64 less the 7 by which a byte may be entered.</summary>
    public const int WindowBits = 57;

    private readonly byte* _bytes;
    private readonly long _length;
    private readonly string _path;

    public BitReader(byte* bytes, long length, string path)
    {
        _bytes = bytes;
        _length = length;
        _path = path;
    }

    /// <summary>Bits read so far.</summary>
    public long Position;

    /// <summary>Bits in the file.</summary>
    public readonly long Bits => _length * 8;

    /// <summary>The next <see cref="WindowBits"/> bits at the top of a word; nothing is consumed.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public readonly ulong Peek()
    {
        long at = Position >> 3;
        ulong word = at <= _length - 8
            ? BinaryPrimitives.ReverseEndianness(Unsafe.ReadUnaligned<ulong>(_bytes + at))
            : PeekTail(at);
        return word << (int)(Position & 7);
    }

    /// <summary>The next <paramref name="count"/> bits, 0 to 62, as a number.</summary>
    public ulong Read(int count)
    {
        if (count == 0)
            return 0;
        if (count > WindowBits)
        {
            ulong high = Read(32);
            return high << (count - 32) | Read(count - 32);
        }
        ulong value = Peek() >> (64 - count);
        Position += count;
        return value;
    }

    /// <summary>Counts zeros up to the next one, which is consumed too.</summary>
    public ulong ReadUnary()
    {
        long start = Position;
        while (true)
        {
            ulong window = Peek() >> (64 - WindowBits);
            if (window != 0)
            {
                Position += BitOperations.LeadingZeroCount(window) - (64 - WindowBits) + 1;
                return (ulong)(Position - start - 1);
            }
            Position += WindowBits;
            if (Position >= Bits)
            {
                Position = start;
                throw Cut();
            }
        }
    }

    public readonly ImportException Cut() => Fault($"the file ends within a code (it has {_length} bytes): it is truncated or damaged; fetch it again");

    public readonly ImportException Fault(string problem) => ImportException.AtBit(_path, Position, problem);

    private readonly ulong PeekTail(long at)
    {
        ulong word = 0;
        for (int i = 0; i < 8; i++)
            word = word << 8 | (at + i < _length ? _bytes[at + i] : (byte)0);
        return word;
    }
}
