namespace Backlinks.GraphEngine;

/// <summary>How far a long operation is, for a person to watch: rate and time left follow from two of them.</summary>
/// <param name="Step">What is being done now, such as <c>reading links</c>.</param>
/// <param name="Done">Units done in this step.</param>
/// <param name="Total">Units in this step, or 0 where that is not known yet.</param>
/// <param name="Unit">What is counted: <c>links</c>, <c>nodes</c>, <c>bytes</c>, <c>rounds</c>.</param>
public readonly record struct StepProgress(string Step, long Done, long Total, string Unit)
{
    /// <summary>What is told apart of what was done, by name, such as pages by the outcome of their visit; null where nothing is.</summary>
    public IReadOnlyDictionary<string, long>? Kinds { get; init; }
}
