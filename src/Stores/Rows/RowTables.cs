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
    private readonly SourcePage[] _sources;
    private readonly SourceDomain[] _domains;

    /// <summary>What a link shows of its source, side by side: sources come in any order, and each place in memory is waited for.</summary>
    private struct SourcePage
    {
        public RowText Url, Host, Title, Language, Topic, Address, Network;
        public double Rating; // NaN where there are too few links to tell
        public long LastVisit;
        public int Status;
        public uint Domain, LinksExternal, LinksInternal, LinkedDomains;
    }

    /// <summary>What a link or an edge shows of its source's domain.</summary>
    private struct SourceDomain
    {
        public RowText Name, Topic, Cluster;
        public double Rating, Spam, Unit;
        public double BestPage; // the highest rating of its pages, NaN for none
        public int Node;
        public uint DofollowLinkedDomains;
    }

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
        _domains = new SourceDomain[pages.Domains];
        for (int no = 0; no < _domains.Length; no++)
        {
            int node = pages.DomainNodes[no];
            _domains[no] = new SourceDomain
            {
                Name = pages.DomainNames[no],
                Topic = ofDomains.Topic(node),
                Cluster = ofDomains.Cluster(node),
                Rating = ofDomains.Rating(node, null),
                Spam = ofDomains.Spam(node),
                Unit = node < 0 ? 0 : ofDomains.Unit(node),
                BestPage = double.NaN,
                Node = node,
                DofollowLinkedDomains = sums.Domains[no].DofollowLinkedDomains,
            };
        }
        MappedArray<uint>? domainOfNode = ofPages.Graph.MapIfPresent<uint>("domains");
        _sources = new SourcePage[pages.Count];
        for (int no = 0; no < _sources.Length; no++)
        {
            int node = pages.NodeOf[no];
            ref readonly RowPages.Seen seen = ref pages.Facts[no];
            ref readonly RowSums.OfPage sum = ref sums.Pages[no];
            _sources[no] = new SourcePage
            {
                Url = pages.Urls[no],
                Host = pages.Hosts[no],
                Title = pages.Titles[no],
                Language = pages.Languages[no],
                Topic = ofPages.Topic(node),
                Address = pages.Addresses[seen.Address],
                Network = pages.Networks[seen.Network],
                Rating = ofPages.Rating(node, domainOfNode),
                LastVisit = seen.LastVisit,
                Status = seen.Status,
                Domain = pages.DomainOf[no],
                LinksExternal = sum.LinksExternal,
                LinksInternal = sum.LinksInternal,
                LinkedDomains = sum.LinkedDomains,
            };
            ref double best = ref _domains[pages.DomainOf[no]].BestPage;
            best = _sources[no].Rating > best || double.IsNaN(best) ? _sources[no].Rating : best;
        }
        pages.EndTexts();
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
            row.AddNumber(_domains[no].Rating);
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
            row.Add(_domains[no].Topic);
            row.AddNumber(_ofDomains.Confidence(node));
            row.AddNumber(_domains[no].BestPage);
            foreach (uint count in (ReadOnlySpan<uint>)[sum.Pages, sum.Visited, sum.Addresses, sum.Backlinks, sum.Dofollow, sum.Lost, sum.New, sum.Refdomains, sum.DofollowRefdomains, sum.Clustered,
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
            ref readonly SourcePage source = ref _sources[no];
            bool visited = seen.Outcome != RowPages.NotVisited;
            row.Add((uint)no);
            row.Add(node < 0 ? null : (uint?)node);
            row.Add(_granularities[(int)seen.Granularity]);
            row.Add(_pages.Urls[no]);
            row.Add(_pages.Keys[no]);
            row.Add(source.Host);
            row.Add(source.Domain);
            row.Add(_domains[source.Domain].Name);
            row.Add(source.Title);
            row.Add(source.Language);
            row.Add(visited ? (int?)seen.Words : null);
            row.Add(_outcomes[seen.Outcome]);
            row.Add(seen.Status > 0 ? (int?)seen.Status : null);
            row.Add(_sums.RedirectOf[no] is >= 0 and int to ? _pages.Urls[to] : RowText.None);
            if (visited)
                row.Add(seen.Noindex);
            else
                row.AddNull();
            row.Add(source.Address);
            row.Add(source.Network);
            row.AddNumber(source.Rating);
            row.AddNumber(_ofPages.Raw(node));
            row.AddNumber(_ofPages.PageRank(node));
            AddStanding(row, _ofPages, node);
            row.Add(source.Topic);
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
            ref readonly SourceDomain to = ref _domains[target];
            ReadOnlySpan<uint> sources = to.Node < 0 ? [] : graph.InOf(to.Node);
            int at = 0;
            foreach (ref readonly RowSums.Edge edge in _sums.EdgesTo(target))
            {
                ref readonly SourceDomain from = ref _domains[edge.Source];
                while (at < sources.Length && (int)sources[at] < from.Node)
                    at++;
                double passed = from.Node >= 0 && at < sources.Length && (int)sources[at] == from.Node
                    ? from.Unit * (graph.InWeights is { } weights ? weights[graph.InOffsets[to.Node] + at] : 1) : 0;
                row.Add((uint)target);
                row.Add(edge.Source);
                row.Add(from.Name);
                row.Add(to.Name);
                row.AddNumber(from.Rating);
                row.AddNumber(to.Rating);
                row.Add(from.Topic);
                row.Add(to.Topic);
                row.AddNumber(from.Spam);
                row.Add(from.Cluster);
                row.Add(from.DofollowLinkedDomains);
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
        ref readonly SourcePage source = ref _sources[link.Source];
        uint from = source.Domain, to = _pages.DomainOf[link.Target];
        ref readonly SourceDomain domain = ref _domains[from];
        ref readonly RowPages.Seen aim = ref _pages.Facts[link.Target];
        bool live = link.IsLive;
        row.Add(link.Target);
        row.Add(link.Source);
        row.Add(to);
        row.Add(from);
        row.Add(_kinds[(int)link.Kind]);
        row.Add(link.Ranks);
        row.Add((uint)link.Ordinal);
        row.Add(source.Url);
        row.Add(_sources[link.Target].Url);
        row.Add(source.Host);
        row.Add(domain.Name);
        row.Add(_domains[to].Name);
        row.Add(source.Title);
        row.Add(source.Language);
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
        row.Add(source.LinksExternal);
        row.Add(source.LinksInternal);
        row.Add(source.LinkedDomains);
        row.AddNumber(domain.Rating);
        row.AddNumber(source.Rating);
        row.Add(source.Topic);
        row.AddNumber(domain.Spam);
        row.Add(domain.Cluster);
        if (passed.Has)
            foreach (float factor in (ReadOnlySpan<float>)[passed.Weight, passed.Factors.Rel, passed.Factors.Zone, passed.Factors.Position, passed.Factors.Form, passed.Factors.Relevance, passed.Factors.Sitewide])
                row.Add(factor);
        else
            for (int i = 0; i < 1 + LinkRecords.Factors; i++)
                row.AddNull();
        row.Add(passed.Rank);
        row.AddTime(link.First);
        row.AddTime(link.Last);
        row.AddTime(source.LastVisit);
        row.AddTime(link.Missing);
        row.AddTime(link.Lost);
        row.Add(!live ? _lost : link.Missing != PageHistory.None ? _missing : _live);
        row.Add(live ? RowText.None : _reasons[(int)link.Reason]);
        row.Add(_sums.IsNew(link));
        row.Add(!live);
        row.Add(source.Status > 0 ? (int?)source.Status : null);
        row.Add(aim.Status > 0 ? (int?)aim.Status : null);
        row.Add(_outcomes[aim.Outcome]);
        row.Add(redirectTo);
        row.Add(chain);
        row.Add(source.Address);
        row.Add(source.Network);
        row.Add(_observers[link.Observer]);
        row.Add(XxHash3.HashToUInt64(anchor.Utf8, (long)((ulong)link.Target << 32 | from) ^ (long)link.Kind << 28));
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
