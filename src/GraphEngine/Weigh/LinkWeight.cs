namespace Backlinks.GraphEngine;

/// <summary>
/// How much of its page's authority one link may carry:
/// <code>weight = rel × zone × position × form × relevance × site-wide        full = the same without rel</code>
/// A link's share of its page is weight / Σ full over <em>all</em> links of the page: so what rel withholds is in the
/// denominator and nobody's gain, it evaporates, and cannot be steered to the other links. The reasonable surfer of US
/// patent 7,716,225 (Dean, Anderson, Battle 2004) with factors that a person can check; where their values come from stands
/// beside each in <see cref="LinkProfile"/>.
/// Redirects and canonicals speak for the whole page: rel, zone, position, form and relevance are 1.
/// Products are taken in double, in the order above, and rounded once.
/// </summary>
/// <param name="Rel">0 to 1, what nofollow, ugc, sponsored and the page's nofollow leave.</param>
/// <param name="Zone">0 to 1, by where on the page the link stands; hidden links have theirs here.</param>
/// <param name="Position">0 to 1, by its place in the main text.</param>
/// <param name="Form">0 to 1, by the kind of anchor.</param>
/// <param name="Relevance">0 to 1, by the similarity of both ends.</param>
/// <param name="Sitewide">1 for a link of its own; of one that stands all over a site the best instance has more, or less,
/// and the others 0, as have reports of links that were seen themselves: all is counted once.</param>
public readonly record struct LinkWeight(float Rel, float Zone, float Position, float Form, float Relevance, float Sitewide)
{
    /// <summary>What the link would weigh if it were followed.</summary>
    public float Full => (float)((double)Zone * Position * Form * Relevance * Sitewide);

    /// <summary>What the link weighs, at most <see cref="Full"/>.</summary>
    public float Weight => Math.Min((float)((double)Rel * Zone * Position * Form * Relevance * Sitewide), Full);

    /// <summary>The factors of one link, its site-wide factor 1.</summary>
    /// <param name="position">Relative place in the main text, 0 to 1; NaN where unknown.</param>
    /// <param name="similarity">Of source and target, 0 to 1; NaN where unknown.</param>
    /// <param name="popularity">In-links of the target over those of the most linked one, 0 to 1: for profiles whose position
    /// factor is <see cref="PositionVariant.Popularity"/>.</param>
    public static LinkWeight Of(LinkProfile profile, LinkKind kind, LinkRel rel, Zone zone, float position, AnchorForm form, float similarity = float.NaN, double popularity = double.NaN)
    {
        if (kind is LinkKind.Redirect or LinkKind.Canonical)
            return new LinkWeight(1, 1, 1, 1, 1, 1);
        return new LinkWeight(
            (float)profile.OfRel(rel),
            (float)profile.OfZone(zone, (rel & LinkRel.Hidden) != 0),
            (float)profile.OfPosition(zone, position, popularity),
            (float)profile.OfForm(form),
            (float)profile.OfRelevance(similarity),
            1);
    }
}
