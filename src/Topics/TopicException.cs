namespace Backlinks.Topics;

/// <summary>A taxonomy that cannot be used as it is written.</summary>
/// <param name="place">File and, where there is one, the topic or member.</param>
/// <param name="problem">What is wrong and what is allowed, without a final period.</param>
public sealed class TopicException(string place, string problem, Exception? inner = null) : IOException($"{place}: {problem}", inner)
{
    public string Place { get; } = place;
}
