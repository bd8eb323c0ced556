using Backlinks.Stores;

namespace Backlinks.Tests.Cli;

/// <summary>What the demo refuses; what it makes is looked at where the README is run.</summary>
public sealed class DemoTests : IDisposable
{
    private readonly TemporaryFolder _data = new();

    public void Dispose() => _data.Dispose();

    [Fact]
    public void The_demo_leaves_a_folder_alone_that_holds_other_links()
    {
        using (DuckDbLinkStore store = new DataFolder(_data.Path).OpenLinks(readOnly: false))
        {
        }
        Assert.Contains("holds links that no demo made", Program.Run(_data, "demo", "--no-serve").Fails(2));
    }
}
