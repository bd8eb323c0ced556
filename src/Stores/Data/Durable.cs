using System.Runtime.InteropServices;

namespace Backlinks.Stores;

/// <summary>
/// What must survive a crash: bytes are on the disk before the name that leads to them appears. A file is written under
/// another name, flushed, renamed, and the folder that holds the name is flushed; a folder likewise with all its files.
/// </summary>
public static partial class Durable
{
    /// <summary>Replaces the text of <paramref name="path"/>: a reader sees all of the old or all of the new.</summary>
    /// <param name="mode">Who may read it, from the first byte on; null for what the system grants a new file.</param>
    public static void WriteText(string path, string text, UnixFileMode? mode = null)
    {
        string temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
            if (mode is not null && !OperatingSystem.IsWindows())
                options.UnixCreateMode = mode;
            using (FileStream stream = new(temporary, options))
            {
                stream.Write(System.Text.Encoding.UTF8.GetBytes(text));
                stream.Flush(flushToDisk: true);
            }
            File.Move(temporary, path, overwrite: true);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
        Flush(Path.GetDirectoryName(path)!);
    }

    /// <summary>Gives a finished folder its name; it appears whole or not at all.</summary>
    public static void MoveFolder(string from, string to)
    {
        foreach (string file in Directory.EnumerateFiles(from))
            Flush(file);
        Flush(from);
        Directory.Move(from, to);
        Flush(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Gives a finished and flushed file its name.</summary>
    public static void MoveFile(string from, string to)
    {
        File.Move(from, to, overwrite: true);
        Flush(Path.GetDirectoryName(Path.GetFullPath(to))!);
    }

    /// <summary>Forces a file's bytes or a folder's names to the disk. .NET opens no folders, hence the system calls;
    /// Windows writes names through its journal and needs none.</summary>
    public static void Flush(string path)
    {
        if (OperatingSystem.IsWindows())
            return;
        int file = Open(path, 0);
        if (file < 0)
            throw Failed(path, Marshal.GetLastPInvokeError());
        int error = Sync(file) == 0 ? 0 : Marshal.GetLastPInvokeError();
        Close(file);
        const int notSupportedHere = 22; // EINVAL: some network file systems cannot flush folders
        if (error is not (0 or notSupportedHere))
            throw Failed(path, error);
    }

    private static IOException Failed(string path, int error) => new($"{path}: {Marshal.GetPInvokeErrorMessage(error)}", error);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int file);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int file);
}
