using System.Text.Json;
using System.Text.Json.Serialization;

namespace Backlinks.Stores;

/// <summary>What a person decided about a claim of spam.</summary>
public enum ReviewDecision
{
    /// <summary>The claim holds: its links may be disavowed whatever the score.</summary>
    Confirmed,

    /// <summary>The claim does not hold: its links are never proposed.</summary>
    Dismissed,
}

/// <summary>A decision about a cluster or a domain.</summary>
/// <param name="Subject">Id of a cluster (<c>c-</c> and 8 hex digits), else a domain in lower case.</param>
/// <param name="Note">Why, for people; at most <see cref="Reviews.LongestNote"/> characters.</param>
/// <param name="At">When it was decided, UTC.</param>
public sealed record Review(string Subject, ReviewDecision Decision, string? Note, DateTimeOffset At);

/// <summary>
/// Decisions about spam clusters and domains, in <c>reviews.json</c> of the data folder: what a person found, kept from run to run, as clusters keep
/// their ids while most of their members stay. They never change scores; proposals of disavow files follow them.
/// <code>{ "version": 1, "reviews": [ { "subject": "c-1a2b3c4d", "decision": "confirmed", "note": "…", "at": "2026-01-31T12:00:00+00:00" } ] }</code>
/// By subject in ordinal order. Each change replaces the file as a whole, flushed before it appears, so a reader sees all of the old or all of the new;
/// changes of one process follow each other. Not under the folder's lock: a decision need not wait for a run.
/// </summary>
public sealed class Reviews(DataFolder folder)
{
    public const string FileName = "reviews.json";

    /// <summary>Decisions kept at most.</summary>
    public const int Most = 100_000;

    /// <summary>Characters of a note at most.</summary>
    public const int LongestNote = 2000;

    private static readonly Lock Gate = new();

    private static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        RespectRequiredConstructorParameters = true,
        RespectNullableAnnotations = true,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    private sealed record Content(int Version, IReadOnlyList<Review> Reviews);

    public string Path { get; } = System.IO.Path.Combine(folder.Path, FileName);

    /// <summary>All decisions, by subject.</summary>
    /// <exception cref="StoreException">The file is damaged.</exception>
    public IReadOnlyList<Review> All()
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(Path);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return [];
        }
        try
        {
            return JsonSerializer.Deserialize<Content>(bytes, Json) switch
            {
                { Version: 1 } content => content.Reviews,
                { } other => throw new StoreException(Path, $"is of version {other.Version}, newer than 1: use a newer 'backlinks'"),
                null => throw new StoreException(Path, "holds nothing: delete it to start without reviews"),
            };
        }
        catch (JsonException e)
        {
            throw new StoreException(Path, $"is no list of reviews (line {e.LineNumber + 1}): mend it, or delete it to start without reviews", e);
        }
    }

    /// <summary>The decision about a subject, or null.</summary>
    /// <exception cref="StoreException">The file is damaged.</exception>
    public Review? Of(string subject) => All().FirstOrDefault(r => r.Subject == subject);

    /// <summary>Keeps a decision, in place of one about the same subject.</summary>
    /// <exception cref="ArgumentException">The subject is empty or longer than 253 characters, the note is too long, or there are too many reviews.</exception>
    /// <exception cref="StoreException">The file is damaged.</exception>
    public Review Put(string subject, ReviewDecision decision, string? note, TimeProvider? time = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(subject);
        if (subject.Length > 253)
            throw new ArgumentException($"a subject has at most 253 characters, not {subject.Length}", nameof(subject));
        if (note?.Length > LongestNote)
            throw new ArgumentException($"a note has at most {LongestNote} characters, not {note.Length}", nameof(note));
        var review = new Review(subject, decision, note, (time ?? TimeProvider.System).GetUtcNow());
        lock (Gate)
        {
            List<Review> reviews = [.. All().Where(r => r.Subject != subject), review];
            if (reviews.Count > Most)
                throw new ArgumentException($"there are {Most} reviews already; delete some", nameof(subject));
            Write(reviews);
        }
        return review;
    }

    /// <summary>Forgets the decision about a subject; false where there is none.</summary>
    /// <exception cref="StoreException">The file is damaged.</exception>
    public bool Delete(string subject)
    {
        lock (Gate)
        {
            IReadOnlyList<Review> reviews = All();
            List<Review> left = [.. reviews.Where(r => r.Subject != subject)];
            if (left.Count == reviews.Count)
                return false;
            Write(left);
            return true;
        }
    }

    private void Write(List<Review> reviews)
    {
        folder.Make();
        Durable.WriteText(Path, JsonSerializer.Serialize(new Content(1, [.. reviews.OrderBy(r => r.Subject, StringComparer.Ordinal)]), Json) + "\n");
    }
}
