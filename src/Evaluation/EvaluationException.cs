namespace Backlinks.Evaluation;

/// <summary>Labelled data that cannot be read: says which file, which line, and what to do.</summary>
public sealed class EvaluationException : IOException
{
    /// <param name="path">The file or folder at fault.</param>
    /// <param name="line">Line of the fault, from 1, or 0 where none applies.</param>
    /// <param name="problem">What is wrong and what to do, without a final period.</param>
    /// <param name="inner">The cause, if another exception was one.</param>
    public EvaluationException(string path, int line, string problem, Exception? inner = null)
        : base(line > 0 ? $"{path}: line {line}: {problem}" : $"{path}: {problem}", inner)
    {
        Path = path;
        Line = line;
    }

    public string Path { get; }

    /// <summary>From 1, or 0.</summary>
    public int Line { get; }
}
