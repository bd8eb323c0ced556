namespace Backlinks.Tests.Repository;

/// <summary>Where this repository's own files are: the folder of <c>Backlinks.sln</c>, upward from the tests' assembly.</summary>
internal static class RepositoryFolder
{
    public static string Path { get; } = Find();

    public static string File(params string[] parts) => System.IO.Path.Combine([Path, .. parts]);

    private static string Find()
    {
        for (DirectoryInfo? at = new(AppContext.BaseDirectory); at is not null; at = at.Parent)
            if (System.IO.File.Exists(System.IO.Path.Combine(at.FullName, "Backlinks.sln")))
                return at.FullName;
        throw new InvalidOperationException("the tests run outside the repository: no Backlinks.sln above them");
    }
}
