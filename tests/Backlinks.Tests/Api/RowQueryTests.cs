using Backlinks.Stores;

namespace Backlinks.Tests.Api;

public sealed class RowQueryTests(SampleWebRun web)
{
    [Fact]
    public async Task The_sample_web_is_there()
    {
        string data = await web.DataAsync();
        Assert.Equal(2, new DataFolder(data).RunIds().Count);
    }
}
