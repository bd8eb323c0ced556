namespace Backlinks.GraphEngine;

/// <summary>
/// A vector of sums that is 0 at most nodes: open addressing with linear probing over powers of two, at most half full, and the
/// nodes in the order of their first appearance, so that walking over them is repeatable. 24 bytes a node that has a value.
/// </summary>
internal sealed class SparseSums
{
    private int[] _slots;
    private int[] _nodes;
    private double[] _values;

    public SparseSums(int expected = 256)
    {
        int size = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(16, expected));
        _slots = new int[2 * size];
        _nodes = new int[size];
        _values = new double[size];
    }

    /// <summary>How many nodes ever got a value.</summary>
    public int Count { get; private set; }

    /// <summary>The nodes that ever got a value, oldest first.</summary>
    public ReadOnlySpan<int> Nodes => _nodes.AsSpan(0, Count);

    /// <summary>The values of <see cref="Nodes"/>.</summary>
    public ReadOnlySpan<double> Values => _values.AsSpan(0, Count);

    /// <summary>The value of a node, 0 if it never got one.</summary>
    public double this[int node] => Place(node) is >= 0 and int place ? _values[place] : 0;

    /// <summary>Where a node stands in <see cref="Nodes"/>, or -1.</summary>
    public int Place(int node)
    {
        int mask = _slots.Length - 1;
        for (int slot = Hash(node) & mask; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (_nodes[_slots[slot] - 1] == node)
                return _slots[slot] - 1;
        return -1;
    }

    /// <summary>The value of a node, to be changed; valid until the next call.</summary>
    public ref double At(int node)
    {
        int place = PlaceOf(node); // first: it may replace the array
        return ref _values[place];
    }

    /// <summary>Where a node stands in <see cref="Nodes"/>; it is added, with 0, if it is not there.</summary>
    public int PlaceOf(int node)
    {
        int mask = _slots.Length - 1, slot = Hash(node) & mask;
        for (; _slots[slot] != 0; slot = (slot + 1) & mask)
            if (_nodes[_slots[slot] - 1] == node)
                return _slots[slot] - 1;
        if (Count == _nodes.Length)
        {
            Grow();
            mask = _slots.Length - 1;
            for (slot = Hash(node) & mask; _slots[slot] != 0;)
                slot = (slot + 1) & mask;
        }
        _nodes[Count] = node;
        _slots[slot] = ++Count;
        return Count - 1;
    }

    /// <summary>The value at a place, to be changed; valid until a node is added.</summary>
    public ref double ValueAt(int place) => ref _values[place];

    private void Grow()
    {
        Array.Resize(ref _nodes, 2 * _nodes.Length);
        Array.Resize(ref _values, _nodes.Length);
        _slots = new int[2 * _nodes.Length];
        int mask = _slots.Length - 1;
        for (int i = 0; i < Count; i++)
        {
            int slot = Hash(_nodes[i]) & mask;
            while (_slots[slot] != 0)
                slot = (slot + 1) & mask;
            _slots[slot] = i + 1;
        }
    }

    private static int Hash(int node) => (int)((uint)node * 2654435769u >> 7); // Fibonacci hashing: neighbours spread
}
