using System.Text;
using System.Text.Json;

namespace Backlinks.Topics;

/// <summary>A topic as its taxonomy describes it.</summary>
/// <param name="Id">What commands and files call it: 1 to 64 lower-case letters, digits and hyphens, a letter or digit first.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Terms">Words and phrases that pages about it use; a phrase counts as its words.</param>
/// <param name="Pages">URLs of pages that are about it.</param>
/// <param name="Domains">Names of domains or hosts whose pages are about it.</param>
public sealed record TaxonomyTopic(string Id, string Name, IReadOnlyList<string> Terms, IReadOnlyList<string> Pages, IReadOnlyList<string> Domains);

/// <summary>
/// The topics that pages are told apart by, with the seeds that say what each is: a JSON file (comments and trailing commas
/// are allowed),
/// <code>
/// {
///   "version": "gardens-1",          any text; goes into the run, so that results of two taxonomies are not compared unawares
///   "language": "en",                optional: language of the terms, for their stems; default en
///   "topics": [                      1 to 1,000
///     {
///       "id": "garden",              unique; lower-case letters, digits, hyphens
///       "name": "Home and garden",   optional: the id where absent
///       "terms":   ["compost", …],   each optional, but one of the three must hold something
///       "pages":   ["https://…", …],
///       "domains": ["example.org", …]
///     }, …
///   ]
/// }
/// </code>
/// Terms alone will do; pages and domains sharpen, for their own texts are what the topic then is. Order of topics is the
/// order of columns in a run. <see cref="Default"/> is one of ours for the web at large.
/// </summary>
public sealed record Taxonomy
{
    public const int MostTopics = 1000;

    private static readonly string[] Members = ["version", "language", "topics"];
    private static readonly string[] TopicMembers = ["id", "name", "terms", "pages", "domains"];
    private static readonly JsonDocumentOptions Lenient = new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    public required string Version { get; init; }

    /// <summary>Code of the language of the terms.</summary>
    public string Language { get; init; } = "en";

    public required IReadOnlyList<TaxonomyTopic> Topics { get; init; }

    /// <summary>The taxonomy that comes with this library: 23 topics with some hundred English terms each.</summary>
    public static Taxonomy Default { get; } = ReadDefault();

    /// <summary>The place of a topic, or −1.</summary>
    public int IndexOf(string id)
    {
        for (int i = 0; i < Topics.Count; i++)
            if (Topics[i].Id == id)
                return i;
        return -1;
    }

    /// <exception cref="TopicException">Not as said above: where, what, and what is allowed.</exception>
    /// <exception cref="IOException">The file cannot be read.</exception>
    public static Taxonomy Read(string path) => File.Exists(path) ? Parse(File.ReadAllBytes(path), path)
        : throw new TopicException(path, "there is no such file; a taxonomy is a JSON file with version and topics");

    /// <param name="place">What errors call it.</param>
    /// <exception cref="TopicException">Not as said above: where, what, and what is allowed.</exception>
    public static Taxonomy Parse(ReadOnlyMemory<byte> json, string place)
    {
        try
        {
            if (json.Span.StartsWith(Encoding.UTF8.Preamble))
                json = json[3..];
            using JsonDocument document = JsonDocument.Parse(json, Lenient);
            return Read(document.RootElement, place);
        }
        catch (JsonException e)
        {
            throw new TopicException($"{place}, line {e.LineNumber + 1}", "is no JSON from here on; a taxonomy is an object with version and topics", e);
        }
    }

    /// <summary>The taxonomy as a file; reads back equal.</summary>
    public byte[] ToBytes()
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter json = new(bytes, new JsonWriterOptions { Indented = true, Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("version", Version);
            json.WriteString("language", Language);
            json.WriteStartArray("topics");
            foreach (TaxonomyTopic topic in Topics)
            {
                json.WriteStartObject();
                json.WriteString("id", topic.Id);
                json.WriteString("name", topic.Name);
                foreach ((string member, IReadOnlyList<string> values) in new[] { ("terms", topic.Terms), ("pages", topic.Pages), ("domains", topic.Domains) })
                {
                    json.WriteStartArray(member);
                    foreach (string value in values)
                        json.WriteStringValue(value);
                    json.WriteEndArray();
                }
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }

    private static Taxonomy Read(JsonElement root, string place)
    {
        RequireMembers(root, Members, place);
        string language = root.TryGetProperty("language", out _) ? Text(root, "language", place) : "en";
        if (Languages.IndexOf(language) == Languages.Unknown)
            throw new TopicException(place, $"language '{Short(language)}' is not one of {string.Join(", ", Languages.Codes)}");
        if (!root.TryGetProperty("topics", out JsonElement list) || list.ValueKind != JsonValueKind.Array)
            throw new TopicException(place, "'topics' must be there and be an array");
        int count = list.GetArrayLength();
        if (count is 0 or > MostTopics)
            throw new TopicException(place, $"has {count:N0} topics; 1 to {MostTopics:N0} are allowed");
        var topics = new List<TaxonomyTopic>(count);
        var places = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (JsonElement element in list.EnumerateArray())
        {
            TaxonomyTopic topic = ReadTopic(element, $"{place}, topic {topics.Count + 1}", place);
            if (!places.TryAdd(topic.Id, topics.Count))
                throw new TopicException($"{place}, topic {topics.Count + 1}", $"has the id '{topic.Id}' of topic {places[topic.Id] + 1}; ids must differ");
            topics.Add(topic);
        }
        return new Taxonomy { Version = Text(root, "version", place), Language = language, Topics = topics };
    }

    private static TaxonomyTopic ReadTopic(JsonElement element, string place, string file)
    {
        RequireMembers(element, TopicMembers, place);
        string id = Text(element, "id", place);
        if (id.Length is 0 or > 64 || id[0] == '-' || !id.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-'))
            throw new TopicException(place, $"id '{Short(id)}' must be 1 to 64 lower-case letters, digits and hyphens, not a hyphen first");
        place = $"{file}, topic '{id}'";
        var topic = new TaxonomyTopic(id, element.TryGetProperty("name", out _) ? Text(element, "name", place) : id,
            List(element, "terms", place), List(element, "pages", place), List(element, "domains", place));
        if (topic.Terms.Count + topic.Pages.Count + topic.Domains.Count == 0)
            throw new TopicException(place, "is empty: give it at least one of 'terms', 'pages' or 'domains'");
        foreach (string page in topic.Pages)
            if (!Uri.TryCreate(page, UriKind.Absolute, out Uri? url) || url.Scheme is not ("http" or "https"))
                throw new TopicException(place, $"page '{Short(page)}' must be an absolute http or https URL");
        foreach (string domain in topic.Domains)
            if (Uri.CheckHostName(domain) != UriHostNameType.Dns)
                throw new TopicException(place, $"domain '{Short(domain)}' must be a host name such as example.org, without scheme or path");
        return topic;
    }

    private static void RequireMembers(JsonElement element, string[] allowed, string place)
    {
        if (element.ValueKind != JsonValueKind.Object)
            throw new TopicException(place, $"must be an object with {string.Join(", ", allowed)}");
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (JsonProperty member in element.EnumerateObject())
        {
            if (!allowed.Contains(member.Name, StringComparer.Ordinal))
                throw new TopicException(place, $"member '{Short(member.Name)}' is not one of {string.Join(", ", allowed)}");
            if (!seen.Add(member.Name))
                throw new TopicException(place, $"member '{member.Name}' is there twice");
        }
    }

    private static string Text(JsonElement element, string member, string place) =>
        element.TryGetProperty(member, out JsonElement value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= 1000 } text ? text
            : throw new TopicException(place, $"'{member}' must be there and be text of 1 to 1,000 characters");

    private static List<string> List(JsonElement element, string member, string place)
    {
        var list = new List<string>();
        if (!element.TryGetProperty(member, out JsonElement values))
            return list;
        if (values.ValueKind != JsonValueKind.Array)
            throw new TopicException(place, $"'{member}' must be an array of strings");
        foreach (JsonElement value in values.EnumerateArray())
            list.Add(value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 and <= 2048 } text ? text
                : throw new TopicException(place, $"'{member}' must hold strings of 1 to 2,048 characters; number {list.Count + 1} is none"));
        return list;
    }

    private static string Short(string text) => text.Length <= 80 ? text : text[..80] + "…";

    private static Taxonomy ReadDefault()
    {
        using Stream file = typeof(Taxonomy).Assembly.GetManifestResourceStream("default-taxonomy.json")
            ?? throw new InvalidOperationException("the default taxonomy is not in the assembly");
        using MemoryStream bytes = new();
        file.CopyTo(bytes);
        return Parse(bytes.ToArray(), "default taxonomy");
    }
}
