using System.IO.Hashing;
using System.Text;
using System.Text.RegularExpressions;
using Backlinks.GraphEngine;
using Backlinks.Spam;
using Backlinks.Stores;

namespace Backlinks.Pipeline;

/// <summary>What the store knows of the nodes of a page graph that was built from it.</summary>
internal static partial class StorePages
{
    private const string AccountName = "account";

    /// <summary>
    /// Accounts that domains' pages use with others' services: of scripts, images and frames from another domain, the
    /// number of the visitor counter, tag manager or advertiser in the URL (<c>?id=G-…</c>, <c>client=ca-pub-…</c>). Sites of
    /// one account are run by one hand, or by one agency: evidence of infrastructure, never proof.
    /// </summary>
    public static SharedKeys Accounts(ILinkStore store, LinkGraph pages, LinkGraph domains, uint[] ids, CancellationToken cancel)
    {
        MappedArray<uint> domainOf = pages.MapIfPresent<uint>("domains")!;
        int[] nodeOf = new int[ids.Length == 0 ? 0 : ids.Max() + 1];
        Array.Fill(nodeOf, -1);
        for (int page = 0; page < ids.Length; page++)
            nodeOf[ids[page]] = page;
        var used = new HashSet<(long Target, uint Domain)>();
        foreach (StoredArc arc in store.Arcs([LinkKind.Script, LinkKind.Image, LinkKind.Frame], cancel))
            if (arc.SourceId < nodeOf.Length && nodeOf[arc.SourceId] is >= 0 and int page)
                used.Add((arc.TargetId, domainOf[page]));
        var targets = used.Select(u => u.Target).ToHashSet();
        if (targets.Count == 0)
            return SharedKeys.FromLists(AccountName, EvidenceFamily.Infrastructure, new IReadOnlyCollection<ulong>?[domains.NodeCount]);
        var accountOf = new Dictionary<long, ulong>();
        var texts = new Dictionary<ulong, string>();
        foreach (StoredName name in store.Names(cancel))
        {
            if (!targets.Contains(name.Id) || Account(name.Url) is not { } account)
                continue;
            ulong key = Math.Max(1, XxHash3.HashToUInt64(Encoding.UTF8.GetBytes(account)));
            accountOf[name.Id] = key;
            texts[key] = account;
        }
        var keys = new HashSet<ulong>?[domains.NodeCount];
        foreach ((long target, uint domain) in used)
            if (accountOf.TryGetValue(target, out ulong key))
                (keys[domain] ??= []).Add(key);
        return SharedKeys.FromLists(AccountName, EvidenceFamily.Infrastructure, [.. keys.Select(set => set is null ? null : (IReadOnlyCollection<ulong>)[.. set.Order()])])
            with
        { Describe = key => texts.GetValueOrDefault(key, ""), Strength = 3 };
    }

    /// <summary>The account in the URL of a service, behind its host; null where there is none.</summary>
    internal static string? Account(string url)
    {
        int host = url.IndexOf("://", StringComparison.Ordinal);
        if (host < 0)
            return null;
        int path = url.IndexOfAny(['/', '?'], host + 3);
        if (path < 0)
            return null;
        Match known = KnownAccount().Match(url, path);
        if (known.Success)
            return known.Value; // one account, whichever of a company's hosts serves it
        Match named = NamedAccount().Match(url, path);
        return named.Success ? $"{url[(host + 3)..path]} {named.Groups[1].Value}" : null;
    }

    /// <summary>Google's analytics, tag manager and advertising accounts.</summary>
    [GeneratedRegex(@"\b(?:UA-\d{4,10}-\d{1,4}|G-[A-Z0-9]{6,12}|GTM-[A-Z0-9]{4,9}|AW-\d{6,12}|ca-pub-\d{10,20})\b", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex KnownAccount();

    /// <summary>A parameter that is called an account, with a value that has a digit and is long enough to be one.</summary>
    [GeneratedRegex(@"[?&;](?:id|tid|sid|siteid|site_id|account|account_id|acct|client|client_id|pub|publisher|pid|uid|key|token|container|appid|app_id)=([A-Za-z_.:-]*[0-9][A-Za-z0-9_.:-]{4,63})(?:[&;#]|$)",
        RegexOptions.CultureInvariant | RegexOptions.IgnoreCase | RegexOptions.NonBacktracking)]
    private static partial Regex NamedAccount();
}
