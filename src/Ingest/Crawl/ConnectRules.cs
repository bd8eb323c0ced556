using System.Globalization;

namespace Backlinks.Ingest;

/// <summary>
/// Rules that lead connections elsewhere, as curl's --connect-to: <c>HOST1:PORT1:HOST2:PORT2</c>. A connection to
/// HOST1:PORT1 goes to HOST2:PORT2; an empty HOST1 or PORT1 stands for any, an empty HOST2 or PORT2 for "as it was".
/// IPv6 addresses in brackets. The first rule that fits counts. The request itself, its Host field and the name that TLS
/// checks stay as they were.
/// </summary>
internal sealed class ConnectRules
{
    private readonly List<Rule> _rules = [];

    /// <exception cref="ArgumentException">A rule does not read so; the message has it.</exception>
    public ConnectRules(IEnumerable<string> rules)
    {
        foreach (string rule in rules)
            _rules.Add(Parse(rule));
    }

    public (string Host, int Port) Apply(string host, int port)
    {
        foreach (Rule rule in _rules)
            if ((rule.Host1.Length == 0 || rule.Host1.Equals(Bare(host), StringComparison.OrdinalIgnoreCase)) && (rule.Port1 == 0 || rule.Port1 == port))
                return (rule.Host2.Length == 0 ? host : rule.Host2, rule.Port2 == 0 ? port : rule.Port2);
        return (host, port);
    }

    /// <summary>Without the brackets of an IPv6 address.</summary>
    public static string Bare(string host) => host.StartsWith('[') && host.EndsWith(']') ? host[1..^1] : host;

    private static Rule Parse(string text)
    {
        string[] parts = new string[4];
        int at = 0;
        for (int i = 0; i < 4; i++)
        {
            int end = i == 3 ? text.Length : at < text.Length && text[at] == '[' ? text.IndexOf("]:", at, StringComparison.Ordinal) + 1 : text.IndexOf(':', at);
            if (end < at || (end == 0 && at > 0))
                throw Bad(text);
            parts[i] = text[at..end];
            at = end + 1;
            if (at > text.Length && i < 3)
                throw Bad(text);
        }
        return new Rule(Name(parts[0], text), Number(parts[1], text), Name(parts[2], text), Number(parts[3], text));
    }

    private static string Name(string part, string rule)
    {
        string bare = Bare(part);
        return bare.AsSpan().IndexOfAny('[', ']', '/') < 0 && (bare.Length < part.Length || !bare.Contains(':')) ? bare : throw Bad(rule);
    }

    private static int Number(string part, string rule) =>
        part.Length == 0 ? 0 : int.TryParse(part, NumberStyles.None, CultureInfo.InvariantCulture, out int port) && port is > 0 and < 65536 ? port : throw Bad(rule);

    private static ArgumentException Bad(string rule) =>
        new($"\"{rule}\" is not a connect-to rule: HOST1:PORT1:HOST2:PORT2, where any part may be empty and IPv6 addresses stand in brackets");

    private readonly record struct Rule(string Host1, int Port1, string Host2, int Port2);
}
