using System.Globalization;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>
/// A run in the layout of Common Crawl's <c>…-ranks.txt</c>: a header, then one line a node from the highest harmonic
/// centrality down, separated by tabs:
/// <code>
/// #harmonicc_pos  place by harmonic centrality, from 1
/// #harmonicc_val  harmonic centrality as a 32-bit float
/// #pr_pos         place by PageRank, from 1
/// #pr_val         PageRank as a 64-bit float
/// #host_rev       host or domain with its labels reversed
/// #n_hosts        hosts of the domain; only where the graph knows them
/// </code>
/// Numbers are written as Java writes them, and equal values are placed in order of names, as cc-webgraph does
/// (harmonic values are equal when they are equal as 32-bit floats). The <em>values</em> of Common Crawl's PageRank
/// come from LAW's own stopping rule; ours are as exact as the run's error bound says.
/// </summary>
public static class CommonCrawlRanks
{
    /// <summary>Writes all lines; 20 bytes of memory a node for the two orders.</summary>
    /// <exception cref="StoreException">The run has no harmonic centrality.</exception>
    public static void Write(Run run, Stream stream, IProgress<StepProgress>? progress = null, CancellationToken cancel = default)
    {
        ScoreColumn harmonic = Require(run), pagerank = run.Column("pagerank")!;
        using MappedArray<uint>? hosts = run.Graph.Manifest.Arrays.TryGetValue("hosts", out ArrayEntry? entry) && entry.Dtype == "<u4"
            ? MappedArray<uint>.Open(Path.Combine(run.Graph.Folder, entry.File)) : null;
        int n = run.Graph.NodeCount;
        progress?.Report(new StepProgress("sorting", 0, n, "nodes"));
        int[] places = new int[n];
        int[] order = pagerank.Order();
        for (int i = 0; i < n; i++)
            places[order[i]] = i + 1;
        cancel.ThrowIfCancellationRequested();
        float[] keys = new float[n];
        for (int node = 0; node < n; node++)
        {
            order[node] = node;
            keys[node] = -(float)harmonic[node];
        }
        ScoreColumn.SortStable(keys, order);
        using TextRows rows = new(stream);
        rows.Add("#harmonicc_pos\t#harmonicc_val\t#pr_pos\t#pr_val\t#host_rev").Add(hosts is null ? "\n" : "\t#n_hosts\n");
        for (int i = 0; i < n; i++)
        {
            if ((i & 0xFFFF) == 0)
            {
                cancel.ThrowIfCancellationRequested();
                progress?.Report(new StepProgress("writing lines", i, n, "nodes"));
            }
            int node = order[i];
            rows.Add((long)i + 1).Add('\t').Add(JavaNumber((float)harmonic[node])).Add('\t')
                .Add((long)places[node]).Add('\t').Add(JavaNumber(pagerank[node])).Add('\t').Add(run.Graph.Names.Key(node));
            if (hosts is not null)
                rows.Add('\t').Add((long)hosts[node]);
            rows.Add('\n');
        }
    }

    /// <summary>Says at once whether <see cref="Write"/> can work.</summary>
    /// <exception cref="StoreException">The run has no harmonic centrality.</exception>
    public static ScoreColumn Require(Run run) => run.Column("harmonic")
        ?? throw new StoreException(run.Folder, "has no harmonic centrality, by which Common Crawl's ranks are sorted; rank again with '--with harmonic'");

    internal static string JavaNumber(double value) => JavaNumber(value.ToString("E16", CultureInfo.InvariantCulture), value.ToString("R", CultureInfo.InvariantCulture), value);

    internal static string JavaNumber(float value) => JavaNumber(value.ToString("E8", CultureInfo.InvariantCulture), value.ToString("R", CultureInfo.InvariantCulture), value);

    /// <summary>Java's Double.toString: plain from 10⁻³ to below 10⁷, else d.dddE±x; at least one digit after the point.</summary>
    /// <param name="scientific">Any scientific form, for the exponent.</param>
    /// <param name="shortest">The fewest digits that read back as the value.</param>
    private static string JavaNumber(string scientific, string shortest, double value)
    {
        if (value == 0)
            return "0.0";
        int mark = shortest.IndexOf('E', StringComparison.Ordinal);
        string digits = (mark < 0 ? shortest : shortest[..mark]).Replace(".", "", StringComparison.Ordinal).TrimStart('0').TrimEnd('0');
        int exponent = int.Parse(scientific.AsSpan(scientific.IndexOf('E', StringComparison.Ordinal) + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
        if (exponent is < -3 or >= 7)
            return $"{digits[0]}.{(digits.Length > 1 ? digits[1..] : "0")}E{exponent.ToString(CultureInfo.InvariantCulture)}";
        if (exponent < 0)
            return $"0.{new string('0', -exponent - 1)}{digits}";
        digits = digits.PadRight(exponent + 1, '0');
        return $"{digits[..(exponent + 1)]}.{(digits.Length > exponent + 1 ? digits[(exponent + 1)..] : "0")}";
    }
}
