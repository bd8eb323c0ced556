namespace Backlinks.GraphEngine;

/// <summary><c>graph.seal</c>, the <see cref="FolderSeal"/> of a graph's folder.</summary>
internal static class GraphSeal
{
    public const string FileName = "graph.seal";

    public static bool Holds(string folder, GraphManifest manifest) =>
        FolderSeal.Holds(folder, FileName, GraphManifest.FileName, manifest.Arrays.Values);

    public static bool TryWrite(string folder, GraphManifest manifest) =>
        FolderSeal.TryWrite(folder, FileName, GraphManifest.FileName, manifest.Arrays.Values);
}
