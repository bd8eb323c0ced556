namespace Backlinks.Evaluation;

/// <summary>
/// What the link features of the web spam collections say once their scale is taken out: logarithms, and ratios of measures that
/// a natural host has in proportion and a boosted one has not (Becchetti, Castillo, Donato, Leonardi, Baeza-Yates 2006): in-degree and
/// deviation of the in-neighbours' PageRank to PageRank, TrustRank to PageRank and to in-degree, truncated PageRank to PageRank and level
/// to level, supporters and supporting sites within k links to those within k − 1, sites to pages among the supporters; for the home page (hp) and the page of maximum
/// PageRank (mp) and between the two. A row at a time, nothing is fitted. Zero-safe: log(x + ε), ε = 1 for counts, 1e-12 for probabilities.
/// </summary>
public static class LinkTransforms
{
    private const double Probability = 1e-12;

    /// <summary>The columns that can be made of those that are there; all of them of the 41 link features of UK2006 and UK2007.</summary>
    public static FeatureTable Of(FeatureTable raw)
    {
        var names = new List<string>();
        var columns = new List<double[]>();
        void Add(string name, double[]? column)
        {
            if (column is not null)
            {
                names.Add(name);
                columns.Add(column);
            }
        }
        double[]? Log(string name, double small = 1) => raw.Has(name) ? [.. raw[name].Select(x => Math.Log(x + small))] : null;
        static double[]? Over(double[]? a, double[]? b) => a is null || b is null ? null : [.. a.Zip(b, (x, y) => x - y)];
        static double[]? Times(double[]? a, double[]? b) => a is null || b is null ? null : [.. a.Zip(b, (x, y) => x + y)];
        foreach (string page in new[] { "hp", "mp" })
        {
            double[]? rank = Log($"pagerank_{page}", Probability), trust = Log($"trustrank_{page}", Probability), sigma = Log($"prsigma_{page}", Probability), into = Log($"indegree_{page}"), outOf = Log($"outdegree_{page}"),
                inOfOut = Log($"avgin_of_out_{page}"), outOfIn = Log($"avgout_of_in_{page}");
            Add($"log_pagerank_{page}", rank);
            Add($"log_trustrank_{page}", trust);
            Add($"log_prsigma_{page}", sigma);
            Add($"log_indegree_{page}", into);
            Add($"log_outdegree_{page}", outOf);
            Add($"log_indegree_by_pagerank_{page}", Over(into, rank));
            Add($"log_outdegree_by_pagerank_{page}", Over(outOf, rank));
            Add($"log_prsigma_by_pagerank_{page}", Over(sigma, rank));
            Add($"log_trustrank_by_pagerank_{page}", Over(trust, rank));
            Add($"log_trustrank_by_indegree_{page}", Over(trust, into));
            Add($"log_indegree_by_outdegree_{page}", Over(into, outOf));
            Add($"log_assortativity_{page}", Log($"assortativity_{page}", .01));
            Add($"log_avgin_of_out_{page}", inOfOut);
            Add($"log_avgout_of_in_{page}", outOfIn);
            Add($"log_avgin_of_out_times_outdegree_{page}", Times(inOfOut, outOf));
            Add($"log_avgout_of_in_times_indegree_{page}", Times(outOfIn, into));
            Add($"reciprocity_of_{page}", raw.Has($"reciprocity_{page}") ? raw[$"reciprocity_{page}"] : null);
            double[]? nearer = into, nearerSites = null, nearerRank = rank;
            for (int k = 1; k <= 4; k++)
            {
                double[]? supporters = k == 1 ? into : Log($"neighbors_{k}_{page}"), sites = Log($"siteneighbors_{k}_{page}"), truncated = Log($"truncatedpagerank_{k}_{page}", Probability);
                if (k > 1)
                {
                    Add($"log_neighbors_{k}_{page}", supporters);
                    Add($"log_neighbors_{k}_by_{k - 1}_{page}", Over(supporters, nearer));
                    Add($"log_neighbors_{k}_by_pagerank_{page}", Over(supporters, rank));
                    Add($"log_siteneighbors_{k}_by_{k - 1}_{page}", Over(sites, nearerSites));
                    Add($"log_truncatedpagerank_{k}_by_{k - 1}_{page}", Over(truncated, nearerRank));
                }
                Add($"log_siteneighbors_{k}_{page}", sites);
                Add($"log_siteneighbors_{k}_by_pagerank_{page}", Over(sites, rank));
                Add($"log_siteneighbors_{k}_by_neighbors_{k}_{page}", Over(sites, supporters));
                Add($"log_truncatedpagerank_{k}_by_pagerank_{page}", Over(truncated, rank));
                Add($"log_trustrank_by_truncatedpagerank_{k}_{page}", Over(trust, truncated));
                (nearer, nearerSites, nearerRank) = (supporters, sites, truncated);
            }
        }
        foreach (string name in new[] { "indegree", "outdegree", "avgin_of_out", "avgout_of_in", "assortativity", "siteneighbors_1", "neighbors_2" })
            Add($"log_{name}_hp_by_mp", Over(Log($"{name}_hp"), Log($"{name}_mp")));
        foreach (string name in new[] { "pagerank", "trustrank", "prsigma" })
            Add($"log_{name}_hp_by_mp", Over(Log($"{name}_hp", Probability), Log($"{name}_mp", Probability)));
        Add("hp_is_mp", raw.Has("eq_hp_mp") ? raw["eq_hp_mp"] : null);
        return new FeatureTable(names, columns);
    }
}
