namespace Backlinks.Api;

/// <summary>Which files of this machine a request may name: those below the folders that the service was started with. A path is absolute, or
/// relative to one of them; <c>..</c> and symbolic links below a root lead nowhere else, because they are refused.</summary>
internal sealed class ServerPaths(IReadOnlyList<string> roots)
{
    private readonly string[] _roots = [.. roots.Select(root => Path.TrimEndingDirectorySeparator(Path.GetFullPath(root)))];

    /// <summary>The file or folder meant.</summary>
    /// <param name="field">Of the request, for the problem.</param>
    /// <param name="folders">Whether a folder may be named, with all that is in it.</param>
    /// <exception cref="ProblemException"><c>invalid_body</c>: no folder is allowed, or this is below none of them, or a link leads away.</exception>
    public string Resolve(string field, string path, bool folders = false)
    {
        if (_roots.Length == 0)
            throw Refused(field, "this service reads no files of its machine: upload the file, or start the service with --import-root DIR");
        if (path.Contains('\0'))
            throw Refused(field, "a path has no NUL");
        foreach (string root in _roots)
        {
            string full = Path.TrimEndingDirectorySeparator(Path.GetFullPath(path, root));
            if (full != root && !full.StartsWith(root + Path.DirectorySeparatorChar, StringComparison.Ordinal))
                continue;
            if (HasLink(root, full) || (folders && Directory.Exists(full) && Directory.EnumerateFileSystemEntries(full, "*", new EnumerationOptions
            {
                RecurseSubdirectories = true,
                AttributesToSkip = 0,
                IgnoreInaccessible = false,
                ReturnSpecialDirectories = false,
                MaxRecursionDepth = 64,
            }).Any(IsLink)))
                throw Refused(field, $"'{Clip(path)}' is or holds a symbolic link; name what it leads to, below a folder that imports may read");
            if (Path.Exists(full) || Path.Exists(full + ".graph") || Path.IsPathRooted(path) || root == _roots[^1])
                return !folders && Directory.Exists(full) ? throw Refused(field, $"'{Clip(path)}' is a folder, not a file") : full;
        }
        throw Refused(field, $"'{Clip(path)}' is not below a folder that imports may read");
    }

    /// <summary>Whether a component below the root is a link, or a file that goes with it by name (a BVGraph is named without its endings).</summary>
    private static bool HasLink(string root, string full)
    {
        for (string at = full; at.Length > root.Length; at = Path.GetDirectoryName(at)!)
            if (IsLink(at))
                return true;
        string? parent = Path.GetDirectoryName(full);
        return full.Length > root.Length && Directory.Exists(parent) && Directory.EnumerateFileSystemEntries(parent, Path.GetFileName(full) + ".*").Any(IsLink);
    }

    private static bool IsLink(string path) => new FileInfo(path).LinkTarget is not null;

    private static ProblemException Refused(string field, string message) => Problems.Of("invalid_body", $"{field}: {message}", new FieldError(field, message));

    private static string Clip(string text) => text.Length <= 200 ? text : text[..200] + "…";
}
