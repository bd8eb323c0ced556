using System.Text.Json;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Framing of WARC and ARC: files of other writers against facts from another reader, and damage.</summary>
public sealed class ArchiveReaderTests
{
    public static TheoryData<string> Sound => ["warcio/example.warc", "warcio/example.warc.gz", "warcio/example-iana.org-chunked.warc",
        "warcio/example-resource.warc.gz", "warcio/post-test.warc.gz", "warcio/example-digest.warc", "warcio/example-space-in-target-uri.warc.gz",
        "warcio/example-wget-bad-target-uri.warc.gz", "warcio/example-bad-non-chunked.warc.gz", "warcio/example-bad.warc.gz.bad",
        "warcio/example.arc", "warcio/example.arc.gz", "whirlwind/whirlwind.warc",
        "whirlwind/whirlwind.warc.gz", "whirlwind/whirlwind.warc.wat", "whirlwind/whirlwind.warc.wat.gz", "whirlwind/whirlwind.warc.wet",
        "whirlwind/whirlwind.warc.wet.gz", "aut-example.warc.gz"];

    [Theory]
    [MemberData(nameof(Sound))]
    public void Records_of_other_writers_are_all_found(string file)
    {
        string path = SharedData.Require(["warc", .. file.Split('/')]);
        using JsonDocument facts = JsonDocument.Parse(File.ReadAllBytes(SharedData.Require("warc", "expected.json")));
        JsonElement expected = facts.RootElement.GetProperty("files").GetProperty(file);
        (List<ArchiveRecord> records, List<Quarantined> faults) = ReadAll(path);
        Assert.Empty(faults);
        Assert.All(records, r => Assert.True(r.Sound));
        if (expected.TryGetProperty("types_in_order", out JsonElement types))
            Assert.Equal(types.EnumerateArray().Select(t => t.GetString()), records.Select(r => r.Type));
        if (expected.TryGetProperty("by_type", out JsonElement counts))
            Assert.Equal(counts.EnumerateObject().ToDictionary(p => p.Name, p => p.Value.GetInt32()), records.CountBy(r => r.Type).ToDictionary());
        bool single = expected.TryGetProperty("gzip_members", out JsonElement members) && members.GetInt32() == 1;
        if (expected.TryGetProperty("record_offsets", out JsonElement offsets) && !single)
            Assert.Equal(offsets.EnumerateArray().Select(o => o.GetInt64()), records.Select(r => r.Offset));
    }

    [Fact]
    public void A_length_that_is_too_small_costs_one_record()
    {
        (List<ArchiveRecord> records, List<Quarantined> faults) = ReadAll(SharedData.Require("warc", "warcio", "example-trunc.warc"));
        Assert.Equal(["warcinfo", "warcinfo", "request"], records.Select(r => r.Type));
        Quarantined fault = Assert.Single(faults);
        Assert.Equal((1197, "http://example.com/"), (fault.Offset, fault.About));
    }

    [Fact]
    public void A_record_may_run_over_several_gzip_members()
    {
        (List<ArchiveRecord> records, List<Quarantined> faults) = ReadAll(SharedData.Require("warc", "warcio", "example-wrong-chunks.warc.gz"));
        Assert.Empty(faults);
        Assert.Equal(["response", "request"], records.Select(r => r.Type));
    }

    [Fact]
    public void Lines_of_ARC_without_a_length_are_left_out()
    {
        (List<ArchiveRecord> records, List<Quarantined> faults) = ReadAll(SharedData.Require("warc", "warcio", "bad.arc"));
        Assert.Equal(4, records.Count + faults.Count);
        Assert.Equal(new DateTime(2014, 1, 2, 0, 0, 0, DateTimeKind.Utc), Assert.Single(records).At);
    }

    [Fact]
    public void An_ARC_line_may_have_spaces_in_its_URL()
    {
        // Its line ends were changed once, so that the file is seven bytes shorter than the record says.
        (List<ArchiveRecord> records, List<Quarantined> faults) = ReadAll(SharedData.Require("warc", "warcio", "example-space-in-url.arc"));
        Assert.Equal("arc_header", Assert.Single(records).Type);
        Assert.EndsWith("EmailTitle=Examples From The Live Web&IsPopUp=False", Assert.Single(faults).About, StringComparison.Ordinal);
    }

    internal static (List<ArchiveRecord> Records, List<Quarantined> Faults) ReadAll(string path, int maxBlock = 1 << 20)
    {
        using ArchiveReader reader = Path.GetFileName(path).Contains(".arc", StringComparison.Ordinal) ? new ArcReader(path, maxBlock) : new WarcReader(path, maxBlock);
        ArchiveBatch batch = new();
        List<ArchiveRecord> records = [];
        List<Quarantined> faults = [];
        while (reader.Read(batch, cancel: TestContext.Current.CancellationToken))
        {
            records.AddRange(batch.Records);
            faults.AddRange(batch.Faults);
        }
        return (records, faults);
    }
}
