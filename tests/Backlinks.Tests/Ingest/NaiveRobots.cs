namespace Backlinks.Tests;

/// <summary>
/// RFC 9309 as directly as can be: for every question the lines are walked again and every rule is matched by all the
/// positions it may have reached. For tests: slow, and written apart from <c>RobotsTxt</c>. LF lines with colons, ASCII.
/// </summary>
internal static class NaiveRobots
{
    public static (bool Allowed, int Line) Check(string robots, string agent, string path)
    {
        bool everNamed = robots.Split('\n').Any(l => Is(l, "user-agent", out string v) && v.Equals(agent, StringComparison.OrdinalIgnoreCase));
        string wanted = everNamed ? agent : "*";
        bool inGroup = false, ruled = false;
        int best = 0, line = 0, number = 0;
        bool allowed = true;
        foreach (string text in robots.Split('\n'))
        {
            number++;
            if (Is(text, "user-agent", out string name))
            {
                if (ruled)
                    inGroup = ruled = false;
                inGroup |= name.Equals(wanted, StringComparison.OrdinalIgnoreCase);
                continue;
            }
            bool allow = Is(text, "allow", out string pattern);
            if (!allow && !Is(text, "disallow", out pattern))
                continue;
            ruled = true;
            if (!inGroup || !Matches(path, pattern))
                continue;
            if (pattern.Length > best || (pattern.Length == best && best > 0 && allow && !allowed))
                (best, allowed, line) = (pattern.Length, allow, number);
        }
        return (allowed, line);
    }

    public static bool Matches(string path, string pattern)
    {
        var reached = new HashSet<int> { 0 };
        for (int i = 0; i < pattern.Length && reached.Count > 0; i++)
        {
            if (pattern[i] == '$' && i == pattern.Length - 1)
                return reached.Contains(path.Length);
            reached = pattern[i] == '*'
                ? [.. Enumerable.Range(reached.Min(), path.Length - reached.Min() + 1)]
                : [.. reached.Where(p => p < path.Length && path[p] == pattern[i]).Select(p => p + 1)];
        }
        return reached.Count > 0;
    }

    private static bool Is(string line, string name, out string value)
    {
        value = "";
        int colon = line.IndexOf(':', StringComparison.Ordinal);
        if (colon < 0 || !line[..colon].Trim().Equals(name, StringComparison.OrdinalIgnoreCase))
            return false;
        value = line[(colon + 1)..].Trim();
        return true;
    }
}
