namespace Backlinks.Stores;

/// <summary>A data folder, run or export that cannot be read or written: says where, what is wrong and what to do.</summary>
public sealed class StoreException : IOException
{
    /// <param name="path">The file or folder at fault.</param>
    /// <param name="problem">What is wrong and what to do, without a final period.</param>
    /// <param name="inner">The cause, if another exception was one.</param>
    public StoreException(string path, string problem, Exception? inner = null) : base($"{path}: {problem}", inner) => Path = path;

    public string Path { get; }
}
