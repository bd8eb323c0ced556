using System.IO.Compression;
using Backlinks.Ingest;

namespace Backlinks.Tests;

/// <summary>Gzip files member by member: where each ends, and whether it is what was packed.</summary>
public sealed class GzipMembersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Members_of_all_sizes_and_levels_are_found_at_their_places()
    {
        Random random = new(5);
        List<byte[]> texts = [[], [0], new byte[8], new byte[100_000]];
        for (int i = 0; i < 200; i++)
        {
            byte[] text = new byte[random.Next(1 << random.Next(1, 18))];
            if (i % 2 == 0)
                random.NextBytes(text);
            else
                for (int at = 0; at < text.Length; at++)
                    text[at] = (byte)"the quick brown fox "[random.Next(20)];
            texts.Add(text);
        }
        string path = Write(texts.SelectMany((t, i) => WarcWriter.Gzip(t, (CompressionLevel)(i % 4))).ToArray());
        using GzipMembers members = new(path);
        List<long> starts = [];
        foreach (byte[] text in texts)
        {
            Assert.True(members.Open());
            starts.Add(members.Offset);
            Assert.Equal(text, ReadAll(members));
            Assert.Equal(MemberEnd.Sound, members.End);
        }
        Assert.False(members.Open());
        members.Next = starts[100]; // any of them can be opened on its own
        Assert.True(members.Open());
        Assert.Equal(texts[100], ReadAll(members));
    }

    [Fact]
    public void Names_comments_and_extra_fields_are_passed_over_and_padding_ends_the_file()
    {
        byte[] packed = WarcWriter.Gzip("text"u8.ToArray());
        byte[] rich = [0x1f, 0x8b, 8, 0x1e, .. packed[4..10], 3, 0, 1, 2, 3, .. "name\0a comment\0"u8, 9, 9, .. packed[10..]];
        using GzipMembers members = new(Write([.. rich, .. rich, .. new byte[700]]));
        for (int i = 0; i < 2; i++)
        {
            Assert.True(members.Open());
            Assert.Equal("text"u8.ToArray(), ReadAll(members));
            Assert.Equal(MemberEnd.Sound, members.End);
        }
        Assert.False(members.Open());
    }

    [Fact]
    public void No_cut_and_no_changed_bit_is_taken_for_sound()
    {
        Random random = new(6);
        byte[] text = new byte[500];
        for (int i = 0; i < text.Length; i++)
            text[i] = (byte)random.Next('a', 'f');
        byte[] packed = WarcWriter.Gzip(text);
        for (int cut = 1; cut < packed.Length; cut++)
        {
            using GzipMembers members = new(Write(packed[..cut]));
            Assert.True(members.Open());
            byte[] read = ReadAll(members);
            Assert.Equal(text[..read.Length], read);
            Assert.NotEqual(MemberEnd.Sound, members.End);
        }
        for (int bit = 80; bit < packed.Length * 8; bit += 13) // the header holds time and system, which nothing checks
        {
            byte[] changed = (byte[])packed.Clone();
            changed[bit / 8] ^= (byte)(1 << bit % 8);
            using GzipMembers members = new(Write(changed));
            Assert.True(members.Open());
            ReadAll(members);
            Assert.NotEqual(MemberEnd.Sound, members.End);
        }
    }

    private static byte[] ReadAll(GzipMembers members)
    {
        MemoryStream all = new();
        byte[] buffer = new byte[777];
        for (int got; (got = members.Read(buffer)) > 0;)
            all.Write(buffer, 0, got);
        return all.ToArray();
    }

    private string Write(byte[] bytes)
    {
        string path = _folder.File("members.gz");
        File.WriteAllBytes(path, bytes);
        return path;
    }
}
