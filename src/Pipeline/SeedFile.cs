using System.Globalization;
using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>
/// A text file that names nodes, one a line: <c>name</c> or <c>name,weight</c> with a weight above 0 (1 where none is
/// given; a name given twice has the sum). Empty lines and lines that start with <c>#</c> are skipped. A name may hold
/// commas: only a number behind the last one is a weight, and only if the whole line names no node.
/// </summary>
public static class SeedFile
{
    /// <summary>Weight by node, ascending.</summary>
    /// <exception cref="IOException">The file cannot be read, or names nodes that are not in the graph: the first few with their lines.</exception>
    public static SortedDictionary<int, double> Read(string path, NodeNames names)
    {
        if (!File.Exists(path))
            throw new IOException($"{path}: there is no such file");
        var seeds = new SortedDictionary<int, double>();
        var unknown = new List<string>();
        int line = 0, lines = 0;
        foreach (string raw in File.ReadLines(path, Encoding.UTF8))
        {
            line++;
            string text = raw.Trim();
            if (text.Length == 0 || text[0] == '#')
                continue;
            lines++;
            double weight = 1;
            int node = names.Find(text), comma = text.LastIndexOf(',');
            if (node < 0 && comma > 0)
            {
                node = names.Find(text[..comma].TrimEnd());
                if (!double.TryParse(text.AsSpan(comma + 1), NumberStyles.Float, CultureInfo.InvariantCulture, out weight) || !(weight > 0 && weight < double.PositiveInfinity))
                    throw new IOException($"{path}: line {line}: '{text[(comma + 1)..].Trim()}' is not a weight: it must be a number above 0");
            }
            if (node < 0)
                unknown.Add($"'{text}' (line {line})");
            else
                seeds[node] = seeds.GetValueOrDefault(node) + weight;
        }
        if (unknown.Count > 0)
            throw new IOException($"{path}: {unknown.Count} of {lines} names are not in the graph: "
                + string.Join(", ", unknown.Take(5)) + (unknown.Count > 5 ? ", …" : "") + "; remove or correct them");
        return seeds.Count > 0 ? seeds : throw new IOException($"{path}: names no node; write one name a line");
    }
}
