namespace Backlinks.Api;

/// <summary>Answers kept ready, as bytes, up to a bound: runs never change, so an answer is right as long as its run is there. The longest unused go first.</summary>
public sealed class AnswerCache(ApiOptions options, Measures measures)
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, LinkedListNode<(string Name, byte[] Bytes)>> _answers = new(StringComparer.Ordinal);
    private readonly LinkedList<(string Name, byte[] Bytes)> _byUse = new();
    private long _bytes;

    /// <summary>The answer of that name, or null.</summary>
    public byte[]? Find(string name)
    {
        lock (_gate)
        {
            bool hit = _answers.TryGetValue(name, out LinkedListNode<(string Name, byte[] Bytes)>? node);
            measures.Cache(hit);
            if (!hit || node is null)
                return null;
            _byUse.Remove(node);
            _byUse.AddFirst(node);
            return node.Value.Bytes;
        }
    }

    public void Keep(string name, byte[] bytes)
    {
        long size = bytes.LongLength + 2 * name.Length + 128;
        if (size > options.AnswerCacheBytes / 8)
            return;
        lock (_gate)
        {
            if (_answers.ContainsKey(name))
                return;
            _answers.Add(name, _byUse.AddFirst((name, bytes)));
            _bytes += size;
            while (_bytes > options.AnswerCacheBytes)
            {
                (string oldest, byte[] dropped) = _byUse.Last!.Value;
                _byUse.RemoveLast();
                _answers.Remove(oldest);
                _bytes -= dropped.LongLength + 2 * oldest.Length + 128;
            }
        }
    }
}
