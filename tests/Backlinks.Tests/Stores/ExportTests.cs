using System.Globalization;
using System.IO.Compression;
using System.Text.Json;
using Backlinks.GraphEngine;
using Backlinks.Stores;
using Backlinks.Tests.Cli;
using Parquet;
using Parquet.Schema;

namespace Backlinks.Tests.Stores;

/// <summary>Exports are read back by other readers than the ones that wrote them, and compared with the run.</summary>
public sealed class ExportTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();
    private readonly Run _run;

    public ExportTests()
    {
        string path = _folder.File("web.tsv");
        File.WriteAllLines(path, ["a.example\tb.example", "b.example\tc.example", "c.example\ta.example", "=cmd.example\ta.example", "-minus.example\ta.example",
            "comma,quote\".example\ta.example", "bücher.example\ta.example", "a.example\td.example"]);
        Program.Run("import", path, "--data", _folder.Path).Ok();
        Program.Run("rank", "--with", "harmonic,scc,core", "--data", _folder.Path).Ok();
        _run = new DataFolder(_folder.Path).OpenRun(cancel: TestContext.Current.CancellationToken);
    }

    public void Dispose()
    {
        _run.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Csv_holds_every_node_with_all_digits_and_no_formulas()
    {
        string[][] rows = [.. ReadCsv(File.ReadAllText(Export("csv", "run.csv")))];
        Assert.Equal(["node", "name", "pagerank", "authority", "raw", "harmonic", "core", "scc", "indegree", "outdegree"], rows[0]);
        Assert.Equal(_run.Graph.NodeCount + 1, rows.Length);
        for (int node = 0; node < _run.Graph.NodeCount; node++)
        {
            string[] row = rows[node + 1];
            string name = _run.Graph.Names[node];
            Assert.Equal(node, int.Parse(row[0], CultureInfo.InvariantCulture));
            Assert.Equal(name[0] is '=' or '-' ? "'" + name : name, row[1]);
            for (int c = 0; c < _run.Columns.Count; c++)
                Assert.Equal(_run.Columns[c][node], double.Parse(row[c + 2], CultureInfo.InvariantCulture));
        }
    }

    [Fact]
    public void Csv_goes_to_standard_output_or_into_gzip_alike()
    {
        string plain = Program.Run("export", "--format", "csv", "--data", _folder.Path).Ok().Output;
        using GZipStream packed = new(File.OpenRead(Export("csv", "run.csv.gz")), CompressionMode.Decompress);
        Assert.Equal(plain, new StreamReader(packed).ReadToEnd());
        Assert.Contains("\r\n", plain);
    }

    [Theory]
    [InlineData("=1+1", "'=1+1")]
    [InlineData("+1", "'+1")]
    [InlineData("-1", "'-1")]
    [InlineData("@sum", "'@sum")]
    [InlineData("\tx", "'\tx")]
    [InlineData("a,b", "\"a,b\"")]
    [InlineData("a\"b", "\"a\"\"b\"")]
    [InlineData("a\nb", "\"a\nb\"")]
    [InlineData("", "")]
    [InlineData("plain", "plain")]
    public void Csv_fields_are_quoted_and_never_formulas(string text, string field) => Assert.Equal(field, Csv.Field(text));

    [Fact]
    public async Task Parquet_holds_every_node()
    {
        using FileStream file = File.OpenRead(Export("parquet", "run.parquet"));
        await using ParquetReader reader = await ParquetReader.CreateAsync(file, cancellationToken: TestContext.Current.CancellationToken);
        Assert.Equal(["node", "name", "pagerank", "authority", "raw", "harmonic", "core", "scc", "indegree", "outdegree"], reader.Schema.DataFields.Select(f => f.Name));
        using ParquetRowGroupReader group = reader.OpenRowGroupReader(0);
        int n = _run.Graph.NodeCount;
        Assert.Equal(n, group.RowCount);
        string[] names = new string[n];
        await group.ReadAsync(reader.Schema.FindDataField("name"), names, null, TestContext.Current.CancellationToken);
        Assert.Equal(Enumerable.Range(0, n).Select(node => _run.Graph.Names[node]), names);
        foreach (ScoreColumn column in _run.Columns)
        {
            DataField field = reader.Schema.FindDataField(column.Name);
            if (column.IsWhole)
            {
                int[] values = new int[n];
                await group.ReadAsync<int>(field, values, null, TestContext.Current.CancellationToken);
                Assert.Equal(Enumerable.Range(0, n).Select(node => (int)column[node]), values);
            }
            else
            {
                double[] values = new double[n];
                await group.ReadAsync<double>(field, values, null, TestContext.Current.CancellationToken);
                Assert.Equal(Enumerable.Range(0, n).Select(node => column[node]), values);
            }
        }
    }

    [Fact]
    public void NumPy_folder_holds_arrays_and_names()
    {
        string folder = Export("numpy", "arrays");
        foreach (ScoreColumn column in _run.Columns)
        {
            using FileStream file = File.OpenRead(Path.Combine(folder, $"{column.Name}.npy"));
            NpyHeader header = NpyHeader.Read(file, file.Name);
            Assert.Equal(column.IsWhole ? "<u4" : "<f8", header.Descr);
            Assert.Equal([_run.Graph.NodeCount], header.Shape);
            using BinaryReader values = new(file);
            file.Position = header.DataOffset;
            for (int node = 0; node < _run.Graph.NodeCount; node++)
                Assert.Equal(column[node], column.IsWhole ? values.ReadUInt32() : values.ReadDouble());
        }
        Assert.Equal(Enumerable.Range(0, _run.Graph.NodeCount).Select(node => _run.Graph.Names[node]), File.ReadAllLines(Path.Combine(folder, "names.txt")));
        Assert.Contains("is there already", Program.Run("export", "--format", "numpy", "--out", folder, "--data", _folder.Path).Fails());
    }

    [Fact]
    public void Common_Crawl_ranks_are_sorted_by_harmonic_centrality_with_ties_by_name()
    {
        string[][] rows = [.. File.ReadAllLines(Export("cc-ranks", "ranks.txt")).Select(l => l.Split('\t'))];
        Assert.Equal(["#harmonicc_pos", "#harmonicc_val", "#pr_pos", "#pr_val", "#host_rev"], rows[0]);
        Assert.Equal(Enumerable.Range(1, _run.Graph.NodeCount), rows[1..].Select(r => int.Parse(r[0], CultureInfo.InvariantCulture)));
        Assert.Equal(Enumerable.Range(1, _run.Graph.NodeCount), rows[1..].Select(r => int.Parse(r[2], CultureInfo.InvariantCulture)).Order());
        ScoreColumn harmonic = _run.Column("harmonic")!, pagerank = _run.Column("pagerank")!;
        foreach (string[] row in rows[1..])
        {
            int node = _run.Graph.Names.FindKey(System.Text.Encoding.UTF8.GetBytes(row[4]));
            Assert.Equal((float)harmonic[node], float.Parse(row[1], CultureInfo.InvariantCulture));
            Assert.Equal(pagerank[node], double.Parse(row[3], CultureInfo.InvariantCulture));
            Assert.Equal(pagerank.StandingOf(node, TestContext.Current.CancellationToken).Rank, int.Parse(row[2], CultureInfo.InvariantCulture));
        }
        (float, int)[] order = [.. rows[1..].Select(r => (-float.Parse(r[1], CultureInfo.InvariantCulture), _run.Graph.Names.FindKey(System.Text.Encoding.UTF8.GetBytes(r[4]))))];
        Assert.Equal(order.Order(), order);
        Assert.Contains("0.0", rows[1..].Select(r => r[1]));
    }

    [Fact]
    public void Common_Crawl_ranks_need_harmonic_centrality()
    {
        Program.Run("rank", "--data", _folder.Path).Ok();
        string path = _folder.File("ranks.txt");
        Assert.Contains("rank again with '--with harmonic'", Program.Run("export", "--format", "cc-ranks", "--out", path, "--data", _folder.Path).Fails());
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(29799486f, "2.9799486E7")]
    [InlineData(1e7f, "1.0E7")]
    [InlineData(9999999f, "9999999.0")]
    [InlineData(0.001f, "0.001")]
    [InlineData(0.5f, "0.5")]
    [InlineData(3f, "3.0")]
    [InlineData(0f, "0.0")]
    public void Floats_are_written_as_Java_does(float value, string text) => Assert.Equal(text, CommonCrawlRanks.JavaNumber(value));

    [Theory]
    [InlineData(0.016263289315696608, "0.016263289315696608")]
    [InlineData(8.529508380020326E-4, "8.529508380020326E-4")]
    [InlineData(1e-3, "0.001")]
    [InlineData(1e-5, "1.0E-5")]
    [InlineData(123456.5, "123456.5")]
    [InlineData(1e21, "1.0E21")]
    public void Doubles_are_written_as_Java_does(double value, string text) => Assert.Equal(text, CommonCrawlRanks.JavaNumber(value));

    [Fact]
    public void Common_Crawls_own_numbers_come_out_as_they_went_in()
    {
        foreach (string name in new[] { "domain-cc-main-2026-mar-apr-may.json", "domain-cc-main-2026-apr-may-jun.json" })
        {
            using JsonDocument ranks = JsonDocument.Parse(File.ReadAllText(SharedData.Require("graphs", "commoncrawl", name)));
            foreach (JsonElement row in ranks.RootElement.GetProperty("rows").EnumerateArray())
            {
                string harmonic = row[1].GetString()!, pagerank = row[3].GetString()!;
                Assert.Equal(harmonic, CommonCrawlRanks.JavaNumber(float.Parse(harmonic, CultureInfo.InvariantCulture)));
                Assert.Equal(pagerank, CommonCrawlRanks.JavaNumber(double.Parse(pagerank, CultureInfo.InvariantCulture)));
            }
        }
    }

    [Fact]
    public void An_export_that_fails_leaves_the_old_file_and_no_other()
    {
        string path = _folder.File("old.csv");
        File.WriteAllText(path, "old");
        using CancellationTokenSource stopped = new();
        stopped.Cancel();
        Assert.Throws<OperationCanceledException>(() => ExportFile.Write(path, stream => Csv.Write(_run, stream, null, stopped.Token)));
        Assert.Throws<OperationCanceledException>(() => ExportFile.WriteFolder(_folder.File("new"), folder => NumPyFolder.Write(_run, folder, null, stopped.Token)));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.False(Directory.Exists(_folder.File("new")));
        Assert.DoesNotContain(Directory.EnumerateFileSystemEntries(_folder.Path), f => f.EndsWith(".tmp", StringComparison.Ordinal));
    }

    [Fact]
    public void A_place_that_cannot_be_written_is_told()
    {
        Assert.Contains("its folder does not exist", Program.Run("export", "--format", "csv", "--out", _folder.File("no/where.csv"), "--data", _folder.Path).Fails());
        Assert.Contains("is a folder", Program.Run("export", "--format", "csv", "--out", _folder.Path, "--data", _folder.Path).Fails());
    }

    private string Export(string format, string name)
    {
        string path = _folder.File(name);
        JsonElement said = Program.Run("export", "--format", format, "--out", path, "--json", "--data", _folder.Path).Ok().Json;
        Assert.Equal(path, said.GetProperty("out").GetString());
        return path;
    }

    /// <summary>RFC 4180 by a state machine of its own.</summary>
    private static IEnumerable<string[]> ReadCsv(string text)
    {
        var row = new List<string>();
        var field = new System.Text.StringBuilder();
        bool quoted = false;
        for (int i = 0; i < text.Length; i++)
        {
            char c = text[i];
            if (quoted && c == '"' && i + 1 < text.Length && text[i + 1] == '"')
                field.Append(text[i++]);
            else if (c == '"')
                quoted = !quoted;
            else if (!quoted && (c == ',' || c == '\r'))
            {
                row.Add(field.ToString());
                field.Clear();
                if (c == '\r')
                {
                    Assert.Equal('\n', text[++i]);
                    yield return [.. row];
                    row.Clear();
                }
            }
            else
                field.Append(c);
        }
        Assert.False(quoted);
        Assert.Empty(row);
    }
}
