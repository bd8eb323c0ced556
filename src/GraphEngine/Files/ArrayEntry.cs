using System.IO.Hashing;

namespace Backlinks.GraphEngine;

/// <summary>What one array file holds.</summary>
/// <param name="File">File name in the folder of the manifest.</param>
/// <param name="Dtype">NumPy type.</param>
/// <param name="Shape">Lengths of the dimensions.</param>
/// <param name="Meaning">What an element is, in one line.</param>
/// <param name="HeaderXxh3">XXH3-64 of the .npy header, hexadecimal.</param>
/// <param name="ChunkXxh3">XXH3-64 of each <see cref="NpyWriter{T}.ChunkBytes"/> of data, hexadecimal.</param>
public sealed record ArrayEntry(
    string File, string Dtype, long[] Shape, string Meaning, string HeaderXxh3, string[] ChunkXxh3)
{
    /// <summary>Checks every byte of the file in <paramref name="folder"/> against this entry.</summary>
    /// <param name="name">The array's name, for the message.</param>
    /// <param name="manifest">The manifest's file name, for the message.</param>
    /// <param name="advice">What to do about a damaged file, such as <c>import the graph again</c>.</param>
    /// <exception cref="GraphException">Missing, truncated, too long or altered; with path and offset.</exception>
    public void Verify(string folder, string name, string manifest, string advice, CancellationToken cancel = default)
    {
        string path = Path.Combine(folder, Path.GetFileName(File));
        if (!System.IO.File.Exists(path))
            throw new GraphException(path, -1, $"the file of array '{name}' is missing: {advice}");
        using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);
        NpyHeader header = NpyHeader.Read(stream, path);
        byte[] buffer = new byte[Math.Min(NpyWriter<byte>.ChunkBytes, stream.Length)];
        stream.Position = 0;
        stream.ReadExactly(buffer, 0, (int)header.DataOffset);
        if (NpyWriter<byte>.Hex(XxHash3.HashToUInt64(buffer.AsSpan(0, (int)header.DataOffset))) != HeaderXxh3)
            throw new GraphException(path, 0, $"the header was altered: its checksum differs from {manifest}; {advice}");
        long expected = header.DataOffset + header.Length * header.ElementBytes;
        if (stream.Length != expected)
            throw new GraphException(path, Math.Min(expected, stream.Length),
                $"has {stream.Length} bytes where {expected} are promised: the file is {(stream.Length < expected ? "truncated" : "too long")}; {advice}");
        long chunks = (stream.Length - stream.Position + NpyWriter<byte>.ChunkBytes - 1) / NpyWriter<byte>.ChunkBytes;
        if (chunks != ChunkXxh3.Length)
            throw new GraphException(path, stream.Position, $"needs {chunks} checksums, {manifest} has {ChunkXxh3.Length}; {advice}");
        for (int chunk = 0; chunk < ChunkXxh3.Length; chunk++)
        {
            cancel.ThrowIfCancellationRequested();
            long at = stream.Position;
            int got = stream.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false);
            if (NpyWriter<byte>.Hex(XxHash3.HashToUInt64(buffer.AsSpan(0, got))) != ChunkXxh3[chunk])
                throw new GraphException(path, at,
                    $"the {got} bytes from here were altered: their checksum differs from {manifest}; {advice}");
        }
    }
}
