using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace Backlinks.GraphEngine;

/// <summary>
/// A <see cref="LinkProfile"/> as JSON: groups of factors with their values. What a file leaves out is as in its
/// <c>base</c>, one of the named profiles, <c>default</c> if it names none; an empty object is the default.
/// <code>
/// { "name": "mine", "base": "default", "off": ["relevance"],
///   "rel": { "ugc": 0.1 }, "zone": { "footer": 0 }, "position": { "decay": 1.5 }, "sitewide": { "share": 0.5 } }
/// </code>
/// Written out, a profile has every member. Nothing unknown is accepted: a misspelt factor would be a silent default.
/// </summary>
public static class LinkProfileFile
{
    private sealed record Member(string Group, string Name, double Least, double Most, Func<LinkProfile, double> Get, Func<LinkProfile, double, LinkProfile> With, bool Whole = false);

    private static readonly Member[] Members =
    [
        Weight("rel", "follow", p => p.Follow, (p, v) => p with { Follow = v }),
        Weight("rel", "ugc", p => p.Ugc, (p, v) => p with { Ugc = v }),
        Weight("rel", "nofollow", p => p.Nofollow, (p, v) => p with { Nofollow = v }),
        Weight("rel", "sponsored", p => p.Sponsored, (p, v) => p with { Sponsored = v }),
        Weight("rel", "page_nofollow", p => p.PageNofollow, (p, v) => p with { PageNofollow = v }),
        Weight("zone", "main", p => p.Main, (p, v) => p with { Main = v }),
        Weight("zone", "main_list", p => p.MainList, (p, v) => p with { MainList = v }),
        Weight("zone", "aside", p => p.Aside, (p, v) => p with { Aside = v }),
        Weight("zone", "nav", p => p.Nav, (p, v) => p with { Nav = v }),
        Weight("zone", "header", p => p.Header, (p, v) => p with { Header = v }),
        Weight("zone", "footer", p => p.Footer, (p, v) => p with { Footer = v }),
        Weight("zone", "comments", p => p.Comments, (p, v) => p with { Comments = v }),
        Weight("zone", "hidden", p => p.Hidden, (p, v) => p with { Hidden = v }),
        Weight("zone", "unknown", p => p.ZoneUnknown, (p, v) => p with { ZoneUnknown = v }),
        new("position", "decay", 0, 20, p => p.PositionDecay, (p, v) => p with { PositionDecay = v }),
        Weight("position", "floor", p => p.PositionFloor, (p, v) => p with { PositionFloor = v }),
        Weight("position", "unknown", p => p.PositionUnknown, (p, v) => p with { PositionUnknown = v }),
        new("position", "exponent", 0, 2, p => p.PopularityExponent, (p, v) => p with { PopularityExponent = v }),
        Weight("form", "descriptive", p => p.Descriptive, (p, v) => p with { Descriptive = v }),
        Weight("form", "image_with_alt", p => p.ImageWithAlt, (p, v) => p with { ImageWithAlt = v }),
        Weight("form", "naked_url", p => p.NakedUrl, (p, v) => p with { NakedUrl = v }),
        Weight("form", "generic", p => p.Generic, (p, v) => p with { Generic = v }),
        Weight("form", "empty", p => p.Empty, (p, v) => p with { Empty = v }),
        Weight("form", "unknown", p => p.FormUnknown, (p, v) => p with { FormUnknown = v }),
        Weight("relevance", "least", p => p.RelevanceLeast, (p, v) => p with { RelevanceLeast = v }),
        Weight("relevance", "unknown", p => p.RelevanceUnknown, (p, v) => p with { RelevanceUnknown = v }),
        new("sitewide", "share", .001, 1, p => p.SitewideShare, (p, v) => p with { SitewideShare = v }),
        new("sitewide", "pages", 2, 1_000_000, p => p.SitewidePages, (p, v) => p with { SitewidePages = (int)v }, Whole: true),
        new("sitewide", "scale", 0, 10, p => p.SitewideScale, (p, v) => p with { SitewideScale = v }),
        Weight("owner", "within", p => p.WithinOwner, (p, v) => p with { WithinOwner = v }),
    ];

    private static readonly LinkFactorSet[] Factors = [LinkFactorSet.Rel, LinkFactorSet.Zone, LinkFactorSet.Position, LinkFactorSet.Form, LinkFactorSet.Relevance, LinkFactorSet.Sitewide, LinkFactorSet.Owner];

    /// <summary>A named profile, or else the file of that path.</summary>
    /// <exception cref="ArgumentException">Neither a name nor a file.</exception>
    /// <exception cref="GraphException">The file is no profile; with member, value and what is allowed.</exception>
    public static LinkProfile Find(string nameOrPath) =>
        Named(nameOrPath) ?? (File.Exists(nameOrPath) ? Read(nameOrPath)
            : throw new ArgumentException($"profile '{nameOrPath}' is none of {Names} and no file", nameof(nameOrPath)));

    /// <summary>Reads a profile.</summary>
    /// <exception cref="GraphException">The file is no profile; with member, value and what is allowed.</exception>
    public static LinkProfile Read(string path)
    {
        try
        {
            return Parse(File.ReadAllBytes(path), path);
        }
        catch (Exception e) when (e is IOException and not GraphException or UnauthorizedAccessException)
        {
            throw new GraphException(path, -1, $"the profile cannot be read: {e.Message.TrimEnd('.')}", e);
        }
    }

    /// <summary>Reads a profile from JSON.</summary>
    /// <param name="path">For messages, and for the name of a profile that has none: its file's.</param>
    /// <exception cref="GraphException">It is no profile; with member, value and what is allowed.</exception>
    public static LinkProfile Parse(ReadOnlySpan<byte> json, string path)
    {
        if (json.StartsWith("\uFEFF"u8))
            json = json[3..];
        try
        {
            using JsonDocument document = JsonDocument.Parse(json.ToArray(), new JsonDocumentOptions { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true });
            return Of(document.RootElement, path);
        }
        catch (JsonException e)
        {
            throw new GraphException(path, -1, $"line {e.LineNumber + 1}: is not JSON: {e.Message.Split('.')[0]}", e);
        }
    }

    /// <summary>The profile with every member, to be read by <see cref="Parse"/> or kept with a run.</summary>
    public static JsonObject ToJson(LinkProfile profile)
    {
        var json = new JsonObject { ["name"] = profile.Name };
        if (profile.Off != LinkFactorSet.None)
            json["off"] = new JsonArray([.. Factors.Where(f => !profile.Uses(f)).Select(f => (JsonNode)Words(f))]);
        foreach (Member member in Members)
        {
            if (json[member.Group] is not JsonObject group)
                json[member.Group] = group = [];
            double value = member.Get(profile);
            group[member.Name] = member.Whole ? (JsonNode)(long)value : value;
        }
        json["position"]!["variant"] = profile.Variant.ToString().ToLowerInvariant();
        json["sitewide"]!["internal"] = profile.SitewideInternal;
        return json;
    }

    /// <summary>Checks a profile that a program made.</summary>
    /// <exception cref="ArgumentOutOfRangeException">A value is out of its range.</exception>
    public static void Check(LinkProfile profile)
    {
        foreach (Member member in Members)
            if (!(member.Get(profile) >= member.Least && member.Get(profile) <= member.Most))
                throw new ArgumentOutOfRangeException(nameof(profile), member.Get(profile), $"{member.Group}.{member.Name} must be {Range(member)}");
    }

    internal static string Words(LinkFactorSet factors) => string.Join(", ", Factors.Where(f => (factors & f) != 0).Select(f => f.ToString().ToLowerInvariant()));

    private static string Names => string.Join(", ", LinkProfile.Named.Select(p => p.Name));

    private static LinkProfile? Named(string name) => LinkProfile.Named.FirstOrDefault(p => p.Name == name);

    private static Member Weight(string group, string name, Func<LinkProfile, double> get, Func<LinkProfile, double, LinkProfile> with) => new(group, name, 0, 1, get, with);

    private static string Range(Member member) => string.Create(CultureInfo.InvariantCulture, $"{(member.Whole ? "a whole number " : "")}{member.Least} to {member.Most}");

    private static LinkProfile Of(JsonElement root, string path)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw Wrong(path, "a profile", root, "must be a JSON object");
        string parent = "default";
        if (root.TryGetProperty("base", out JsonElement named))
            parent = named.ValueKind == JsonValueKind.String ? named.GetString()! : throw Wrong(path, "base", named, $"must be one of {Names}");
        LinkProfile profile = Named(parent) ?? throw Wrong(path, "base", named, $"must be one of {Names}");
        profile = profile with { Name = Path.GetFileNameWithoutExtension(path) };
        string[] groups = [.. Members.Select(m => m.Group).Distinct()];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in root.EnumerateObject())
        {
            if (!seen.Add(property.Name))
                throw new GraphException(path, -1, $"'{property.Name}' stands twice");
            profile = property.Name switch
            {
                "base" => profile,
                "name" => property.Value is { ValueKind: JsonValueKind.String } name && name.GetString() is { Length: > 0 } text ? profile with { Name = text }
                    : throw Wrong(path, "name", property.Value, "must be a text"),
                "off" => profile with { Off = Off(property.Value, path) },
                string group when groups.Contains(group) => Group(profile, group, property.Value, path),
                _ => throw new GraphException(path, -1, $"there is no factor '{property.Name}': there are {string.Join(", ", groups)}, and base, name, off"),
            };
        }
        return profile;
    }

    private static LinkProfile Group(LinkProfile profile, string group, JsonElement values, string path)
    {
        if (values.ValueKind != JsonValueKind.Object)
            throw Wrong(path, group, values, "must be an object of its values");
        Member[] members = [.. Members.Where(m => m.Group == group)];
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty property in values.EnumerateObject())
        {
            string name = $"{group}.{property.Name}";
            if (!seen.Add(property.Name))
                throw new GraphException(path, -1, $"'{name}' stands twice");
            if (name == "position.variant")
                profile = profile with
                {
                    Variant = property.Value.ValueKind == JsonValueKind.String ? property.Value.GetString() switch
                    {
                        "exponential" => PositionVariant.Exponential,
                        "popularity" => PositionVariant.Popularity,
                        _ => throw Wrong(path, name, property.Value, "must be exponential or popularity"),
                    } : throw Wrong(path, name, property.Value, "must be exponential or popularity"),
                };
            else if (name == "sitewide.internal")
                profile = property.Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? profile with { SitewideInternal = property.Value.GetBoolean() }
                    : throw Wrong(path, name, property.Value, "must be true or false");
            else if (Array.Find(members, m => m.Name == property.Name) is { } member)
                profile = property.Value.ValueKind == JsonValueKind.Number && property.Value.TryGetDouble(out double value) && value >= member.Least && value <= member.Most
                    && (!member.Whole || value == Math.Floor(value)) ? member.With(profile, value) : throw Wrong(path, name, property.Value, $"must be {Range(member)}");
            else
                throw new GraphException(path, -1, $"there is no '{name}': {group} has {string.Join(", ", members.Select(m => m.Name))}"
                    + (group == "position" ? ", variant" : group == "sitewide" ? ", internal" : ""));
        }
        return profile;
    }

    private static LinkFactorSet Off(JsonElement list, string path)
    {
        string allowed = $"must be a list of {string.Join(", ", Factors.Select(f => Words(f)))}";
        if (list.ValueKind != JsonValueKind.Array)
            throw Wrong(path, "off", list, allowed);
        LinkFactorSet off = LinkFactorSet.None;
        foreach (JsonElement item in list.EnumerateArray())
        {
            LinkFactorSet factor = item.ValueKind == JsonValueKind.String ? Array.Find(Factors, f => Words(f) == item.GetString()) : LinkFactorSet.None;
            off |= factor != LinkFactorSet.None ? factor : throw Wrong(path, "off", item, allowed);
        }
        return off;
    }

    private static GraphException Wrong(string path, string member, JsonElement value, string must)
    {
        string raw = value.GetRawText();
        return new GraphException(path, -1, $"{member} is {(raw.Length > 60 ? raw[..60] + "…" : raw)}, but {must}");
    }
}
