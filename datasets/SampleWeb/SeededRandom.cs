namespace Backlinks.SampleWeb;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): the same numbers from the same seed on any machine and any version of .NET,
/// which System.Random does not promise.</summary>
internal sealed class SeededRandom(ulong seed)
{
    private ulong _state = seed;

    public static SeededRandom For(int seed, string name) => new(Hash((ulong)(uint)seed, name));

    /// <summary>FNV-1a over the characters, mixed once: a number that belongs to a name.</summary>
    public static ulong Hash(ulong seed, string name)
    {
        ulong hash = 14695981039346656037UL ^ Mix(seed + 0x9E3779B97F4A7C15UL);
        foreach (char c in name)
            hash = (hash ^ c) * 1099511628211UL;
        return Mix(hash);
    }

    public ulong Next() => Mix(_state += 0x9E3779B97F4A7C15UL);

    /// <summary>0 … n-1.</summary>
    public int Below(int n) => (int)Math.BigMul(Next(), (ulong)n, out _);

    public int Between(int low, int high) => low + Below(high - low + 1);

    public bool Chance(double p) => (Next() >> 11) * (1.0 / (1UL << 53)) < p;

    public T Pick<T>(IReadOnlyList<T> list) => list[Below(list.Count)];

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9UL;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EBUL;
        return z ^ (z >> 31);
    }
}
