using System.Text.Json;

namespace Backlinks.Tests.Cli;

/// <summary>The program imports archives and exports into the link store.</summary>
public sealed class ImportVisitsTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void Archives_and_exports_go_into_the_store_and_damage_is_listed()
    {
        WarcWriter warc = new(Packing.Members);
        for (int i = 0; i < 5; i++)
            warc.Response($"http://a.example/{i}", WarcWriter.Page($"http://b.example/{i}"), new DateTime(2024, 5, 18, 0, 0, i, DateTimeKind.Utc));
        byte[] bytes = warc.ToArray();
        File.WriteAllBytes(_data.File("pages.warc.gz"), bytes[..^60]);
        string exports = Inputs.Dataset("tiny", "exports", "moz.csv");
        Outcome first = Program.Run(_data, "import", _data.File("pages.warc.gz"), exports, "--json").Ok();
        Assert.Equal((2, 4 + 3, 4 + 3, 1), (Int(first, "files"), Int(first, "pages"), Int(first, "links"), Int(first, "quarantined")));
        string list = first.Json.GetProperty("quarantine_file").GetString()!;
        Assert.StartsWith(Path.Combine(_data.Path, "quarantine"), list, StringComparison.Ordinal);
        Assert.Equal(warc.Offsets[4], JsonDocument.Parse(File.ReadAllText(list)).RootElement.GetProperty("offset").GetInt64());
        Assert.Contains("note: 1 damaged or unreadable record was left out", first.Error, StringComparison.Ordinal);
        Assert.Contains("pages.warc.gz: at byte", first.Error, StringComparison.Ordinal);

        Assert.Contains("imported already", Program.Run(_data, "import", exports).Ok().Output, StringComparison.Ordinal);
        Outcome again = Program.Run(_data, "import", exports, "--again", "--json").Ok();
        Assert.Equal((3, 3, 0), (Int(again, "pages"), Int(again, "repeated"), Int(again, "new_links")));
    }

    [Fact]
    public void What_cannot_be_imported_is_one_line()
    {
        File.WriteAllText(_data.File("x.csv"), "Referring page title,Referring page URL,Anchor,UR,First seen\nx,https://a.example/,b,1,2024-01-01\n");
        Assert.Contains("'Target URL' is missing", Program.Run(_data, "import", _data.File("x.csv")).Fails(), StringComparison.Ordinal);
        File.WriteAllText(_data.File("x.warc"), "WARC/1.0\r\nnothing");
        Assert.Contains("nothing could be imported", Program.Run(_data, "import", _data.File("x.warc")).Error, StringComparison.Ordinal);
        Assert.Contains("one web graph", Program.Run(_data, "import", Inputs.Dataset("sample", "garden.tsv"), Inputs.Dataset("tiny", "links.txt")).Fails(2), StringComparison.Ordinal);
    }

    private static int Int(Outcome outcome, string name) => outcome.Json.GetProperty(name).GetInt32();
}
