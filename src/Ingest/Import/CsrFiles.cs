using System.Buffers;
using System.IO.Compression;
using System.IO.Hashing;
using Backlinks.GraphEngine;

namespace Backlinks.Ingest;

/// <summary>
/// The arrays of a sparse matrix in compressed rows, from a folder of <c>.npy</c> files (<c>indptr</c>, <c>indices</c>,
/// optional <c>data</c> and <c>shape</c>; also our own <c>out_offsets</c>, <c>out_links</c>, <c>out_weights</c>) or from
/// an <c>.npz</c> file of <c>scipy.sparse.save_npz</c>: a zip archive of the same files and <c>format.npy</c>, which must
/// say <c>csr</c>. Its members are unpacked into the target folder and deleted afterwards; their CRC-32 is checked.
/// </summary>
internal sealed class CsrFiles : IDisposable
{
    private static readonly (string Array, string[] Files)[] Known =
    [
        ("indptr", ["indptr.npy", "out_offsets.npy"]),
        ("indices", ["indices.npy", "out_links.npy"]),
        ("data", ["data.npy", "out_weights.npy"]),
        ("shape", ["shape.npy"]),
    ];

    private readonly List<string> _unpacked = [];
    private readonly Dictionary<string, string> _files = [];

    private CsrFiles(string path) => Path = path;

    public string Path { get; }

    /// <summary>Path of an array's file, or null.</summary>
    public string? this[string array] => _files.GetValueOrDefault(array);

    /// <summary>A file of names in node order, or null.</summary>
    public string? Names { get; private set; }

    /// <summary>Whether a folder holds indptr and indices by one of their names.</summary>
    public static bool Match(string folder) =>
        Known.Take(2).All(k => k.Files.Any(f => File.Exists(System.IO.Path.Combine(folder, f))));

    public static CsrFiles Open(string path, string scratch)
    {
        var files = new CsrFiles(path);
        try
        {
            if (Directory.Exists(path))
                files.FindIn(path);
            else
                files.Unpack(path, scratch);
            foreach (string needed in new[] { "indptr", "indices" })
                if (files[needed] is null)
                    throw new ImportException(path, $"has no {needed}.npy: a graph in compressed rows has indptr.npy and indices.npy, and may have data.npy, shape.npy and names.txt");
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        foreach (string file in _unpacked)
            File.Delete(file);
    }

    private void FindIn(string folder)
    {
        foreach ((string array, string[] names) in Known)
            foreach (string name in names.Reverse())
                if (File.Exists(System.IO.Path.Combine(folder, name)))
                    _files[array] = System.IO.Path.Combine(folder, name);
        foreach (string name in new[] { "names.txt.gz", "names.txt" })
            if (File.Exists(System.IO.Path.Combine(folder, name)))
                Names = System.IO.Path.Combine(folder, name);
    }

    private void Unpack(string path, string scratch)
    {
        if (!File.Exists(path))
            throw new ImportException(path, "there is no such file or folder");
        try
        {
            using ZipArchive archive = ZipFile.OpenRead(path);
            bool csr = false;
            foreach (ZipArchiveEntry entry in archive.Entries)
            {
                if (entry.FullName == "format.npy")
                    csr = ReadFormat(entry) is "csr" ? true : throw new ImportException(path, $"holds a sparse matrix in the format '{ReadFormat(entry)}', not 'csr': save it with save_npz(file, matrix.tocsr())");
                else if (Known.FirstOrDefault(k => k.Files[0] == entry.FullName).Array is { } array)
                    _files[array] = Unpack(path, entry, System.IO.Path.Combine(scratch, $"csr-{entry.Name}.raw"));
            }
            if (!csr)
                throw new ImportException(path, "has no format.npy: it is not a sparse matrix of scipy.sparse.save_npz");
        }
        catch (Exception e) when (e is InvalidDataException or EndOfStreamException or NotSupportedException or OverflowException or ArgumentException)
        {
            throw new ImportException(path, "is not a whole zip archive of scipy.sparse.save_npz: it is damaged or truncated", e);
        }
    }

    private string Unpack(string path, ZipArchiveEntry entry, string file)
    {
        _unpacked.Add(file);
        var crc = new Crc32();
        byte[] buffer = ArrayPool<byte>.Shared.Rent(1 << 20);
        try
        {
            using Stream from = entry.Open();
            using FileStream to = new(file, FileMode.Create, FileAccess.Write, FileShare.None, bufferSize: 0);
            long written = 0;
            for (int got; (got = from.Read(buffer)) > 0;)
            {
                written += got;
                if (written > entry.Length) // a bomb promises little and unpacks to much
                    throw new ImportException(path, $"its member {entry.FullName} is longer than the {entry.Length} bytes it promises: the file is damaged");
                crc.Append(buffer.AsSpan(0, got));
                to.Write(buffer.AsSpan(0, got));
            }
            if (written != entry.Length || crc.GetCurrentHashAsUInt32() != entry.Crc32)
                throw new ImportException(path, $"its member {entry.FullName} has another CRC-32 or length than the archive promises: the file is damaged; save or fetch it again");
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
        return file;
    }

    /// <summary>The string in format.npy: an array without dimensions of bytes (<c>|S3</c>) or characters (<c>&lt;U3</c>).</summary>
    private static string ReadFormat(ZipArchiveEntry entry)
    {
        if (entry.Length > 4096)
            throw new InvalidDataException("format.npy is too long");
        using var bytes = new MemoryStream();
        using (Stream from = entry.Open())
            from.CopyTo(bytes);
        bytes.Position = 0;
        NpyHeader header;
        try
        {
            header = NpyHeader.Read(bytes, entry.FullName);
        }
        catch (GraphException e)
        {
            throw new InvalidDataException(e.Message, e);
        }
        byte[] rest = bytes.ToArray()[(int)header.DataOffset..];
        return (header.Descr.StartsWith("<U", StringComparison.Ordinal) ? System.Text.Encoding.UTF32 : System.Text.Encoding.ASCII).GetString(rest).TrimEnd('\0');
    }
}
