using Backlinks.GraphEngine;

namespace Backlinks.Api;

/// <summary>Parameters that several questions about a run's graphs take, as the document of the API describes them.</summary>
internal static class Asked
{
    public static DocumentedParameter Level { get; } = new("level", "The graph of domains or that of pages; without it a URL means a page, unless it names a domain only.") { OneOf = ["domain", "page"] };

    public static DocumentedParameter Top(string of, int most, int standard, int least = 0) => new("top", $"{of} told one by one, those that matter most; the others are told as a sum or a count.", "integer") { Minimum = least, Maximum = most, Standard = standard };

    public static DocumentedParameter Depth { get; } = new("depth", "1: the target's sources; 2: theirs too; 3: and theirs.", "integer") { Minimum = 1, Maximum = 3, Standard = new ExplanationOptions().Depth };

    public static DocumentedParameter Limit(int most, int standard) => new("limit", "How many to tell.", "integer") { Minimum = 1, Maximum = most, Standard = standard };

    public static DocumentedParameter Name(string name, string meaning) => new(name, meaning) { Required = true };

    public static DocumentedParameter Output(string meaning, params string[] forms) => new("output", meaning) { OneOf = forms, Standard = "json" };
}
