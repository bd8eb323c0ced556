using System.IO.Hashing;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Backlinks.GraphEngine;

/// <summary>
/// Writes an <c>.npy</c> array front to back and checksums it as it goes: XXH3 (64 bits) of the header, and of each
/// <see cref="ChunkBytes"/> of data, so that a damaged file can be told with its place.
/// </summary>
/// <typeparam name="T">The element type, see <see cref="NpyHeader.DescrOf{T}"/>.</typeparam>
public sealed class NpyWriter<T> : IDisposable where T : unmanaged
{
    /// <summary>Bytes of data under one checksum: 16 MiB keeps manifests short and places a fault well enough.</summary>
    public const int ChunkBytes = 16 << 20;

    // What is written goes to the disk in the background at such steps: at the end little is left to wait for.
    private const int FlushBytes = 64 << 20;

    private readonly FileStream _stream;
    private readonly XxHash3 _hash = new();
    private readonly List<string> _chunks = [];
    private readonly string _path;
    private readonly long _length; // -1 while growing: known at the end
    private long _written;
    private long _chunkFill;
    private long _unflushed;
    private Task _flushing = Task.CompletedTask;

    /// <summary>Creates the file for <paramref name="shape"/>; exactly that many elements must follow.</summary>
    public NpyWriter(string path, params ReadOnlySpan<long> shape)
    {
        _path = path;
        _length = 1;
        foreach (long d in shape)
            _length = checked(_length * d);
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        byte[] header = NpyHeader.Format<T>(shape);
        _stream.Write(header);
        HeaderHash = Hex(XxHash3.HashToUInt64(header));
        Shape = shape.ToArray();
    }

    private NpyWriter(string path)
    {
        _path = path;
        _length = -1;
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.Write, FileShare.Read, bufferSize: 0);
        _stream.Write(NpyHeader.Format<T>(long.MaxValue)); // one dimension: 128 bytes whatever its digits
        Shape = [];
        HeaderHash = "";
    }

    /// <summary>Creates a file for one dimension whose length <see cref="Finish"/> will find.</summary>
    public static NpyWriter<T> Growing(string path) => new(path);

    public long[] Shape { get; private set; }

    public string HeaderHash { get; private set; }

    /// <summary>Elements written so far.</summary>
    public long Written => _written;

    public void Write(ReadOnlySpan<T> values)
    {
        if (_length >= 0 && values.Length > _length - _written)
            throw new InvalidOperationException($"{_path}: more elements than the {_length} its header promises");
        _written += values.Length;
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(values);
        _stream.Write(bytes);
        _unflushed += bytes.Length;
        if (_unflushed >= FlushBytes && _flushing.IsCompleted)
        {
            _flushing.GetAwaiter().GetResult(); // the system reports a failed flush once: it must not be lost
            _unflushed = 0;
            SafeFileHandle file = _stream.SafeFileHandle;
            _flushing = Task.Run(() => RandomAccess.FlushToDisk(file));
        }
        while (bytes.Length > 0)
        {
            int take = (int)Math.Min(bytes.Length, ChunkBytes - _chunkFill);
            _hash.Append(bytes[..take]);
            _chunkFill += take;
            if (_chunkFill == ChunkBytes)
                EndChunk();
            bytes = bytes[take..];
        }
    }

    /// <summary>Flushes the file to the disk and describes it.</summary>
    /// <param name="meaning">One line for a reader of <c>graph.json</c>: what an element is.</param>
    public ArrayEntry Finish(string meaning)
    {
        ArrayEntry entry = Complete(meaning);
        Flush();
        return entry;
    }

    /// <summary>Completes the file, which can be mapped then, and describes it; <see cref="Flush"/> is still to come.</summary>
    internal ArrayEntry Complete(string meaning)
    {
        if (_length < 0)
        {
            byte[] header = NpyHeader.Format<T>(_written);
            _stream.Position = 0;
            _stream.Write(header);
            Shape = [_written];
            HeaderHash = Hex(XxHash3.HashToUInt64(header));
        }
        else if (_written != _length)
            throw new InvalidOperationException($"{_path}: {_written} elements written of the {_length} its header promises");
        if (_chunkFill > 0)
            EndChunk();
        return new ArrayEntry(Path.GetFileName(_path), NpyHeader.DescrOf<T>(), Shape, meaning, HeaderHash, [.. _chunks]);
    }

    /// <summary>Waits until the file is on the disk, and closes it.</summary>
    internal void Flush()
    {
        _flushing.GetAwaiter().GetResult();
        _stream.Flush(flushToDisk: true);
        _stream.Dispose();
    }

    /// <summary>Writes a whole array at once.</summary>
    public static ArrayEntry WriteAll(string path, ReadOnlySpan<T> values, string meaning)
    {
        using NpyWriter<T> writer = new(path, values.Length);
        writer.Write(values);
        return writer.Finish(meaning);
    }

    /// <summary>Writes a whole matrix of rows of <paramref name="columns"/> elements at once.</summary>
    public static ArrayEntry WriteAll(string path, ReadOnlySpan<T> values, string meaning, int columns)
    {
        using NpyWriter<T> writer = new(path, values.Length / columns, columns);
        writer.Write(values);
        return writer.Finish(meaning);
    }

    public void Dispose()
    {
        ((IAsyncResult)_flushing).AsyncWaitHandle.WaitOne(); // not for its outcome: who disposes early has given up the file
        _stream.Dispose();
    }

    internal static string Hex(ulong hash) => hash.ToString("x16", System.Globalization.CultureInfo.InvariantCulture);

    private void EndChunk()
    {
        _chunks.Add(Hex(_hash.GetCurrentHashAsUInt64()));
        _hash.Reset();
        _chunkFill = 0;
    }
}
