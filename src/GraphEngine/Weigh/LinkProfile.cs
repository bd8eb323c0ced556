namespace Backlinks.GraphEngine;

/// <summary>What <see cref="LinkProfile"/>'s position factor is.</summary>
public enum PositionVariant
{
    /// <summary>max(floor, exp(−decay·p)), p the relative place in the main text.</summary>
    Exponential,

    /// <summary>(in-links of the target / most in-links of any)^exponent, after Xing and Ghorbani (2004). Predicts human
    /// clicks worse than no factor at all (5.852 bits a click against 5.736), so it is never a default.</summary>
    Popularity,
}

/// <summary>The factors of a weight, for switching them off.</summary>
[Flags]
public enum LinkFactorSet
{
    None = 0,
    Rel = 1,
    Zone = 2,
    Position = 4,
    Form = 8,
    Relevance = 16,
    Sitewide = 32,

    /// <summary>The factor of links between domains of one owner, and the edge they share to a common target.</summary>
    Owner = 64,
    All = 127,
}

/// <summary>
/// The values of all factors that make a <see cref="LinkWeight"/>. Immutable; named ones below, or one's own from JSON
/// (<see cref="LinkProfileFile"/>). Weights are relative: only their ratios on one page matter, and the sum of those
/// between two domains.
/// </summary>
public sealed record LinkProfile
{
    /// <summary>The default: nofollow is obeyed.</summary>
    public static LinkProfile Default { get; } = new();

    /// <summary>nofollow and ugc as hints, which Google has taken them for since 2019: a tenth gets through.</summary>
    public static LinkProfile Hint { get; } = new() { Name = "hint", Ugc = .1, Nofollow = .1 };

    /// <summary>Every followed link weighs 1: all factors but rel are off.</summary>
    public static LinkProfile Uniform { get; } = new() { Name = "uniform", Off = LinkFactorSet.All & ~LinkFactorSet.Rel };

    /// <summary>The default with <see cref="PositionVariant.Popularity"/>, to compare.</summary>
    public static LinkProfile Popularity { get; } = new() { Name = "popularity", Variant = PositionVariant.Popularity };

    /// <summary>The named profiles.</summary>
    public static IReadOnlyList<LinkProfile> Named { get; } = [Default, Hint, Uniform, Popularity];

    public string Name { get; init; } = "default";

    /// <summary>Factors that are 1 whatever the link, for ablation. Default none.</summary>
    public LinkFactorSet Off { get; init; }

    // rel, 0 to 1. Of several marks the smallest counts.

    /// <summary>A link without marks. Default 1.</summary>
    public double Follow { get; init; } = 1;

    /// <summary>User-generated content. Default .05: sites mark whole forums so, and some of it is sincere.</summary>
    public double Ugc { get; init; } = .05;

    /// <summary>Default 0, as the standard of 2005 has it.</summary>
    public double Nofollow { get; init; }

    /// <summary>Paid. Default 0, in every named profile: what is bought is no vote.</summary>
    public double Sponsored { get; init; }

    /// <summary>The page is nofollow as a whole. Default 0.</summary>
    public double PageNofollow { get; init; }

    // zone, 0 to 1.

    /// <summary>The main text. Default 1: the measure of the others.</summary>
    public double Main { get; init; } = 1;

    /// <summary>A list or table in the main text. Default .8: many links side by side, each read less.</summary>
    public double MainList { get; init; } = .8;

    /// <summary>Default .3.</summary>
    public double Aside { get; init; } = .3;

    /// <summary>Default .25: the same on all pages, so it says little about this one; and the least a link of the main text has.</summary>
    public double Nav { get; init; } = .25;

    /// <summary>Default .25, as <see cref="Nav"/>.</summary>
    public double Header { get; init; } = .25;

    /// <summary>Default .1: hardly seen.</summary>
    public double Footer { get; init; } = .1;

    /// <summary>Default .1: not the page's author speaks.</summary>
    public double Comments { get; init; } = .1;

    /// <summary>Hidden from readers, wherever it stands. Default 0.</summary>
    public double Hidden { get; init; }

    /// <summary>The source does not tell: reports and exports. Default .5: between main text and boilerplate.</summary>
    public double ZoneUnknown { get; init; } = .5;

    // position: of links in the main text, its lists, and where the zone is unknown. Elsewhere 1: the zone has said all.

    /// <summary>Default <see cref="PositionVariant.Exponential"/>.</summary>
    public PositionVariant Variant { get; init; }

    /// <summary>Decay over the whole length of the text, 0 to 20. Default 2: best of .5, 1, … 3 on 34,388 human clicks
    /// (5.543 bits a click against 5.736 without).</summary>
    public double PositionDecay { get; init; } = 2;

    /// <summary>The least factor, 0 to 1. Default .25: the last fifth of a text is clicked a quarter as often as the first
    /// (.44 against 1.73 of the mean).</summary>
    public double PositionFloor { get; init; } = .25;

    /// <summary>The place that a link of unknown place is taken to have, 0 to 1. Default .5, the middle: on both halves of the
    /// clicks better than .6 (5.541 bits against 5.544), and within a thousandth of the best.</summary>
    public double PositionUnknown { get; init; } = .5;

    /// <summary>Exponent of <see cref="PositionVariant.Popularity"/>, 0 to 2. Default .5.</summary>
    public double PopularityExponent { get; init; } = .5;

    // form, 0 to 1.

    /// <summary>Default 1.</summary>
    public double Descriptive { get; init; } = 1;

    /// <summary>Default .8.</summary>
    public double ImageWithAlt { get; init; } = .8;

    /// <summary>Default .8.</summary>
    public double NakedUrl { get; init; } = .8;

    /// <summary>Default .7.</summary>
    public double Generic { get; init; } = .7;

    /// <summary>Default .4: nothing to read, hardly anything to click.</summary>
    public double Empty { get; init; } = .4;

    /// <summary>A report without anchor text. Default .8: most links have words, but nobody vouches for it.</summary>
    public double FormUnknown { get; init; } = .8;

    // relevance: least + (1 − least)·similarity.

    /// <summary>The factor of a link between pages that have nothing in common, 0 to 1. Default .5.</summary>
    public double RelevanceLeast { get; init; } = .5;

    /// <summary>The factor where the similarity is unknown, 0 to 1. Default .75: the middle of the range.</summary>
    public double RelevanceUnknown { get; init; } = .75;

    // site-wide: the same target, anchor and zone on many pages of a site counts once, as its best instance × scale × (1 + log10 pages).

    /// <summary>Share of a site's pages from which on a link is site-wide, above 0 to 1. Default .3.</summary>
    public double SitewideShare { get; init; } = .3;

    /// <summary>Pages from which on a link can be site-wide, 2 to 1,000,000. Default 5: on a site of three pages nothing is.</summary>
    public int SitewidePages { get; init; } = 5;

    /// <summary>0 to 10. Default .3: of ten pages the best instance counts .6, of a thousand 1.2.</summary>
    public double SitewideScale { get; init; } = .3;

    /// <summary>Whether links within a site are folded too. Default no: a menu is how a site hands authority to its own
    /// pages, which counts in page authority only, and a page with nothing but a menu would otherwise link nowhere.</summary>
    public bool SitewideInternal { get; init; }

    /// <summary>Factor of a domain's weight for another domain of the same owner, 0 to 1. Default .1: recommending oneself is
    /// no vote (within a domain it counts nothing at all); the rest evaporates, so that a family of sites cannot keep its
    /// authority going round.</summary>
    public double WithinOwner { get; init; } = .1;

    /// <summary>Whether a factor is in force.</summary>
    public bool Uses(LinkFactorSet factor) => (Off & factor) == 0;

    /// <summary>This profile without a factor.</summary>
    public LinkProfile Without(LinkFactorSet factor) => this with { Off = Off | factor, Name = $"{Name} without {LinkProfileFile.Words(factor)}" };

    public double OfRel(LinkRel rel)
    {
        if (!Uses(LinkFactorSet.Rel))
            return 1;
        double least = Follow;
        if ((rel & LinkRel.Ugc) != 0)
            least = Math.Min(least, Ugc);
        if ((rel & LinkRel.Nofollow) != 0)
            least = Math.Min(least, Nofollow);
        if ((rel & LinkRel.Sponsored) != 0)
            least = Math.Min(least, Sponsored);
        if ((rel & LinkRel.PageNofollow) != 0)
            least = Math.Min(least, PageNofollow);
        return least;
    }

    public double OfZone(Zone zone, bool hidden) => !Uses(LinkFactorSet.Zone) ? 1 : hidden ? Hidden : zone switch
    {
        Zone.Main => Main,
        Zone.MainList => MainList,
        Zone.Aside => Aside,
        Zone.Nav => Nav,
        Zone.Header => Header,
        Zone.Footer => Footer,
        Zone.Comments => Comments,
        _ => ZoneUnknown,
    };

    /// <param name="position">Relative place in the main text; NaN where unknown.</param>
    /// <param name="popularity">In-links of the target over the most of any; NaN where unknown, which counts as none.</param>
    public double OfPosition(Zone zone, float position, double popularity = double.NaN)
    {
        if (!Uses(LinkFactorSet.Position))
            return 1;
        if (Variant == PositionVariant.Popularity)
            return double.IsNaN(popularity) ? 0 : Math.Pow(Math.Clamp(popularity, 0, 1), PopularityExponent);
        if (zone is not (Zone.Main or Zone.MainList or Zone.Unknown))
            return 1;
        double p = float.IsNaN(position) ? PositionUnknown : Math.Clamp(position, 0, 1);
        return Math.Max(PositionFloor, Math.Exp(-PositionDecay * p));
    }

    public double OfForm(AnchorForm form) => !Uses(LinkFactorSet.Form) ? 1 : form switch
    {
        AnchorForm.Descriptive => Descriptive,
        AnchorForm.ImageWithAlt => ImageWithAlt,
        AnchorForm.NakedUrl => NakedUrl,
        AnchorForm.Generic => Generic,
        AnchorForm.Empty => Empty,
        _ => FormUnknown,
    };

    /// <param name="similarity">0 to 1; NaN where unknown.</param>
    public double OfRelevance(double similarity) => !Uses(LinkFactorSet.Relevance) ? 1
        : double.IsNaN(similarity) ? RelevanceUnknown : RelevanceLeast + (1 - RelevanceLeast) * Math.Clamp(similarity, 0, 1);

    /// <summary>Whether so many of a site's pages make a link site-wide.</summary>
    public bool IsSitewide(int pages, int pagesOfSite) =>
        Uses(LinkFactorSet.Sitewide) && pages >= SitewidePages && pages >= SitewideShare * pagesOfSite;

    /// <summary>The factor of the best instance of a link that stands on so many pages.</summary>
    public double OfSitewide(int pages) => SitewideScale * (1 + Math.Log10(pages));

    public double OfOwner(bool same) => same && Uses(LinkFactorSet.Owner) ? WithinOwner : 1;
}
