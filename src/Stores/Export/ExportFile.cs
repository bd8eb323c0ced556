using System.IO.Compression;

namespace Backlinks.Stores;

/// <summary>A file or folder that appears whole or not at all: written beside its place under another name, then renamed.</summary>
public static class ExportFile
{
    /// <summary>Writes a file; its bytes are gzipped if <paramref name="path"/> ends in <c>.gz</c>. A file of that name is replaced.</summary>
    /// <exception cref="StoreException">The folder is missing or cannot be written, or <paramref name="path"/> is a folder.</exception>
    /// <exception cref="IOException">The disk is full or fails; nothing is left behind.</exception>
    public static void Write(string path, Action<Stream> write)
    {
        if (Directory.Exists(path))
            throw new StoreException(path, "is a folder; name a file in it");
        if (File.Exists(path) && Path.GetFullPath(path) is var full && full.StartsWith("/dev/", StringComparison.Ordinal) && !full.StartsWith("/dev/shm/", StringComparison.Ordinal))
            throw new StoreException(path, "is a device, which a file must not replace; name a file"); // root could
        string temporary = Beside(path);
        try
        {
            using (FileStream file = new(temporary, FileMode.Create, FileAccess.ReadWrite, FileShare.None, bufferSize: 0)) // the writers have buffers of their own
            {
                if (path.EndsWith(".gz", StringComparison.OrdinalIgnoreCase))
                    using (GZipStream packed = new(file, CompressionLevel.Optimal, leaveOpen: true))
                        write(packed);
                else
                    write(file);
                file.Flush(flushToDisk: true);
            }
            Durable.MoveFile(temporary, path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(path, "cannot be written: change the folder's permissions or name another place", e);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Writes a folder of files.</summary>
    /// <exception cref="StoreException">There is something at <paramref name="path"/> already, or its parent cannot be written.</exception>
    /// <exception cref="IOException">The disk is full or fails; nothing is left behind.</exception>
    public static void WriteFolder(string path, Action<string> write)
    {
        path = Path.TrimEndingDirectorySeparator(path);
        if (File.Exists(path) || (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any()))
            throw new StoreException(path, "is there already; name a new folder");
        string temporary = Beside(path);
        try
        {
            Directory.CreateDirectory(temporary);
            write(temporary);
            if (Directory.Exists(path))
                Directory.Delete(path); // empty: rename needs the name free on every system
            Durable.MoveFolder(temporary, path);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(path, "cannot be written: change the folder's permissions or name another place", e);
        }
        finally
        {
            if (Directory.Exists(temporary))
                Directory.Delete(temporary, recursive: true);
        }
    }

    private static string Beside(string path)
    {
        string full = Path.GetFullPath(path), parent = Path.GetDirectoryName(full) ?? full;
        if (!Directory.Exists(parent))
            throw new StoreException(path, "its folder does not exist; make it first");
        return Path.Combine(parent, $".{Path.GetFileName(full)}.{Environment.ProcessId}.tmp");
    }
}
