using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// Names for the nodes of a source that has numbers only, from a text file (plain or gzip, UTF-8) with one name per line
/// in node order. A graph's names ascend by key (<see cref="NodeNames.ToKey"/>), so where the file's do not, the nodes
/// are numbered anew. Holds all names in memory.
/// </summary>
internal sealed class NodeNumbering
{
    private readonly byte[][] _keys; // ascending

    private NodeNumbering(byte[][] keys, uint[]? numbers)
    {
        _keys = keys;
        Numbers = numbers;
    }

    /// <summary>The new number of each node, or null where they keep theirs.</summary>
    public uint[]? Numbers { get; }

    /// <exception cref="ImportException">Not one distinct, non-empty name for each node.</exception>
    public static NodeNumbering Read(string path, int nodes)
    {
        var keys = new List<byte[]>();
        using (TextBlocks text = new(path))
            while (text.MoveNext(out ReadOnlySpan<byte> block))
                while (block.Length > 0)
                {
                    int end = block.IndexOf((byte)'\n');
                    ReadOnlySpan<byte> name = block[..end].TrimEnd((byte)'\r');
                    block = block[(end + 1)..];
                    if (name.IsEmpty)
                        throw ImportException.AtLine(path, keys.Count + 1, "has no name: there must be one line for each node");
                    if (keys.Count == nodes)
                        throw ImportException.AtLine(path, keys.Count + 1, $"is one name too many: the graph has {nodes} nodes");
                    keys.Add(Encoding.UTF8.GetBytes(NodeNames.ToKey(Encoding.UTF8.GetString(name))));
                }
        if (keys.Count < nodes)
            throw ImportException.AtLine(path, keys.Count, $"is the last name, but the graph has {nodes} nodes");
        byte[][] sorted = [.. keys];
        int[] order = [.. Enumerable.Range(0, nodes)];
        Array.Sort(sorted, order, Comparer<byte[]>.Create((a, b) => a.AsSpan().SequenceCompareTo(b)));
        uint[]? numbers = null;
        for (int i = 0; i < nodes; i++)
        {
            if (i > 0 && sorted[i].AsSpan().SequenceEqual(sorted[i - 1]))
                throw ImportException.AtLine(path, Math.Max(order[i], order[i - 1]) + 1, $"repeats the name of line {Math.Min(order[i], order[i - 1]) + 1}, '{Encoding.UTF8.GetString(sorted[i])}'");
            if (order[i] != i)
                numbers ??= new uint[nodes];
        }
        if (numbers is not null)
            for (int i = 0; i < nodes; i++)
                numbers[order[i]] = (uint)i;
        return new NodeNumbering(sorted, numbers);
    }

    public void AddTo(NodeNamesWriter names)
    {
        foreach (byte[] key in _keys)
            names.Add(key);
    }
}
