using System.Runtime.CompilerServices;

namespace Backlinks.Stores;

/// <summary>
/// Anchors and snippets of links in the links' order, which is not the store's: read once in the store's order and put into buckets
/// of links that follow each other, each with a buffer, which goes to a file of its own when it is full. A reader has one bucket in
/// memory. 4 bytes a text and 256 KiB a bucket.
/// <code>a text: varint place of its link within the bucket, varint length of anchor, left, right, their UTF-8</code>
/// </summary>
internal sealed unsafe class RowTexts : IDisposable
{
    /// <summary>Links of a bucket: a row group of DuckDB.</summary>
    public const int BucketLinks = 122_880;

    private const int BufferBytes = 1 << 18;

    private readonly string _folder;
    private readonly byte[][] _buffers;
    private readonly int[] _fills;
    private readonly FileStream?[] _files;

    private RowTexts(int links, string folder)
    {
        _folder = folder;
        int buckets = (links + BucketLinks - 1) / BucketLinks;
        (_buffers, _fills, _files) = (new byte[buckets][], new int[buckets], new FileStream?[buckets]);
        for (int bucket = 0; bucket < buckets; bucket++)
            _buffers[bucket] = [];
    }

    public int Buckets => _buffers.Length;

    /// <param name="folder">Exists; files in it are removed by <see cref="Dispose"/>.</param>
    public static RowTexts Read(DuckDbLinkStore store, RowLink[] links, string folder, CancellationToken cancel)
    {
        var texts = new RowTexts(links.Length, folder);
        try
        {
            texts.ReadAll(store, links, cancel);
            return texts;
        }
        catch
        {
            texts.Dispose();
            throw;
        }
    }

    private void ReadAll(DuckDbLinkStore store, RowLink[] links, CancellationToken cancel)
    {
        int[] linkOf = new int[store.TextNumbers()]; // + 1
        Dictionary<int, int>? others = null; // links with a text that another has as well
        for (int i = 0; i < links.Length; i++)
        {
            uint text = links[i].Text;
            if (text >= (uint)linkOf.Length)
                continue;
            if (linkOf[text] != 0)
                (others ??= []).Add(i + 1, linkOf[text]);
            linkOf[text] = i + 1;
        }
        store.ReadTexts(chunk =>
        {
            long* number = chunk.Column<long>(0);
            byte* anchors = chunk.Column<byte>(1), lefts = chunk.Column<byte>(2), rights = chunk.Column<byte>(3);
            for (int i = 0; i < chunk.Count; i++)
            {
                int link = number[i] >= 0 && number[i] < linkOf.Length ? linkOf[number[i]] : 0;
                for (; link != 0; link = others is null ? 0 : others.GetValueOrDefault(link))
                    Add(link - 1, chunk.Span(anchors, i), chunk.Span(lefts, i), chunk.Span(rights, i));
            }
        }, cancel);
    }

    private void Add(int link, ReadOnlySpan<byte> anchor, ReadOnlySpan<byte> left, ReadOnlySpan<byte> right)
    {
        if (anchor.IsEmpty && left.IsEmpty && right.IsEmpty)
            return;
        int bucket = link / BucketLinks, needed = 4 * 5 + anchor.Length + left.Length + right.Length;
        byte[] buffer = _buffers[bucket];
        ref int fill = ref _fills[bucket];
        if (fill + needed > buffer.Length)
        {
            if (buffer.Length >= BufferBytes)
            {
                Spill(bucket);
                fill = 0;
            }
            if (fill + needed > buffer.Length)
                Array.Resize(ref buffer, Math.Max(fill + needed, Math.Clamp(2 * buffer.Length, 4096, BufferBytes)));
            _buffers[bucket] = buffer;
        }
        Span<byte> room = buffer.AsSpan(fill);
        int at = 0;
        foreach (int number in (ReadOnlySpan<int>)[link % BucketLinks, anchor.Length, left.Length, right.Length])
        {
            uint rest = (uint)number;
            for (; rest >= 128; rest >>= 7)
                room[at++] = (byte)(rest | 128);
            room[at++] = (byte)rest;
        }
        anchor.CopyTo(room[at..]);
        left.CopyTo(room[(at += anchor.Length)..]);
        right.CopyTo(room[(at += left.Length)..]);
        fill += at + right.Length;
    }

    private void Spill(int bucket)
    {
        FileStream file = _files[bucket] ??= new FileStream(Path.Combine(_folder, $"{bucket}.texts"), FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 0, FileOptions.DeleteOnClose);
        file.Write(_buffers[bucket].AsSpan(0, _fills[bucket]));
    }

    /// <summary>Reads a bucket's texts in the place of another's; each bucket can be read once.</summary>
    public void Read(int bucket, Bucket into)
    {
        long length = _files[bucket]?.Length ?? 0;
        Span<byte> bytes = into.Begin(checked((int)(length + _fills[bucket])));
        if (_files[bucket] is { } file)
        {
            file.Position = 0;
            file.ReadExactly(bytes[..(int)length]);
            file.Dispose();
            _files[bucket] = null;
        }
        _buffers[bucket].AsSpan(0, _fills[bucket]).CopyTo(bytes[(int)length..]);
        (_buffers[bucket], _fills[bucket]) = ([], 0);
        into.End();
    }

    public void Dispose()
    {
        foreach (FileStream? file in _files)
            file?.Dispose();
    }

    /// <summary>The texts of one bucket, valid until it gets those of another, or is no longer referred to.</summary>
    internal sealed class Bucket
    {
        private readonly int[] _places = new int[BucketLinks]; // + 1, 0 for a link without texts
        private byte[] _bytes = GC.AllocateUninitializedArray<byte>(1, pinned: true);
        private int _length;

        public Span<byte> Begin(int length)
        {
            if (length > _bytes.Length)
                _bytes = GC.AllocateUninitializedArray<byte>(length + length / 8, pinned: true);
            _length = length;
            return _bytes.AsSpan(0, length);
        }

        public void End()
        {
            Array.Clear(_places);
            for (int at = 0; at < _length;)
            {
                int link = Number(ref at);
                _places[link] = at + 1;
                int texts = Number(ref at) + Number(ref at) + Number(ref at);
                at += texts;
            }
        }

        /// <param name="link">Place within the bucket.</param>
        public (RowText Anchor, RowText Left, RowText Right) Of(int link)
        {
            int at = _places[link] - 1;
            if (at < 0)
                return default;
            int anchor = Number(ref at), left = Number(ref at), right = Number(ref at);
            byte* text = (byte*)Unsafe.AsPointer(ref _bytes[0]) + at; // pinned
            return (new RowText(text, anchor), new RowText(text + anchor, left), new RowText(text + anchor + left, right));
        }

        private int Number(ref int at)
        {
            int value = 0;
            for (int shift = 0; ; shift += 7)
            {
                byte b = _bytes[at++];
                value |= (b & 127) << shift;
                if (b < 128)
                    return value;
            }
        }
    }
}
