using System.Text.Json;
using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>The README's first command, without the dashboard at its end.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void The_demo_crawls_ranks_and_finds_what_was_planted()
    {
        JsonElement told = Program.Run(_data, "demo", "--no-serve", "--json").Ok().Json;
        Assert.True(told.GetProperty("fetched").GetInt64() > 5_000);
        Assert.True(told.GetProperty("lost").GetInt64() > 100);
        foreach (JsonElement group in told.GetProperty("planted").EnumerateArray())
        {
            string name = group.GetProperty("group").GetString()!;
            if (name.StartsWith("farm-", StringComparison.Ordinal))
                Assert.True(group.GetProperty("score").GetDouble() >= 80 && group.GetProperty("named").GetInt32() > group.GetProperty("members").GetInt32() / 2, group.ToString());
            else if (!group.GetProperty("spam").GetBoolean())
                Assert.Equal(0, group.GetProperty("named").GetInt32());
        }
        var folder = new DataFolder(_data.Path);
        Assert.Equal(2, folder.RunIds().Count);
        Assert.Equal(folder.RunIds(), told.GetProperty("runs").EnumerateArray().Select(r => r.GetString()));

        // Its first crawl is dated when its clock said it was.
        using DuckDbLinkStore store = folder.OpenLinks(readOnly: true);
        Assert.InRange(DateTime.UtcNow - store.Pages().Min(p => p.FirstSeen), TimeSpan.FromDays(74), TimeSpan.FromDays(76));
    }

    [Fact]
    public void The_demo_leaves_a_folder_alone_that_holds_other_links()
    {
        using (DuckDbLinkStore store = new DataFolder(_data.Path).OpenLinks(readOnly: false))
        {
        }
        Assert.Contains("holds links that no demo made", Program.Run(_data, "demo", "--no-serve").Fails(2));
    }
}
