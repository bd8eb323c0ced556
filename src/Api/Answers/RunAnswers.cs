using System.Globalization;
using System.Text.Json.Serialization;
using Backlinks.GraphEngine;
using Backlinks.Pipeline;
using Backlinks.Spam;
using Backlinks.Stores;
using Backlinks.Topics;

namespace Backlinks.Api;

/// <summary>What every answer says of itself.</summary>
/// <param name="Run">That it is of.</param>
public sealed record AnswerMeta(RunStamp Run)
{
    /// <summary>How many there are in all, where the answer is a part of a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? TotalCount { get; init; }

    /// <summary>To be given for what follows; absent at the end of a list.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NextCursor { get; init; }
}

/// <summary>Reads a run for one question, and says what stops it as problems.</summary>
internal static class RunAnswers
{
    /// <summary>Leases a run, answers, gives it back.</summary>
    /// <param name="run">Id; null for the current one.</param>
    /// <exception cref="ProblemException">No such run, the run is damaged or lacks something, or the question is wrong.</exception>
    public static T Answer<T>(this RunCatalog catalog, string? run, Func<ServedRun, T> answer)
    {
        using RunLease lease = catalog.Lease(run);
        return Reading(lease.Run.Id, () => answer(lease.Run));
    }

    /// <summary>Does what may find a run damaged or lacking.</summary>
    public static T Reading<T>(string run, Func<T> answer)
    {
        try
        {
            return answer();
        }
        catch (RequestException wrong)
        {
            throw Problems.Of("invalid_parameter", wrong.Message, new FieldError(wrong.FieldName, wrong.Message));
        }
        catch (RunLacksException lacks)
        {
            throw new ProblemException(409, "not_in_run", lacks.Message, null, lacks);
        }
        catch (IOException error) when (error is GraphException or StoreException or SpamException or TopicException or FileNotFoundException or DirectoryNotFoundException)
        {
            throw RunCatalog.Damaged(run, error);
        }
    }

    /// <summary><c>domain</c> or <c>page</c>; null where the target decides.</summary>
    public static GraphLevel? Level(string? text) => text switch
    {
        null or "" => null,
        "domain" => GraphLevel.Domain,
        "page" => GraphLevel.Page,
        _ => throw Problems.Parameter("level", $"must be domain or page, not '{Clip(text)}'"),
    };

    /// <summary>A whole number within a range.</summary>
    public static int Within(string name, int? value, int standard, int least, int most) => value is null ? standard : value >= least && value <= most ? value.Value
        : throw Problems.Parameter(name, string.Create(CultureInfo.InvariantCulture, $"must be {least} to {most}, not {value}"));

    /// <summary>A target that is not empty and not longer than a URL may be.</summary>
    public static string Target(string name, string? text) => string.IsNullOrWhiteSpace(text) ? throw Problems.Parameter(name, "is needed: a domain, a host or a URL")
        : text.Length > LongestTarget ? throw Problems.Parameter(name, $"has {text.Length} characters; at most {LongestTarget} are allowed") : text;

    /// <summary>One of a few words.</summary>
    public static string OneOf(string name, string? text, params string[] words) => string.IsNullOrEmpty(text) ? words[0]
        : words.Contains(text, StringComparer.Ordinal) ? text : throw Problems.Parameter(name, $"must be one of {string.Join(", ", words)}, not '{Clip(text)}'");

    public const int LongestTarget = 8192;

    public static string Clip(string text) => text.Length <= 80 ? text : text[..80] + "…";
}
