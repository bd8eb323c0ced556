using System.Runtime.CompilerServices;

namespace Backlinks.Ingest;

/// <summary>
/// Fingerprint of a text: pages that share most of their 3-grams of words differ in few of its 64 bits (M. Charikar, STOC
/// 2002; G. Manku, A. Jain, A. Das Sarma, WWW 2007, take 3 bits for near-duplicates). Bit i is set where more than half of
/// the 3-grams' hashes have it; each 3-gram counts as often as it occurs.
/// <para>
/// A word is a run of ASCII letters and digits, in either case, and of characters beyond ASCII; of Han and kana, which are
/// written without spaces, every character is a word. The 64 counts are kept as bit slices, so that adding a hash is a few
/// instructions on whole words.
/// </para>
/// </summary>
internal struct SimHash
{
    /// <summary>Fewer 3-grams than this tell nothing: the hash is 0.</summary>
    public const int FewestGrams = 8;

    private Counters _counters;
    private Batch _batch;
    private int _waiting; // hashes in it
    private ulong _last, _lastButOne;
    private int _run; // words in a row
    private int _grams;

    /// <summary>Words added or counted.</summary>
    public int Words { get; private set; }

    /// <summary>The fingerprint of what was added; 0 where it was too little.</summary>
    public readonly ulong Value
    {
        get
        {
            if (_grams < FewestGrams)
                return 0;
            SimHash all = this;
            for (int i = 0; i < all._waiting; i++)
                all.Carry(all._batch[i], 0);
            Counters counters = all._counters;
            ulong value = 0;
            for (int bit = 0; bit < 64; bit++)
            {
                long count = 0;
                for (int slice = 0; slice < 32; slice++)
                    count |= (long)((counters[slice] >> bit) & 1) << slice;
                if (count * 2 > _grams)
                    value |= 1UL << bit;
            }
            return value;
        }
    }

    /// <summary>Counts the words of a piece of text and, where <paramref name="content"/>, adds its 3-grams.</summary>
    public void Add(ReadOnlySpan<byte> text, bool content)
    {
        ulong hash = Seed;
        bool word = false;
        for (int i = 0; i < text.Length; i++)
        {
            byte b = text[i];
            if (b is >= 0xE3 and <= 0xE9 && i + 2 < text.Length)
            {
                if (word)
                    End(hash, content);
                End(((Seed ^ b) * Prime ^ text[i + 1]) * Prime ^ text[i + 2], content);
                (word, hash) = (false, Seed);
                i += 2;
            }
            else if (b >= 0x80 || (uint)((b | 0x20) - 'a') < 26 || (uint)(b - '0') < 10)
            {
                hash = (hash ^ (b < 0x80 ? b | 0x20u : b)) * Prime;
                word = true;
            }
            else if (word)
            {
                End(hash, content);
                (word, hash) = (false, Seed);
            }
        }
        if (word)
            End(hash, content);
    }

    private const ulong Seed = 14695981039346656037, Prime = 1099511628211;

    private void End(ulong word, bool content)
    {
        Words++;
        if (!content)
            return;
        if (++_run >= 3)
            Count(Mix(_lastButOne + System.Numerics.BitOperations.RotateLeft(_last, 21) * 3 + System.Numerics.BitOperations.RotateLeft(word, 42) * 5));
        (_lastButOne, _last) = (_last, word);
    }

    /// <summary>Eight hashes are added at a time, by full adders on whole words (Harley and Seal): their carries ripple once.</summary>
    private void Count(ulong hash)
    {
        _grams++;
        _batch[_waiting++] = hash;
        if (_waiting < 8)
            return;
        _waiting = 0;
        ulong ones = _counters[0], twos = _counters[1], fours = _counters[2];
        ulong twosA = Add(ref ones, _batch[0], _batch[1]), twosB = Add(ref ones, _batch[2], _batch[3]);
        ulong foursA = Add(ref twos, twosA, twosB);
        twosA = Add(ref ones, _batch[4], _batch[5]);
        twosB = Add(ref ones, _batch[6], _batch[7]);
        ulong foursB = Add(ref twos, twosA, twosB);
        ulong eights = Add(ref fours, foursA, foursB);
        (_counters[0], _counters[1], _counters[2]) = (ones, twos, fours);
        Carry(eights, 3);
    }

    /// <summary>The sum of three bits stays in <paramref name="sum"/>, its carry is returned.</summary>
    private static ulong Add(ref ulong sum, ulong a, ulong b)
    {
        ulong half = sum ^ a, carry = (sum & a) | (half & b);
        sum = half ^ b;
        return carry;
    }

    private void Carry(ulong bits, int slice)
    {
        for (; bits != 0; slice++)
        {
            ulong carry = _counters[slice] & bits;
            _counters[slice] ^= bits;
            bits = carry;
        }
    }

    /// <summary>MurmurHash3's finaliser: every bit depends on every other.</summary>
    private static ulong Mix(ulong x)
    {
        x = (x ^ (x >> 33)) * 0xFF51AFD7ED558CCD;
        x = (x ^ (x >> 33)) * 0xC4CEB9FE1A85EC53;
        return x ^ (x >> 33);
    }

    [InlineArray(8)]
    private struct Batch
    {
        private ulong _hash;
    }

    /// <summary>Bit s of the 64 counts.</summary>
    [InlineArray(32)]
    private struct Counters
    {
        private ulong _slice;
    }
}
