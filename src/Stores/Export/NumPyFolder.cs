using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// A run as NumPy arrays: <c>&lt;column&gt;.npy</c> for each column (&lt;f8 scores, &lt;u4 whole numbers, n elements),
/// <c>names.txt</c> with the name of node i in line i+1 (UTF-8), and <c>run.json</c>. The links themselves need no
/// export: the graph's folder holds them as .npy already.
/// </summary>
public static class NumPyFolder
{
    /// <summary>Writes into <paramref name="folder"/>, which exists and is empty.</summary>
    public static void Write(Run run, string folder, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        foreach (ScoreColumn column in run.Columns)
        {
            progress?.Report(new StepProgress($"writing {column.Name}.npy", 0, 0, "nodes"));
            string path = Path.Combine(folder, $"{column.Name}.npy");
            if (column.IsWhole)
                WriteColumn(path, column, value => (uint)value, cancel);
            else
                WriteColumn(path, column, value => value, cancel);
        }
        progress?.Report(new StepProgress("writing names.txt", 0, 0, "nodes"));
        using (FileStream file = new(Path.Combine(folder, "names.txt"), FileMode.CreateNew, FileAccess.Write, FileShare.None, bufferSize: 0))
        {
            using TextRows rows = new(file);
            foreach (ReadOnlySpan<byte> key in run.Graph.Names.EnumerateKeys())
                rows.Add(NodeNames.FromKey(System.Text.Encoding.UTF8.GetString(key))).Add('\n');
        }
        File.WriteAllBytes(Path.Combine(folder, RunManifest.FileName), run.Manifest.ToBytes());
    }

    private static void WriteColumn<T>(string path, ScoreColumn column, Func<double, T> convert, CancellationToken cancel) where T : unmanaged
    {
        using NpyWriter<T> writer = new(path, column.Count);
        T[] block = new T[1 << 16];
        for (int start = 0; start < column.Count; start += block.Length)
        {
            cancel.ThrowIfCancellationRequested();
            int count = Math.Min(block.Length, column.Count - start);
            for (int i = 0; i < count; i++)
                block[i] = convert(column[start + i]);
            writer.Write(block.AsSpan(0, count));
        }
        writer.Finish(column.Meaning);
    }
}
