using Backlinks.GraphEngine;
using Parquet;
using Parquet.Schema;

namespace Backlinks.Stores;

/// <summary>
/// A run as Parquet: <c>node</c> int32, <c>name</c> string, scores double, whole numbers int32, none of them null; one
/// row a node in node order, in groups of a million rows (some 60 MB of memory).
/// </summary>
public static class ParquetFile
{
    private const int GroupRows = 1_000_000;

    public static async Task WriteAsync(Run run, Stream stream, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        var node = new DataField<int>("node");
        var name = new DataField("name", typeof(string), isNullable: false);
        DataField[] columns = [.. run.Columns.Select(c => c.IsWhole ? (DataField)new DataField<int>(c.Name) : new DataField<double>(c.Name))];
        int n = run.Graph.NodeCount;
        await using ParquetWriter writer = await ParquetWriter.CreateAsync(new ParquetSchema([node, name, .. columns]), stream, cancellationToken: cancel);
        writer.CustomMetadata = new Dictionary<string, string> { ["backlinks.run"] = run.Id, ["backlinks.graph"] = run.Ranked.Id };
        for (int start = 0; start < n; start += GroupRows)
        {
            cancel.ThrowIfCancellationRequested();
            progress?.Report(new StepProgress("writing rows", start, n, "nodes"));
            int rows = Math.Min(GroupRows, n - start);
            using ParquetRowGroupWriter group = writer.CreateRowGroup();
            int[] whole = new int[rows];
            for (int i = 0; i < rows; i++)
                whole[i] = start + i;
            await group.WriteAsync<int>(node, whole, cancellationToken: cancel);
            await group.WriteAsync(name, Names(run.Graph.Names, start, rows));
            for (int c = 0; c < columns.Length; c++)
            {
                ScoreColumn column = run.Columns[c];
                if (column.IsWhole)
                {
                    for (int i = 0; i < rows; i++)
                        whole[i] = checked((int)column[start + i]);
                    await group.WriteAsync<int>(columns[c], whole, cancellationToken: cancel);
                }
                else
                {
                    double[] scores = new double[rows];
                    for (int i = 0; i < rows; i++)
                        scores[i] = column[start + i];
                    await group.WriteAsync<double>(columns[c], scores, cancellationToken: cancel);
                }
            }
            group.CompleteValidate();
        }
    }

    private static string[] Names(NodeNames names, int start, int count)
    {
        string[] texts = new string[count];
        for (int i = 0; i < count; i++)
            texts[i] = names[start + i];
        return texts;
    }
}
