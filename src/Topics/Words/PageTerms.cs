namespace Backlinks.Topics;

/// <summary>
/// The terms of one page: distinct numbers with how often each is in the content (title ×3, headings ×2, body ×1) and in the
/// anchors. Overwritten by the next page its reader reads; <see cref="Copy"/> keeps it.
/// </summary>
public sealed class PageTerms
{
    internal int[] Terms = new int[1024];
    internal float[] InContent = new float[1024];
    internal float[] InAnchors = new float[1024];

    /// <summary>Distinct terms.</summary>
    public int Count { get; internal set; }

    /// <summary>Words of the content that are no stop words, repeated ones included: how much there is to go by.</summary>
    public int Tokens { get; internal set; }

    /// <summary>Words of the anchors that are no stop words, repeated ones included.</summary>
    public int AnchorTokens { get; internal set; }

    /// <summary>Code of the language it was read in; empty where it is not known.</summary>
    public string Language { get; internal set; } = "";

    public PageTerms Copy() => new()
    {
        Terms = Terms[..Count],
        InContent = InContent[..Count],
        InAnchors = InAnchors[..Count],
        Count = Count,
        Tokens = Tokens,
        AnchorTokens = AnchorTokens,
        Language = Language,
    };

    internal void Grow()
    {
        Array.Resize(ref Terms, Terms.Length * 2);
        Array.Resize(ref InContent, Terms.Length);
        Array.Resize(ref InAnchors, Terms.Length);
    }
}
