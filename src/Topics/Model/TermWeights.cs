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
    public static void Write(PageTerms page, ReadOnlySpan<float> rarities, float anchorShare, Span<float> weights)
    {
        double content = 0, anchors = 0;
        for (int i = 0; i < page.Count; i++)
        {
            float rarity = rarities[page.Terms[i]];
            double c = Weight(page.InContent[i], rarity), a = Weight(page.InAnchors[i], rarity);
            content += c * c;
            anchors += a * a;
        }
        double ofContent = content > 0 ? (anchors > 0 ? 1 - anchorShare : 1) / Math.Sqrt(content) : 0;
        double ofAnchors = anchors > 0 ? (content > 0 ? anchorShare : 1) / Math.Sqrt(anchors) : 0;
        double sum = 0;
        for (int i = 0; i < page.Count; i++)
        {
            float rarity = rarities[page.Terms[i]];
            float weight = (float)(ofContent * Weight(page.InContent[i], rarity) + ofAnchors * Weight(page.InAnchors[i], rarity));
            weights[i] = weight;
            sum += (double)weight * weight;
        }
        float scale = sum > 0 ? (float)(1 / Math.Sqrt(sum)) : 0;
        foreach (ref float weight in weights[..page.Count])
            weight *= scale;
    }

    private static double Weight(float frequency, float rarity) => 
        rarity * (frequency <= 0 ? 0 : frequency <= 1 ? 1 : frequency < Sublinear.Length && frequency == (int)frequency ? Sublinear[(int)frequency] : 1 + Math.Log(frequency));
}
