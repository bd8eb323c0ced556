namespace Backlinks.Topics;

/// <summary>The items with the lowest hashes of all that are offered, equal hashes by number: a sample that does not depend on
/// the order in which threads offer.</summary>
internal sealed class LowestHashes<T>(int most)
{
    private readonly PriorityQueue<T, (ulong, long)> _kept = new(Comparer<(ulong, long)>.Create((a, b) => b.CompareTo(a))); // the highest first
    private ulong _bar = ulong.MaxValue; // nothing above it is kept any more

    /// <param name="make">Called only for an item that is kept for now.</param>
    public void Offer(ulong hash, long number, Func<T> make)
    {
        if (most == 0 || hash > Volatile.Read(ref _bar))
            return;
        lock (_kept)
        {
            if (_kept.Count < most)
                _kept.Enqueue(make(), (hash, number));
            else if (_kept.TryPeek(out _, out (ulong, long) highest) && (hash, number).CompareTo(highest) < 0)
                _kept.EnqueueDequeue(make(), (hash, number));
            if (_kept.Count == most && _kept.TryPeek(out _, out (ulong Hash, long) now))
                Volatile.Write(ref _bar, now.Hash);
        }
    }

    /// <summary>Lowest hash first.</summary>
    public IReadOnlyList<T> InOrder() => [.. _kept.UnorderedItems.OrderBy(item => item.Priority).Select(item => item.Element)];
}
