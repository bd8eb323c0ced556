using System.Globalization;
using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>
/// The seal of a folder of arrays: the sizes and modification times of its files when their checksums were last found
/// right, one line a file, <c>name bytes ticks</c>, the manifest first. While it holds nothing need be read to trust the
/// folder; a copied or edited folder has other times and is checked once in full. It is a cache: deleting it costs one check.
/// </summary>
public static class FolderSeal
{
    /// <param name="seal">The seal's file name, such as <c>graph.seal</c>.</param>
    /// <param name="manifest">The manifest's file name.</param>
    /// <param name="arrays">The arrays that the manifest lists.</param>
    public static bool Holds(string folder, string seal, string manifest, IEnumerable<ArrayEntry> arrays)
    {
        string path = Path.Combine(folder, seal);
        try
        {
            return File.Exists(path) && File.ReadAllText(path) == Describe(folder, manifest, arrays);
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Writes the seal; a folder that cannot be written stays unsealed and is checked at each opening.</summary>
    public static bool TryWrite(string folder, string seal, string manifest, IEnumerable<ArrayEntry> arrays)
    {
        string path = Path.Combine(folder, seal), temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, Describe(folder, manifest, arrays));
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Describe(string folder, string manifest, IEnumerable<ArrayEntry> arrays)
    {
        var text = new StringBuilder();
        foreach (string file in arrays.Select(a => Path.GetFileName(a.File)).Prepend(manifest))
        {
            var info = new FileInfo(Path.Combine(folder, file));
            text.Append(CultureInfo.InvariantCulture,
                $"{file} {(info.Exists ? info.Length : -1)} {(info.Exists ? info.LastWriteTimeUtc.Ticks : 0)}\n");
        }
        return text.ToString();
    }
}
