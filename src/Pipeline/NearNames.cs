using System.Text;
using Backlinks.GraphEngine;

namespace Backlinks.Pipeline;

/// <summary>Names that someone may have meant: few edits away where all can be looked at, else neighbours in name order.</summary>
public static class NearNames
{
    private const int MostNames = 2_000_000; // about a second of looking
    private const int MostShown = 3;

    /// <summary>The nearest of a few words, such as names of columns; null where none is near.</summary>
    public static string? Among(IEnumerable<string> words, string meant)
    {
        byte[] key = Encoding.UTF8.GetBytes(meant.ToLowerInvariant());
        if (key.Length > 100)
            return null;
        int allowed = Math.Clamp(key.Length / 3, 1, 6);
        int[] row = new int[key.Length + 1];
        return words.Select(word => (Edits: Edits(key, Encoding.UTF8.GetBytes(word), row, allowed), Word: word)).Where(w => w.Edits <= allowed).OrderBy(w => w.Edits).FirstOrDefault().Word
            ?? words.FirstOrDefault(word => meant.Length >= 4 && (word.Contains(meant, StringComparison.OrdinalIgnoreCase) || meant.Contains(word, StringComparison.OrdinalIgnoreCase)));
    }

    /// <summary>Names of nodes that are near.</summary>
    public static IReadOnlyList<string> To(NodeNames names, string target, CancellationToken cancel = default)
    {
        byte[] key = Encoding.UTF8.GetBytes(NodeNames.ToKey(target));
        return names.Count > MostNames || key.Length > 200 ? Neighbours(names, key) : Edited(names, key, cancel);
    }

    private static List<string> Edited(NodeNames names, byte[] key, CancellationToken cancel)
    {
        int allowed = Math.Clamp(key.Length / 4, 1, 4), node = 0;
        var near = new List<(int Edits, int Node)>();
        int[] row = new int[key.Length + 1];
        foreach (ReadOnlySpan<byte> other in names.EnumerateKeys())
        {
            if ((node & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int edits = Math.Abs(other.Length - key.Length) > allowed ? int.MaxValue : Edits(key, other, row, allowed);
            if (edits <= allowed)
                near.Add((edits, node));
            node++;
        }
        return [.. near.Order().Take(MostShown).Select(n => names[n.Node])];
    }

    /// <summary>Levenshtein's distance, or more than <paramref name="allowed"/> as soon as that is sure.</summary>
    private static int Edits(ReadOnlySpan<byte> a, ReadOnlySpan<byte> b, int[] row, int allowed)
    {
        for (int i = 0; i <= a.Length; i++)
            row[i] = i;
        for (int j = 1; j <= b.Length; j++)
        {
            int diagonal = row[0], least = row[0] = j;
            for (int i = 1; i <= a.Length; i++)
            {
                int edits = Math.Min(Math.Min(row[i], row[i - 1]) + 1, diagonal + (a[i - 1] == b[j - 1] ? 0 : 1));
                diagonal = row[i];
                row[i] = edits;
                least = Math.Min(least, edits);
            }
            if (least > allowed)
                return int.MaxValue;
        }
        return row[a.Length];
    }

    /// <summary>What stands around the place that the name would have.</summary>
    private static List<string> Neighbours(NodeNames names, byte[] key)
    {
        int low = 0, high = names.Count;
        while (low < high)
        {
            int middle = low + (high - low) / 2;
            if (Encoding.UTF8.GetBytes(names.Key(middle)).AsSpan().SequenceCompareTo(key) < 0)
                low = middle + 1;
            else
                high = middle;
        }
        int first = Math.Max(0, low - 1);
        return [.. Enumerable.Range(first, Math.Min(MostShown, names.Count - first)).Select(node => names[node])];
    }
}
