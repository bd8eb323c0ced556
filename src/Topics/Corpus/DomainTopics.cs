namespace Backlinks.Topics;

/// <summary>
/// The topics of domains from those of their pages: the mean of the pages' distributions, weighted by confidence and, where given,
/// by each page's authority, so that the page everybody links to says more than one nobody does. A domain none of whose
/// pages is known has all topics alike and confidence 0.
/// <para><b>Confidence</b> is the weighted mean of the confidence of the pages whose likeliest topic is the domain's, others counting 0:
/// the share of the site that is surely about what the site is said to be about. Pages are summed in their order; one pass, 8·K bytes a
/// domain.</para>
/// </summary>
public static class DomainTopics
{
    /// <param name="topics">p×K, rows of sum 1.</param>
    /// <param name="confidence">p.</param>
    /// <param name="domains">The domain of each page, below <paramref name="domainCount"/>.</param>
    /// <param name="authority">Of each page, ≥ 0; empty for all alike.</param>
    /// <returns>n×K, rows of sum 1, and n.</returns>
    /// <exception cref="ArgumentException">Arrays that do not fit each other.</exception>
    public static (float[] Topics, float[] Confidence) Fold(ReadOnlySpan<float> topics, ReadOnlySpan<float> confidence, ReadOnlySpan<uint> domains, int domainCount,
        ReadOnlySpan<double> authority = default, CancellationToken cancel = default)
    {
        int p = confidence.Length, K = p == 0 ? 1 : topics.Length / p;
        if (topics.Length != (long)p * K || domains.Length != p || (authority.Length != p && authority.Length != 0))
            throw new ArgumentException($"{topics.Length} probabilities, {p} confidences, {domains.Length} domains and {authority.Length} authorities do not fit each other");
        double[] sums = new double[(long)domainCount * K], weights = new double[domainCount], agreeing = new double[domainCount];
        for (int page = 0; page < p; page++)
        {
            if ((page & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int domain = DomainOf(domains, page, domainCount);
            double weight = confidence[page] * (authority.IsEmpty ? 1 : authority[page]);
            weights[domain] += weight;
            if (weight == 0)
                continue; // most pages were never read
            for (int k = 0; k < K; k++)
                sums[domain * (long)K + k] += weight * topics[page * K + k];
        }
        float[] folded = new float[(long)domainCount * K], sure = new float[domainCount];
        int[] best = new int[domainCount];
        for (int domain = 0; domain < domainCount; domain++)
        {
            if (!(weights[domain] > 0))
            {
                folded.AsSpan(domain * K, K).Fill(1f / K);
                continue;
            }
            for (int k = 0; k < K; k++)
            {
                folded[domain * (long)K + k] = (float)(sums[domain * (long)K + k] / weights[domain]);
                best[domain] = folded[domain * (long)K + k] > folded[domain * (long)K + best[domain]] ? k : best[domain];
            }
        }
        Array.Clear(weights); // now of all known pages by authority alone: confidence is what is averaged
        for (int page = 0; page < p; page++)
        {
            int domain = DomainOf(domains, page, domainCount);
            if (confidence[page] <= 0)
                continue;
            double weight = authority.IsEmpty ? 1 : authority[page];
            weights[domain] += weight;
            ReadOnlySpan<float> row = topics.Slice(page * K, K);
            int likeliest = 0;
            for (int k = 1; k < K; k++)
                likeliest = row[k] > row[likeliest] ? k : likeliest;
            agreeing[domain] += likeliest == best[domain] ? weight * confidence[page] : 0;
        }
        for (int domain = 0; domain < domainCount; domain++)
            sure[domain] = weights[domain] > 0 ? (float)(agreeing[domain] / weights[domain]) : 0;
        return (folded, sure);
    }

    private static int DomainOf(ReadOnlySpan<uint> domains, int page, int count) =>
        domains[page] < (uint)count ? (int)domains[page] : throw new ArgumentException($"page {page} is of domain {domains[page]} of {count}", nameof(domains));
}
