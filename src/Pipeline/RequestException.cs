using System.Text.RegularExpressions;

namespace Backlinks.Pipeline;

/// <summary>
/// A request that cannot be meant so. A request is one record that command line, API and schedules fill, so its problems name fields
/// and each caller spells them as its users do: <c>max_pages</c> in JSON, <c>--max-pages</c> on a command line.
/// </summary>
public sealed partial class RequestException : ArgumentException
{
    private readonly string _problem;

    /// <param name="field">The field at fault, as JSON names it.</param>
    /// <param name="problem">What is wrong and what is allowed, fields in braces (<c>{max_pages} must be at least 1, not 0</c>), without a
    /// final period.</param>
    public RequestException(string field, string problem, Exception? inner = null) : base(Field().Replace(problem, "$1"), inner)
    {
        FieldName = field;
        _problem = problem;
    }

    public string FieldName { get; }

    /// <summary>The problem with each field's name as <paramref name="name"/> spells it.</summary>
    public string Spelled(Func<string, string> name) => Field().Replace(_problem, match => name(match.Groups[1].Value));

    [GeneratedRegex(@"\{([a-z_]+)\}", RegexOptions.NonBacktracking)]
    private static partial Regex Field();
}
