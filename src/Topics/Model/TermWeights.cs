namespace Backlinks.Topics;

/// <summary>
/// A page as a vector of length 1 over its terms: TF-IDF, sublinear,
/// <code>
/// c(t) = (1 + ln max(1, tf_content(t))) · rarity(t)     a(t) likewise of the anchors
/// v    = .7·c/‖c‖ + .3·a/‖a‖, scaled to ‖v‖ = 1         c or a alone where the other is empty
/// </code>
/// Salton, Buckley 1988 (their ltc). What others say of a page is a field of its own, so that a page with a thousand anchors
/// is not drowned by them, and one without text is still known by them.
/// </summary>
internal static class TermWeights
{
    private static readonly double[] Sublinear = [0, .. Enumerable.Range(1, 511).Select(f => 1 + Math.Log(f))];

    /// <summary>Writes the weight of each term of the page, in its order. All 0 where nothing in it tells anything.</summary>
    /// <param name="rarities">Of each term of the page, in its order.</param>
    public static void Write(PageTerms page, ReadOnlySpan<float> rarities, float anchorShare, Span<float> weights)
    {
        int n = page.Count;
        ReadOnlySpan<float> inContent = page.InContent.AsSpan(0, n), inAnchors = page.InAnchors.AsSpan(0, n);
        double content = Field(inContent, rarities, weights);
        if (page.AnchorTokens == 0)
        {
            Scale(weights[..n], content);
            return;
        }
        Span<float> ofAnchors = n <= 1024 ? stackalloc float[n] : new float[n];
        double anchors = Field(inAnchors, rarities, ofAnchors);
        double c = content > 0 ? (anchors > 0 ? 1 - anchorShare : 1) / Math.Sqrt(content) : 0, a = anchors > 0 ? (content > 0 ? anchorShare : 1) / Math.Sqrt(anchors) : 0;
        double sum = 0;
        for (int i = 0; i < n; i++)
        {
            weights[i] = (float)(c * weights[i] + a * ofAnchors[i]);
            sum += (double)weights[i] * weights[i];
        }
        Scale(weights[..n], sum);
    }

    /// <summary>Unscaled weights of a field; returns the sum of their squares.</summary>
    private static double Field(ReadOnlySpan<float> frequencies, ReadOnlySpan<float> rarities, Span<float> weights)
    {
        double sum = 0;
        for (int i = 0; i < frequencies.Length; i++)
        {
            float f = frequencies[i];
            double weight = rarities[i] * (f <= 0 ? 0 : f <= 1 ? 1 : f < Sublinear.Length && f == (int)f ? Sublinear[(int)f] : 1 + Math.Log(f));
            weights[i] = (float)weight;
            sum += weight * weight;
        }
        return sum;
    }

    private static void Scale(Span<float> weights, double square)
    {
        float scale = square > 0 ? (float)(1 / Math.Sqrt(square)) : 0;
        foreach (ref float weight in weights)
            weight *= scale;
    }
}
