using System.Collections.Concurrent;
using System.Globalization;
using System.Text;

namespace Backlinks.Ingest;

/// <summary>How a robots.txt is read.</summary>
public sealed record RobotsTxtOptions
{
    /// <summary>
    /// Misspelt names, a forgotten colon, names by their beginning, <c>index.html</c> as its folder, lines cut at 16,663
    /// bytes. On: site owners test their files against Google, and mean what it understands.
    /// </summary>
    public bool GoogleExtensions { get; init; } = true;

    /// <summary>
    /// Compare <c>%7E</c> and <c>~</c> as equal, as RFC 9309, 2.2.2 says. Off: Google keeps them apart. Where they differ,
    /// owners who escape what needs no escape are rare either way.
    /// </summary>
    public bool DecodeUnreserved { get; init; }

    /// <summary>Bytes that are read. RFC 9309, 2.5: at least 500 KiB. A line that this cuts is dropped.</summary>
    public int MaxBytes { get; init; } = 500 * 1024;
}

/// <summary>What robots.txt says of one URL.</summary>
/// <param name="Line">1-based line of the rule that decided; 0 where none did.</param>
/// <param name="Rule">That line as written, for people; "" where none did.</param>
public readonly record struct RobotsVerdict(bool Allowed, int Line, string Rule);

/// <summary>A robots.txt. Source: RFC 9309 and, where that is silent, Google's open parser (google/robotstxt).</summary>
/// <remarks>
/// Groups that name the agent (without case) are merged; where none does, those for <c>*</c>. Of the rules that match, the
/// longest pattern wins, of two alike allow. Other lines do not end a list of user agents: of
/// <c>User-agent: a, Crawl-delay: 9, User-agent: b, Disallow: /</c> the rule is for both and the delay, which is
/// no rule of the RFC, for those named above it: a. Parsing is linear. A check compares eight characters of each rule at once
/// and only then the pattern; it may be made from many threads.
/// </remarks>
public sealed class RobotsTxt
{
    /// <summary>A day: what asks for more is not meant for crawlers that come back.</summary>
    private const double MaxDelay = 86_400;

    private readonly RobotsTxtOptions _options;
    private readonly List<string> _sitemaps = [];
    private readonly List<Rule> _rules = [];
    private readonly List<Group> _groups = [];

    /// <summary>Crawl-delay lines in order: the group, how many agents it named by then, seconds.</summary>
    private readonly List<(int Group, int Agents, double Seconds)> _delays = [];

    /// <summary>For each agent the groups that name it, and its place in their lists.</summary>
    private readonly Dictionary<string, List<(int Group, int Place)>> _named = new(StringComparer.OrdinalIgnoreCase);

    private readonly List<(int Group, int Place)> _global = [];
    private readonly ConcurrentDictionary<string, AgentRules> _asked = new(StringComparer.OrdinalIgnoreCase);
    private AgentRules? _last;

    private RobotsTxt(ReadOnlySpan<byte> text, RobotsTxtOptions options)
    {
        _options = options;
        Read(text);
    }

    /// <summary>A file that allows everything, as for a 404.</summary>
    public static RobotsTxt AllowAll { get; } = Parse(""u8);

    /// <summary>A file that forbids everything, as for a 5xx.</summary>
    public static RobotsTxt DenyAll { get; } = Parse("User-agent: *\nDisallow: /\n"u8);

    /// <summary>Sitemap lines, in order, as written.</summary>
    public IReadOnlyList<string> Sitemaps => _sitemaps;

    /// <summary>Never fails: what cannot be understood is ignored, as RFC 9309 2.2.4 says. At most 500 KiB are read (2.5).</summary>
    public static RobotsTxt Parse(ReadOnlySpan<byte> text, RobotsTxtOptions? options = null) => new(text, options ?? new RobotsTxtOptions());

    /// <summary>Each line with what it is taken for, for people who look for their mistake.</summary>
    public static IReadOnlyList<RobotsLine> Diagnose(ReadOnlySpan<byte> text, RobotsTxtOptions? options = null)
    {
        var found = new List<RobotsLine>();
        var lines = new RobotsLines(text, options?.GoogleExtensions ?? true);
        while (lines.Next())
            found.Add(lines.Line);
        return found;
    }

    /// <summary>True for a name that a crawler may go by: letters, hyphen and underscore only (RFC 9309, 2.2.1).</summary>
    public static bool IsProductToken(string agent) => !string.IsNullOrEmpty(agent) && TokenLength(Encoding.UTF8.GetBytes(agent)) == agent.Length;

    /// <summary>
    /// What of a URL is compared with rules: path and query, "/" where there is none. Lenient about what is no URL, as
    /// Google's own; a <see cref="WebUrl"/> has it ready as PathAndQuery.
    /// </summary>
    public static string PathOf(string url)
    {
        ArgumentNullException.ThrowIfNull(url);
        int start = url.StartsWith("//", StringComparison.Ordinal) ? 2 : 0;
        int early = IndexOf(url.AsSpan().Slice(start).IndexOfAny('/', '?', ';'), start);
        int scheme = IndexOf(url.AsSpan(start).IndexOf("://"), start);
        int host = scheme == int.MaxValue || early < scheme ? start : scheme + 3;
        int path = IndexOf(url.AsSpan(host).IndexOfAny('/', '?', ';'), host);
        int hash = IndexOf(url.AsSpan(start).IndexOf('#'), start);
        if (path == int.MaxValue || hash < path)
            return "/";
        string found = url[path..Math.Min(hash, url.Length)];
        return found[0] == '/' ? found : "/" + found;
    }

    /// <param name="agent">Product token, e.g. "backlinks".</param>
    /// <param name="pathAndQuery">As serialised by <see cref="WebUrl"/>.</param>
    public RobotsVerdict Check(string agent, string pathAndQuery)
    {
        ArgumentNullException.ThrowIfNull(pathAndQuery);
        Rule[] rules = RulesFor(agent).Rules;
        // RFC 9309, 2.2.2: the file itself is always allowed.
        if (rules.Length == 0 || pathAndQuery == "/robots.txt")
            return new RobotsVerdict(true, 0, "");
        ReadOnlySpan<char> path = pathAndQuery.Length == 0 ? "/" : pathAndQuery;
        if (path[0] != '/')
            path = "/" + pathAndQuery;
        path = RobotsPattern.Normalize(path, _options.DecodeUnreserved);
        ulong key = RobotsPattern.KeyOf(path);
        foreach (ref readonly Rule rule in rules.AsSpan())
            if ((key & rule.Pattern.Mask) == rule.Pattern.Key && rule.Pattern.Matches(path))
                return new RobotsVerdict(rule.Allow, rule.Line, rule.Text);
        return new RobotsVerdict(true, 0, "");
    }

    /// <summary>Crawl-delay of the group that applies to the agent, or null. The longest where there are several; 0 to 86,400 s.</summary>
    public TimeSpan? CrawlDelay(string agent) => RulesFor(agent).Delay;

    private void Read(ReadOnlySpan<byte> text)
    {
        if (text.Length > _options.MaxBytes)
        {
            text = text[.._options.MaxBytes];
            text = text[..(text.LastIndexOfAny((byte)'\n', (byte)'\r') + 1)];
        }
        var lines = new RobotsLines(text, _options.GoogleExtensions);
        bool named = false, ruled = false;
        while (lines.Next())
        {
            switch (lines.Line.Kind)
            {
                case RobotsLineKind.UserAgent:
                    // The first agent behind a rule begins a new group.
                    if (!named || ruled)
                        _groups.Add(new Group { First = _rules.Count });
                    named = true;
                    ruled = false;
                    AddAgent(lines.Value);
                    break;
                case RobotsLineKind.Allow or RobotsLineKind.Disallow when named:
                    ruled = true;
                    AddRule(lines.Line.Kind == RobotsLineKind.Allow, lines.Line.Number, lines.Value, lines.Text);
                    break;
                case RobotsLineKind.CrawlDelay when named && TryDelay(lines.Value, out double seconds):
                    _delays.Add((_groups.Count - 1, _groups[^1].Agents, seconds));
                    break;
                case RobotsLineKind.Sitemap when !lines.Value.IsEmpty:
                    _sitemaps.Add(Encoding.UTF8.GetString(lines.Value));
                    break;
            }
        }
    }

    private void AddAgent(ReadOnlySpan<byte> value)
    {
        int group = _groups.Count - 1, place = _groups[group].Agents++;
        List<(int Group, int Place)>? groups = _global;
        // "* something" is for everybody too.
        if (value is not [(byte)'*'] and not [(byte)'*', (byte)' ' or (byte)'\t' or (byte)'\v' or (byte)'\f', ..])
        {
            string name = Encoding.ASCII.GetString(value[..TokenLength(value)]);
            if (!_named.TryGetValue(name, out groups))
                _named[name] = groups = [];
        }
        if (groups.Count == 0 || groups[^1].Group != group)
            groups.Add((group, place));
    }

    private void AddRule(bool allow, int number, ReadOnlySpan<byte> value, ReadOnlySpan<byte> line)
    {
        // An empty pattern matches nothing that another rule would not decide alike.
        if (value.IsEmpty)
            return;
        string pattern = RobotsPattern.Escape(value, _options.DecodeUnreserved);
        string text = Encoding.UTF8.GetString(line);
        _rules.Add(new Rule(new RobotsPattern(pattern), allow, number, text));
        int slash = pattern.LastIndexOf('/');
        // A folder's index page allows the folder: shorter than the rule itself, so it counts only where that does not match.
        if (allow && _options.GoogleExtensions && slash >= 0 && pattern.AsSpan(slash).StartsWith("/index.htm"))
            _rules.Add(new Rule(new RobotsPattern(pattern[..(slash + 1)] + "$"), allow, number, text));
        _groups[^1].End = _rules.Count;
    }

    private AgentRules RulesFor(string agent)
    {
        ArgumentNullException.ThrowIfNull(agent);
        AgentRules? last = _last;
        if (last is not null && ReferenceEquals(last.Agent, agent))
            return last;
        // Asked by few names; should someone ask by thousands, they are not kept.
        if (!_asked.TryGetValue(agent, out AgentRules? rules))
        {
            rules = Merge(agent);
            if (_asked.Count < 64)
                _asked[agent] = rules;
        }
        if (ReferenceEquals(rules.Agent, agent))
            _last = rules;
        return rules;
    }

    private AgentRules Merge(string agent)
    {
        List<(int Group, int Place)> groups = _named.GetValueOrDefault(agent, _global);
        var rules = new List<Rule>();
        double? delay = null;
        int at = 0;
        foreach ((int group, int place) in groups)
        {
            for (int i = _groups[group].First; i < _groups[group].End; i++)
                rules.Add(_rules[i]);
            while (at < _delays.Count && _delays[at].Group < group)
                at++;
            for (; at < _delays.Count && _delays[at].Group == group; at++)
                if (_delays[at].Agents > place)
                    delay = Math.Max(delay ?? 0, _delays[at].Seconds);
        }
        // Longest first, allow before disallow, then as written: the first that matches decides.
        Rule[] sorted = [.. rules.OrderByDescending(r => r.Pattern.Priority).ThenByDescending(r => r.Allow)];
        return new AgentRules(agent, sorted, delay is { } seconds ? TimeSpan.FromSeconds(seconds) : null);
    }

    /// <summary>A number and what may stand behind it ("10", "0.5", "10s"); negative or no number is no delay.</summary>
    private static bool TryDelay(ReadOnlySpan<byte> value, out double seconds)
    {
        int length = value.IndexOfAnyExcept("0123456789."u8);
        ReadOnlySpan<byte> number = length < 0 ? value : value[..length];
        if (!double.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out seconds) || !double.IsFinite(seconds) || seconds < 0)
            return false;
        seconds = Math.Min(seconds, MaxDelay);
        return true;
    }

    private static int TokenLength(ReadOnlySpan<byte> value)
    {
        int length = 0;
        while (length < value.Length && (char.IsAsciiLetter((char)value[length]) || value[length] is (byte)'-' or (byte)'_'))
            length++;
        return length;
    }

    private static int IndexOf(int at, int start) => at < 0 ? int.MaxValue : at + start;

    private readonly record struct Rule(RobotsPattern Pattern, bool Allow, int Line, string Text);

    private sealed class Group
    {
        public int First { get; init; }

        /// <summary>Behind its last rule; 0 where it has none.</summary>
        public int End { get; set; }

        public int Agents { get; set; }
    }

    private sealed record AgentRules(string Agent, Rule[] Rules, TimeSpan? Delay);
}
