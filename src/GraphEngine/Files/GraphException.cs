namespace Backlinks.GraphEngine;

/// <summary>A graph file that cannot be read or written: says which file, where in it, and what to do.</summary>
public sealed class GraphException : IOException
{
    /// <param name="path">The file or folder at fault.</param>
    /// <param name="offset">Byte offset of the fault in that file, or -1 where none applies.</param>
    /// <param name="problem">What is wrong and what to do, without a final period.</param>
    /// <param name="inner">The cause, if another exception was one.</param>
    public GraphException(string path, long offset, string problem, Exception? inner = null)
        : base(offset >= 0 ? $"{path}: at byte {offset}: {problem}" : $"{path}: {problem}", inner)
    {
        Path = path;
        Offset = offset;
    }

    public string Path { get; }

    /// <summary>Byte offset of the fault, or -1.</summary>
    public long Offset { get; }
}
