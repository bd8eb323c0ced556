namespace Backlinks.Tests;

/// <summary>
/// Real data files that are too large or not free enough for this repository: the folder named by
/// <c>BACKLINKS_TEST_DATA</c>, else <c>shared/data</c> beside the repository. Tests that need them are skipped without.
/// </summary>
internal static class SharedData
{
    private static readonly string? Root = Find();

    /// <summary>The file or folder at <paramref name="parts"/>; skips the test where it is absent.</summary>
    public static string Require(params string[] parts)
    {
        Assert.SkipWhen(Root is null, "no test data: set BACKLINKS_TEST_DATA to its folder");
        string path = Path.Combine([Root!, .. parts]);
        Assert.SkipUnless(Path.Exists(path), $"the test data has no {string.Join('/', parts)}");
        return path;
    }

    private static string? Find()
    {
        if (Environment.GetEnvironmentVariable("BACKLINKS_TEST_DATA") is { Length: > 0 } named)
            return Directory.Exists(named) ? named : null;
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
        {
            string beside = Path.Combine(at.FullName, "shared", "data");
            if (Directory.Exists(beside))
                return beside;
        }
        return null;
    }
}
