namespace Backlinks.Stores;

/// <summary>A data folder, run or export that cannot be read or written: says where, what is wrong and what to do.</summary>
public sealed class StoreException : IOException
{
    /// <param name="path">The file or folder at fault.</param>
    /// <param name="problem">What is wrong and what to do, without a final period.</param>
    /// <param name="inner">The cause, if another exception was one.</param>
    public StoreException(string path, string problem, Exception? inner = null) : base($"{path}: {problem}", inner) => Path = path;

    public string Path { get; }

    /// <summary>Whether it failed only because somebody else writes there now: trying again later may work.</summary>
    public bool Busy { get; init; }

    /// <summary>The process that writes there, where it is known.</summary>
    public int? Holder { get; init; }
}
