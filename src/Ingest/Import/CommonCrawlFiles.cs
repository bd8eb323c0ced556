using System.Text;

namespace Backlinks.Ingest;

/// <summary>
/// Finds the files of a Common Crawl web graph: <c>PREFIXvertices….txt.gz</c> and <c>PREFIXedges….txt.gz</c> side by side
/// (one or several parts), folders <c>vertices/</c> and <c>edges/</c> with parts, or <c>PREFIXvertices.paths.gz</c> and
/// <c>PREFIXedges.paths.gz</c> that list the parts, one path a line. Parts are read in ordinal order of their names; a
/// list keeps its own order. A listed path is looked up beside the list, without as many leading folders as it takes.
/// </summary>
internal sealed record CommonCrawlFiles(string Name, string[] Vertices, string[] Edges)
{
    /// <summary>Whether <paramref name="path"/> looks like (a file of) such a graph by its name or content of the folder.</summary>
    public static bool Match(string path)
    {
        try
        {
            Find(path);
            return true;
        }
        catch (ImportException)
        {
            return false;
        }
    }

    /// <param name="path">A folder, or any of the graph's files.</param>
    /// <exception cref="ImportException">Vertices or edges are missing, or there are several graphs.</exception>
    public static CommonCrawlFiles Find(string path)
    {
        (string folder, string? prefix) = Split(path);
        string[] vertices = List(folder, "vertices", ref prefix);
        string[] edges = List(folder, "edges", ref prefix);
        return new CommonCrawlFiles(prefix!.TrimEnd('-', '_', '.') is { Length: > 0 } name ? name : Path.GetFileName(Path.GetFullPath(folder)), vertices, edges);
    }

    private static (string Folder, string? Prefix) Split(string path)
    {
        if (Directory.Exists(path))
            return (path, null);
        string folder = Path.GetDirectoryName(Path.GetFullPath(path))!, name = Path.GetFileName(path);
        if (!File.Exists(path))
            throw new ImportException(path, "there is no such file or folder");
        foreach (string kind in new[] { "vertices", "edges" })
        {
            int at = name.LastIndexOf(kind, StringComparison.Ordinal);
            if (at >= 0)
                return (folder, name[..at]);
            if (Path.GetFileName(folder) == kind)
                return (Path.GetDirectoryName(folder)!, "");
        }
        throw new ImportException(path, "is not named as a file of a Common Crawl web graph, …vertices.txt.gz or …edges.txt.gz");
    }

    private static string[] List(string folder, string kind, ref string? prefix)
    {
        var parts = new List<string>();
        var lists = new List<string>();
        string? mine = prefix;
        foreach (string file in Directory.GetFiles(folder).Order(StringComparer.Ordinal))
        {
            string name = Path.GetFileName(file);
            int at = name.LastIndexOf(kind, StringComparison.Ordinal);
            if (at < 0 || !(name.EndsWith(".gz", StringComparison.Ordinal) || name.EndsWith(".txt", StringComparison.Ordinal) || name.EndsWith(".paths", StringComparison.Ordinal)))
                continue;
            if (prefix is not null && name[..at] != prefix)
                continue;
            if (mine is not null && name[..at] != mine)
                throw new ImportException(folder, $"holds several web graphs, '{mine}…' and '{name[..at]}…': name a file of the one to import");
            mine = name[..at];
            (name.Contains(".paths", StringComparison.Ordinal) ? lists : parts).Add(file);
        }
        string sub = Path.Combine(folder, kind);
        if (parts.Count == 0 && Directory.Exists(sub))
        {
            parts.AddRange(Directory.GetFiles(sub).Where(f => f.EndsWith(".gz", StringComparison.Ordinal) || f.EndsWith(".txt", StringComparison.Ordinal)).Order(StringComparer.Ordinal));
            mine ??= "";
        }
        if (parts.Count == 0)
            foreach (string list in lists)
                parts.AddRange(Listed(list));
        if (parts.Count == 0)
            throw new ImportException(folder, $"has no {prefix}{kind}*.txt.gz, no folder {kind} and no {prefix}{kind}.paths.gz: a Common Crawl web graph is both vertices and edges");
        prefix = mine;
        return [.. parts];
    }

    private static List<string> Listed(string list)
    {
        var parts = new List<string>();
        long line = 0;
        using TextBlocks text = new(list);
        while (text.MoveNext(out ReadOnlySpan<byte> block))
            foreach (Range range in block.Split((byte)'\n'))
            {
                string path = Encoding.UTF8.GetString(block[range]).Trim();
                if (range.End.Value < block.Length)
                    line++;
                if (path.Length == 0)
                    continue;
                parts.Add(Resolve(Path.GetDirectoryName(Path.GetFullPath(list))!, path)
                    ?? throw ImportException.AtLine(list, line, $"names '{path}', which is not here: fetch it and put it beside the list"));
            }
        return parts;
    }

    private static string? Resolve(string folder, string path)
    {
        string[] steps = [.. path.Split('/').Where(s => s is not ("" or "." or ".."))]; // nothing outside the folder
        for (int skip = 0; skip < steps.Length; skip++)
        {
            string file = Path.Combine([folder, .. steps[skip..]]);
            if (File.Exists(file))
                return file;
        }
        return null;
    }
}
