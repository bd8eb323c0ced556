using System.Globalization;
using System.Text;

namespace Backlinks.GraphEngine;

/// <summary>
/// <c>graph.seal</c>: the sizes and modification times of a graph's files when their checksums were last found right. One
/// line a file, <c>name bytes ticks</c>, <c>graph.json</c> first. While it holds nothing need be read to trust the graph;
/// a copied or edited graph has other times and is checked once in full. It is a cache: deleting it costs one check.
/// </summary>
internal static class GraphSeal
{
    public const string FileName = "graph.seal";

    public static bool Holds(string folder, GraphManifest manifest)
    {
        string path = Path.Combine(folder, FileName);
        try
        {
            return File.Exists(path) && File.ReadAllText(path) == Describe(folder, manifest);
        }
        catch (UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <summary>Writes the seal; a folder that cannot be written stays unsealed and is checked at each opening.</summary>
    public static bool TryWrite(string folder, GraphManifest manifest)
    {
        string path = Path.Combine(folder, FileName), temporary = $"{path}.{Environment.ProcessId}.tmp";
        try
        {
            File.WriteAllText(temporary, Describe(folder, manifest));
            File.Move(temporary, path, overwrite: true);
            return true;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    private static string Describe(string folder, GraphManifest manifest)
    {
        var text = new StringBuilder();
        foreach (string file in manifest.Arrays.Values.Select(a => Path.GetFileName(a.File)).Prepend(GraphManifest.FileName))
        {
            var info = new FileInfo(Path.Combine(folder, file));
            text.Append(CultureInfo.InvariantCulture,
                $"{file} {(info.Exists ? info.Length : -1)} {(info.Exists ? info.LastWriteTimeUtc.Ticks : 0)}\n");
        }
        return text.ToString();
    }
}
