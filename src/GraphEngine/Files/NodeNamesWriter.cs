namespace Backlinks.GraphEngine;

/// <summary>Writes the two files of <see cref="NodeNames"/> from keys that arrive in ascending order.</summary>
public sealed class NodeNamesWriter : IDisposable
{
    private readonly string _folder;
    private readonly string _rawPath;
    private readonly FileStream _raw;
    private readonly List<long> _blocks = [];
    private byte[] _buffer = new byte[1 << 20];
    private int _fill;
    private long _flushed;
    private byte[] _last = [];
    private int _lastLength;

    public NodeNamesWriter(string folder)
    {
        _folder = folder;
        _rawPath = Path.Combine(folder, "names.raw"); // the .npy header needs the length, known at the end
        _raw = new FileStream(_rawPath, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
    }

    /// <summary>Names added so far.</summary>
    public int Count { get; private set; }

    /// <summary>Adds the key of node <see cref="Count"/>.</summary>
    /// <exception cref="GraphException">The key is not greater than the one before.</exception>
    public void Add(ReadOnlySpan<byte> key)
    {
        ReadOnlySpan<byte> last = _last.AsSpan(0, _lastLength);
        if (Count > 0 && key.SequenceCompareTo(last) <= 0)
            throw new GraphException(_folder, -1,
                $"name {Count} '{System.Text.Encoding.UTF8.GetString(key)}' does not sort after '{System.Text.Encoding.UTF8.GetString(last)}'");
        if (_buffer.Length - _fill < key.Length + 10)
            Flush(key.Length + 10);
        int shared = 0;
        if (Count % NodeNames.BlockSize == 0)
            _blocks.Add(_flushed + _fill);
        else
        {
            shared = key.CommonPrefixLength(last);
            Varint(shared);
        }
        Varint(key.Length - shared);
        key[shared..].CopyTo(_buffer.AsSpan(_fill));
        _fill += key.Length - shared;
        if (_last.Length < key.Length)
            _last = new byte[Math.Max(256, key.Length * 2)];
        key.CopyTo(_last);
        _lastLength = key.Length;
        Count++;
    }

    /// <summary>Writes <c>names.npy</c> and <c>name_blocks.npy</c> and enters them in <paramref name="arrays"/>.</summary>
    public void Finish(IDictionary<string, ArrayEntry> arrays)
    {
        Flush(0);
        _blocks.Add(_flushed);
        using (NpyWriter<byte> names = new(Path.Combine(_folder, "names.npy"), _flushed))
        {
            _raw.Position = 0;
            while (true)
            {
                int got = _raw.Read(_buffer);
                if (got == 0)
                    break;
                names.Write(_buffer.AsSpan(0, got));
            }
            arrays["names"] = names.Finish("front-coded node names in key order, blocks of 16: see name_blocks");
        }
        arrays["name_blocks"] = NpyWriter<long>.WriteAll(Path.Combine(_folder, "name_blocks.npy"),
            System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_blocks), "byte offset of each block of 16 names in names, then its length");
        Dispose();
    }

    public void Dispose()
    {
        _raw.Dispose();
        File.Delete(_rawPath);
    }

    private void Varint(int value)
    {
        while (value >= 128)
        {
            _buffer[_fill++] = (byte)(value | 128);
            value >>>= 7;
        }
        _buffer[_fill++] = (byte)value;
    }

    private void Flush(int room)
    {
        _raw.Write(_buffer.AsSpan(0, _fill));
        _flushed += _fill;
        _fill = 0;
        if (_buffer.Length < room)
            _buffer = new byte[room];
    }
}
