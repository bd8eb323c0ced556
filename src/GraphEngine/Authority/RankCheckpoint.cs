using System.Buffers.Binary;
using System.IO.Hashing;
using System.Runtime.InteropServices;

namespace Backlinks.GraphEngine;

/// <summary>What a checkpoint held, or why none was used.</summary>
public sealed record CheckpointState
{
    /// <summary>Whether the ranking went on from it.</summary>
    public required bool Resumed { get; init; }

    /// <summary>Why the file that was there was not used; null where it was, and where there was none.</summary>
    public string? Ignored { get; init; }

    /// <summary>Rounds done when it was written.</summary>
    public int Rounds { get; init; }

    internal long Pushes { get; init; }

    /// <summary>Least residual so far, and steps since that have not bettered it: what stopping depends on.</summary>
    internal double Best { get; init; } = double.PositiveInfinity;

    internal int Idle { get; init; }
}

/// <summary>
/// The state of a ranking on its way, in one file, little-endian:
/// <code>
/// 0   8   "BLRANK\0" and format version 1
/// 8   16  digest of the graph (its manifest, which holds the checksum of every array) and of the options
/// 24  4   rounds done    28 4 steps without gain    32 8 nodes pushed    40 8 least residual so far
/// 48  8   n
/// 56  8·n z
/// …   16  XxHash128 of all before
/// </code>
/// Written beside its place, flushed, and moved there, so that the name always holds a whole state. A file that is torn,
/// altered, or of another graph or other options is not used, and the result says why. Time decides when it is written,
/// never what comes out: a ranking's next step depends on this state alone.
/// </summary>
internal sealed class RankCheckpoint
{
    private const int Head = 56, Sum = 16;
    private static ReadOnlySpan<byte> Magic => "BLRANK\0\u0001"u8;

    private readonly string _path;
    private readonly TimeSpan _every;
    private readonly byte[] _digest;
    private long _last = System.Diagnostics.Stopwatch.GetTimestamp();

    public RankCheckpoint(string path, LinkGraph graph, RawAuthorityOptions options)
    {
        _path = path;
        _every = options.CheckpointEvery;
        _digest = Digest(graph, options);
    }

    /// <summary>Fills <paramref name="z"/> and returns the state, or says why not and leaves <paramref name="z"/> alone.</summary>
    public CheckpointState TryResume(Span<double> z)
    {
        if (!File.Exists(_path))
            return new CheckpointState { Resumed = false };
        byte[] head = new byte[Head];
        try
        {
            using FileStream file = File.OpenRead(_path);
            if (file.Length < Head + Sum)
                return Ignore($"it is torn: {file.Length} bytes");
            file.ReadExactly(head);
            if (!head.AsSpan(0, 8).SequenceEqual(Magic))
                return Ignore("it is no checkpoint of this version");
            if (!head.AsSpan(8, 16).SequenceEqual(_digest))
                return Ignore("it belongs to another graph or other options");
            long n = BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(48)), bytes = Head + 8L * z.Length + Sum;
            if (n != z.Length || file.Length != bytes)
                return Ignore($"it is torn: {file.Length} bytes where {bytes} are needed");
            double[] values = GC.AllocateUninitializedArray<double>(z.Length); // z stays as it is unless all is well
            var hash = new XxHash128();
            hash.Append(head);
            for (int at = 0; at < values.Length; at += 1 << 16)
            {
                Span<byte> part = MemoryMarshal.AsBytes(values.AsSpan(at, Math.Min(1 << 16, values.Length - at)));
                file.ReadExactly(part);
                hash.Append(part);
            }
            byte[] sum = new byte[Sum];
            file.ReadExactly(sum);
            if (!hash.GetCurrentHash().AsSpan().SequenceEqual(sum))
                return Ignore("its checksum does not match");
            values.CopyTo(z);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return Ignore(e.Message);
        }
        return new CheckpointState
        {
            Resumed = true,
            Rounds = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(24)),
            Idle = BinaryPrimitives.ReadInt32LittleEndian(head.AsSpan(28)),
            Pushes = BinaryPrimitives.ReadInt64LittleEndian(head.AsSpan(32)),
            Best = BinaryPrimitives.ReadDoubleLittleEndian(head.AsSpan(40)),
        };
    }

    /// <summary>Writes the state, if it is time.</summary>
    /// <exception cref="GraphException">The file cannot be written.</exception>
    public void Keep(CheckpointState state, ReadOnlySpan<double> z)
    {
        if (System.Diagnostics.Stopwatch.GetElapsedTime(_last) < _every)
            return;
        byte[] head = new byte[Head];
        Magic.CopyTo(head);
        _digest.CopyTo(head, 8);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(24), state.Rounds);
        BinaryPrimitives.WriteInt32LittleEndian(head.AsSpan(28), state.Idle);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(32), state.Pushes);
        BinaryPrimitives.WriteDoubleLittleEndian(head.AsSpan(40), state.Best);
        BinaryPrimitives.WriteInt64LittleEndian(head.AsSpan(48), z.Length);
        string beside = _path + ".new";
        try
        {
            using (FileStream file = new(beside, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 16))
            {
                var hash = new XxHash128();
                file.Write(head);
                hash.Append(head);
                for (int at = 0; at < z.Length; at += 1 << 16)
                {
                    ReadOnlySpan<byte> part = MemoryMarshal.AsBytes(z.Slice(at, Math.Min(1 << 16, z.Length - at)));
                    file.Write(part);
                    hash.Append(part);
                }
                file.Write(hash.GetCurrentHash());
                file.Flush(flushToDisk: true);
            }
            File.Move(beside, _path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new GraphException(_path, -1, $"the checkpoint cannot be written ({e.Message.TrimEnd('.')}): make room, or rank without one", e);
        }
        _last = System.Diagnostics.Stopwatch.GetTimestamp();
    }

    public void Delete()
    {
        File.Delete(_path);
        File.Delete(_path + ".new");
    }

    private static CheckpointState Ignore(string why) => new() { Resumed = false, Ignored = why };

    private static byte[] Digest(LinkGraph graph, RawAuthorityOptions options)
    {
        var hash = new XxHash128();
        hash.Append(System.Text.Encoding.UTF8.GetBytes(graph.Manifest.Digest()));
        hash.Append(BitConverter.GetBytes(options.Damping));
        hash.Append(BitConverter.GetBytes(options.Tolerance));
        hash.Append(BitConverter.GetBytes(options.MaxRounds));
        foreach (double[]? vector in new[] { options.Teleport, options.Start })
        {
            hash.Append([vector is null ? (byte)0 : (byte)1]);
            hash.Append(MemoryMarshal.AsBytes(vector.AsSpan()));
        }
        return hash.GetCurrentHash();
    }
}
