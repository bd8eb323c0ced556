using System.IO.Hashing;
using System.Text;
using System.Text.Json;
using Backlinks.GraphEngine;

namespace Backlinks.Stores;

/// <summary>The rows of each table, in the order of <see cref="RowSchema"/>.</summary>
internal sealed class RowTables
{
    private const int MostHops = 10; // a browser follows twenty, a crawler ten

    private readonly RowPages _pages;
    private readonly RowLinks _links;
    private readonly RowTexts _texts;
    private readonly RowSums _sums;
    private readonly RowScores _ofPages, _ofDomains;
    private readonly RowText[] _observers;
    private readonly RowText[] _kinds, _zones, _outcomes, _reasons, _forms, _granularities;
    private readonly RowText _live, _missing, _lost, _brand;
    private readonly MappedArray<uint>? _domainOfNode;
    private readonly double[] _pageRatings, _domainRatings; // by number; NaN where there are too few links to tell
    private readonly RowText[] _pageTopics, _domainTopics;

    public RowTables(RowPages pages, RowLinks links, RowTexts texts, RowSums sums, RowScores ofPages, RowScores ofDomains, RowText[] observers)
    {
        (_pages, _links, _texts, _sums, _ofPages, _ofDomains, _observers) = (pages, links, texts, sums, ofPages, ofDomains, observers);
        _kinds = Words<LinkKind>();
        _zones = Words<Zone>();
        _outcomes = Words<VisitOutcome>();
        _reasons = Words<LostReason>();
        _reasons[0] = RowText.None;
        _forms = Words<AnchorForm>();
        _granularities = Words<Granularity>();
        (_live, _missing, _lost, _brand) = (pages.Texts.Add("live"u8), pages.Texts.Add("missing"u8), pages.Texts.Add("lost"u8), pages.Texts.Add("brand"u8));
        _domainOfNode = ofPages.Graph.MapIfPresent<uint>("domains");
        _pageRatings = [.. pages.NodeOf.Select(node => ofPages.Rating(node, _domainOfNode))];
        _domainRatings = [.. pages.DomainNodes.Select(node => ofDomains.Rating(node, null))];
        _pageTopics = [.. pages.NodeOf.Select(ofPages.Topic)];
        _domainTopics = [.. pages.DomainNodes.Select(ofDomains.Topic)];
    }

    public int Pages => _pages.Count;

    public int Domains => _pages.Domains;

    /// <summary>An enum's names in lower case, by number.</summary>
    private RowText[] Words<T>() where T : struct, Enum
    {
        var words = new RowText[256];
        Array.Fill(words, RowText.None);
        foreach (T value in Enum.GetValues<T>())
            words[Convert.ToByte(value, System.Globalization.CultureInfo.InvariantCulture)] = _pages.Texts.Add(JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));
        return words;
    }

    public void AppendDomains(RowAppender row)
    {
        for (int no = 0; no < Domains; no++)
        {
            int node = _pages.DomainNodes[no];
            ref readonly RowSums.OfDomain sum = ref _sums.Domains[no];
            row.Add((uint)no);
            row.Add(node < 0 ? null : (uint?)node);
            row.Add(_pages.DomainNames[no]);
            row.Add(_pages.DomainKeys[no]);
            row.AddNumber(_domainRatings[no]);
            row.AddNumber(_ofDomains.Raw(node));
            row.AddNumber(_ofDomains.RawBefore(node));
            row.AddNumber(_ofDomains.PageRank(node));
            AddStanding(row, _ofDomains, node);
            row.AddNumber(_ofDomains.Truncated(node));
            row.AddNumber(_ofDomains.Trust(node));
            row.AddNumber(_ofDomains.Harmonic(node));
            row.AddNumber(_ofDomains.Robust(node));
            row.AddNumber(_ofDomains.Spam(node));
            row.Add(_ofDomains.Cluster(node));
            row.Add(_domainTopics[no]);
            row.AddNumber(_ofDomains.Confidence(node));
            foreach (uint count in (ReadOnlySpan<uint>)[sum.Pages, sum.Visited, sum.Addresses, sum.Backlinks, sum.Dofollow, sum.Lost, sum.New, sum.Refdomains, sum.DofollowRefdomains,
                sum.Ips, sum.Networks, sum.Outlinks, sum.LinkedDomains, sum.DofollowLinkedDomains])
                row.Add(count);
            row.AddTime(sum.FirstSeen);
            row.AddTime(sum.LastVisited);
            row.EndRow();
        }
    }

    public void AppendPages(RowAppender row, CancellationToken cancel)
    {
        for (int no = 0; no < Pages; no++)
        {
            if ((no & 0xFFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int node = _pages.NodeOf[no];
            ref readonly RowPages.Seen seen = ref _pages.Facts[no];
            ref readonly RowSums.OfPage sum = ref _sums.Pages[no];
            bool visited = seen.Outcome != RowPages.NotVisited;
            row.Add((uint)no);
            row.Add(node < 0 ? null : (uint?)node);
            row.Add(_granularities[(int)seen.Granularity]);
            row.Add(_pages.Urls[no]);
            row.Add(_pages.Keys[no]);
            row.Add(_pages.Hosts[no]);
            row.Add(_pages.DomainOf[no]);
            row.Add(_pages.DomainNames[_pages.DomainOf[no]]);
            row.Add(_pages.Titles[no]);
            row.Add(_pages.Languages[no]);
            row.Add(visited ? (int?)seen.Words : null);
            row.Add(_outcomes[seen.Outcome]);
            row.Add(seen.Status > 0 ? (int?)seen.Status : null);
            row.Add(_sums.RedirectOf[no] is >= 0 and int to ? _pages.Urls[to] : RowText.None);
            if (visited)
                row.Add(seen.Noindex);
            else
                row.AddNull();
            row.Add(_pages.Addresses[seen.Address]);
            row.Add(_pages.Networks[seen.Network]);
            row.AddNumber(_pageRatings[no]);
            row.AddNumber(_ofPages.Raw(node));
            row.AddNumber(_ofPages.PageRank(node));
            AddStanding(row, _ofPages, node);
            row.Add(_pageTopics[no]);
            row.AddNumber(_ofPages.Confidence(node));
            foreach (uint count in (ReadOnlySpan<uint>)[sum.Backlinks, sum.Dofollow, sum.Lost, sum.Refdomains, sum.Internal, sum.LinksExternal, sum.LinksInternal, sum.LinkedDomains])
                row.Add(count);
            row.AddTime(seen.First);
            row.AddTime(seen.LastVisit);
            row.AddTime(seen.LastVerified);
            row.EndRow();
        }
    }

    /// <returns>How many there are.</returns>
    public long AppendEdges(RowAppender row, CancellationToken cancel)
    {
        long count = 0;
        LinkGraph graph = _ofDomains.Graph;
        for (int target = 0; target < Domains; target++)
        {
            if ((target & 0xFFF) == 0)
                cancel.ThrowIfCancellationRequested();
            int node = _pages.DomainNodes[target];
            ReadOnlySpan<uint> sources = node < 0 ? [] : graph.InOf(node);
            int at = 0;
            foreach (ref readonly RowSums.Edge edge in _sums.EdgesTo(target))
            {
                int source = (int)edge.Source, sourceNode = _pages.DomainNodes[source];
                while (at < sources.Length && (int)sources[at] < sourceNode)
                    at++;
                double passed = sourceNode >= 0 && at < sources.Length && (int)sources[at] == sourceNode
                    ? _ofDomains.Unit(sourceNode) * (graph.InWeights is { } weights ? weights[graph.InOffsets[node] + at] : 1) : 0;
                row.Add((uint)target);
                row.Add(edge.Source);
                row.Add(_pages.DomainNames[source]);
                row.Add(_pages.DomainNames[target]);
                row.AddNumber(_domainRatings[source]);
                row.AddNumber(_domainRatings[target]);
                row.Add(_domainTopics[source]);
                row.Add(_domainTopics[target]);
                row.AddNumber(_ofDomains.Spam(sourceNode));
                row.Add(_ofDomains.Cluster(sourceNode));
                row.Add(_sums.Domains[source].DofollowLinkedDomains);
                row.Add(edge.Links);
                row.Add(edge.Dofollow);
                row.Add(edge.New);
                row.Add(edge.Lost);
                row.AddTime(edge.First);
                row.AddTime(edge.Last);
                row.AddTime(edge.Links > 0 ? PageHistory.None : edge.LostAt);
                row.Add(passed);
                row.EndRow();
                count++;
            }
        }
        return count;
    }

    /// <summary>The links of some buckets, each bucket's texts in memory in turn.</summary>
    /// <param name="done">Told how many rows were written, now and then.</param>
    public void AppendLinks(RowAppender row, int firstBucket, int endBucket, Action<int> done)
    {
        var passing = new PassedRank(_pages, _links, _ofPages, _ofDomains);
        var texts = new RowTexts.Bucket();
        using TextArena own = new();
        byte[] brand = [];
        char[] chars = new char[1024];
        uint target = uint.MaxValue;
        RowText redirectTo = RowText.None, chain = RowText.None;
        for (int bucket = firstBucket; bucket < endBucket; bucket++)
        {
            _texts.Read(bucket, texts);
            int first = bucket * RowTexts.BucketLinks, end = (int)Math.Min(first + (long)RowTexts.BucketLinks, _links.Links.Length);
            for (int i = first; i < end; i++)
            {
                ref readonly RowLink link = ref _links.Links[i];
                if (link.Target != target)
                {
                    target = link.Target;
                    passing.MoveTo((int)target);
                    (redirectTo, chain) = ChainFrom((int)target, own);
                    brand = Brand(_pages.DomainNames[_pages.DomainOf[target]].Utf8);
                }
                (RowText anchor, RowText left, RowText right) = texts.Of(i - first);
                AppendLink(row, link, passing.Of(i), anchor, left, right, redirectTo, chain, brand, ref chars);
                if ((i & 0x3FFF) == 0)
                    done(i == first ? 0 : 0x4000);
            }
            row.EndBlock(); // its texts go
        }
        GC.KeepAlive(texts);
    }

    private void AppendLink(RowAppender row, in RowLink link, in PassedRank.Passed passed, in RowText anchor, in RowText left, in RowText right, in RowText redirectTo, in RowText chain, byte[] brand, ref char[] chars)
    {
        int source = (int)link.Source, target = (int)link.Target, from = (int)_pages.DomainOf[source], to = (int)_pages.DomainOf[target];
        ref readonly RowPages.Seen seen = ref _pages.Facts[source], aim = ref _pages.Facts[target];
        ref readonly RowSums.OfPage sum = ref _sums.Pages[source];
        int fromNode = _pages.DomainNodes[from];
        bool live = link.IsLive;
        row.Add(link.Target);
        row.Add(link.Source);
        row.Add((uint)to);
        row.Add((uint)from);
        row.Add(_kinds[(int)link.Kind]);
        row.Add(link.Ranks);
        row.Add((uint)link.Ordinal);
        row.Add(_pages.Urls[source]);
        row.Add(_pages.Urls[target]);
        row.Add(_pages.Hosts[source]);
        row.Add(_pages.DomainNames[from]);
        row.Add(_pages.DomainNames[to]);
        row.Add(_pages.Titles[source]);
        row.Add(_pages.Languages[source]);
        row.Add(anchor);
        AnchorForm form = passed.Has ? passed.Form : AnchorForms.Of(FormOf(anchor, ref chars), link.Kind, link.Rel);
        row.Add(form == AnchorForm.Descriptive && IsBrand(anchor.Utf8, brand) ? _brand : _forms[(int)form]);
        row.Add((link.Rel & LinkRel.AnchorIsAlt) != 0);
        row.Add(left);
        row.Add(right);
        row.Add(_zones[(int)link.Zone]);
        row.Add(float.IsNaN(link.Position) ? null : (float?)link.Position);
        row.Add(from == to);
        row.Add(link.IsFollowed);
        row.Add((link.Rel & (LinkRel.Nofollow | LinkRel.PageNofollow)) != 0);
        row.Add((link.Rel & LinkRel.Ugc) != 0);
        row.Add((link.Rel & LinkRel.Sponsored) != 0);
        row.Add(passed.Sitewide);
        row.Add(sum.LinksExternal);
        row.Add(sum.LinksInternal);
        row.Add(sum.LinkedDomains);
        row.AddNumber(_domainRatings[from]);
        row.AddNumber(_pageRatings[source]);
        row.Add(_pageTopics[source]);
        row.AddNumber(_ofDomains.Spam(fromNode));
        row.Add(_ofDomains.Cluster(fromNode));
        if (passed.Has)
            foreach (float factor in (ReadOnlySpan<float>)[passed.Weight, passed.Factors.Rel, passed.Factors.Zone, passed.Factors.Position, passed.Factors.Form, passed.Factors.Relevance, passed.Factors.Sitewide])
                row.Add(factor);
        else
            for (int i = 0; i < 1 + LinkRecords.Factors; i++)
                row.AddNull();
        row.Add(passed.Rank);
        row.AddTime(link.First);
        row.AddTime(link.Last);
        row.AddTime(seen.LastVisit);
        row.AddTime(link.Missing);
        row.AddTime(link.Lost);
        row.Add(!live ? _lost : link.Missing != PageHistory.None ? _missing : _live);
        row.Add(live ? RowText.None : _reasons[(int)link.Reason]);
        row.Add(_sums.IsNew(link));
        row.Add(!live);
        row.Add(seen.Status > 0 ? (int?)seen.Status : null);
        row.Add(aim.Status > 0 ? (int?)aim.Status : null);
        row.Add(_outcomes[aim.Outcome]);
        row.Add(redirectTo);
        row.Add(chain);
        row.Add(_pages.Addresses[seen.Address]);
        row.Add(_pages.Networks[seen.Network]);
        row.Add(_observers[link.Observer]);
        row.Add(XxHash3.HashToUInt64(anchor.Utf8, (long)((ulong)link.Target << 32 | (uint)from) ^ (long)link.Kind << 28));
        row.EndRow();
    }

    private static void AddStanding(RowAppender row, RowScores scores, int node)
    {
        row.Add(node < 0 ? null : (uint?)scores.Ranks[node]);
        row.AddNumber(node < 0 ? double.NaN : scores.Percentiles[node]);
    }

    /// <summary>Where a page's redirects end, and all hops to there.</summary>
    private (RowText End, RowText Chain) ChainFrom(int page, TextArena texts)
    {
        int next = _sums.RedirectOf[page];
        if (next < 0)
            return (RowText.None, RowText.None);
        var hops = new List<int>();
        for (; next >= 0 && next != page && hops.Count < MostHops && !hops.Contains(next); next = _sums.RedirectOf[next])
            hops.Add(next);
        return hops.Count == 0 ? (RowText.None, RowText.None)
            : (_pages.Urls[hops[^1]], texts.Add(string.Join(' ', hops.Select(hop => _pages.Urls[hop].ToString()))));
    }

    private static AnchorForm FormOf(in RowText anchor, ref char[] chars)
    {
        ReadOnlySpan<byte> utf8 = anchor.Utf8;
        if (utf8.Length > chars.Length)
            chars = new char[utf8.Length];
        return AnchorForms.OfText(chars.AsSpan(0, Encoding.UTF8.GetChars(utf8, chars)));
    }

    /// <summary>The letters and digits of a domain's first label, in lower case.</summary>
    private static byte[] Brand(ReadOnlySpan<byte> domain)
    {
        int dot = domain.IndexOf((byte)'.');
        return [.. (dot > 0 ? domain[..dot] : domain).ToArray().Where(b => b != '-').Select(Lower)];
    }

    /// <summary>Whether a text says the brand and nothing else, spaces and punctuation aside.</summary>
    private static bool IsBrand(ReadOnlySpan<byte> text, byte[] brand)
    {
        if (brand.Length == 0 || text.Length < brand.Length)
            return false;
        int at = 0;
        foreach (byte b in text)
            if (b >= 128 || char.IsAsciiLetterOrDigit((char)b))
            {
                if (at == brand.Length || Lower(b) != brand[at])
                    return false;
                at++;
            }
        return at == brand.Length;
    }

    private static byte Lower(byte b) => b is >= (byte)'A' and <= (byte)'Z' ? (byte)(b | 32) : b;
}
