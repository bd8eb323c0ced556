namespace Backlinks.Ingest;

/// <summary>An input that cannot be imported: says which file, where in it, what is wrong and what to do.</summary>
public sealed class ImportException : IOException
{
    private ImportException(string path, string place, string problem, Exception? inner)
        : base(place.Length > 0 ? $"{path}: {place}: {problem}" : $"{path}: {problem}", inner) => Path = path;

    /// <param name="path">The file or folder at fault.</param>
    /// <param name="problem">What is wrong and what to do, without a final period.</param>
    /// <param name="inner">The cause, if another exception was one.</param>
    public ImportException(string path, string problem, Exception? inner = null) : this(path, "", problem, inner) { }

    public string Path { get; }

    /// <summary>Byte offset of the fault in the file, or -1.</summary>
    public long Offset { get; private init; } = -1;

    /// <summary>Line of the fault in the text (unpacked, from 1), or -1.</summary>
    public long Line { get; private init; } = -1;

    public static ImportException AtByte(string path, long offset, string problem, Exception? inner = null) =>
        new(path, $"at byte {offset}", problem, inner) { Offset = offset };

    /// <summary>For bit streams; <see cref="Offset"/> is the byte that holds the bit.</summary>
    public static ImportException AtBit(string path, long bit, string problem) =>
        new(path, $"at bit {bit} (byte {bit >> 3})", problem, null) { Offset = bit >> 3 };

    public static ImportException AtLine(string path, long line, string problem, Exception? inner = null) =>
        new(path, $"line {line}", problem, inner) { Line = line };
}
