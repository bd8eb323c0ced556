using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Backlinks.Ingest;

/// <summary>
/// The list of what an import left out: one JSON object a line with <c>file</c>, <c>offset</c> or <c>line</c>,
/// <c>problem</c> and <c>about</c>. It ends at ten thousand lines with one that says so; counting goes on. The file comes
/// into being with its first entry.
/// </summary>
internal sealed class QuarantineList : IDisposable
{
    private static readonly JsonWriterOptions Layout = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private const int MaxEntries = 10_000, MaxAbout = 400;

    private readonly string? _path;
    private readonly string _file;
    private readonly ArrayBufferWriter<byte> _line = new(1024);
    private FileStream? _list;
    private long _entries;

    /// <param name="folder">Null to only count.</param>
    /// <param name="source">Names the list.</param>
    /// <param name="file">The file that is imported.</param>
    /// <param name="keep">Bytes of an earlier, interrupted import's list that stay: what it had listed of records that are read
    /// again goes.</param>
    public QuarantineList(string? folder, string source, string file, long keep)
    {
        _file = file;
        _path = folder is null ? null : Path.Combine(folder, Name(source) + ".jsonl");
        if (_path is null || !File.Exists(_path))
            return;
        _list = new FileStream(_path, FileMode.Open, FileAccess.ReadWrite);
        _list.SetLength(Math.Min(keep, _list.Length));
        for (int b; (b = _list.ReadByte()) >= 0;)
            _entries += b == '\n' ? 1 : 0;
    }

    /// <summary>Where the list is; null where there is none.</summary>
    public string? Written => _list is null || _list.Length == 0 ? null : _path;

    public long Length => _list?.Length ?? 0;

    public void Add(Quarantined what)
    {
        if (_path is null || ++_entries > MaxEntries + 1)
            return;
        if (_list is null)
        {
            Directory.CreateDirectory(Path.GetDirectoryName(_path)!);
            _list = new FileStream(_path, FileMode.Create, FileAccess.ReadWrite);
        }
        _line.ResetWrittenCount();
        using (Utf8JsonWriter json = new(_line, Layout))
        {
            json.WriteStartObject();
            json.WriteString("file", _file);
            if (_entries > MaxEntries)
                json.WriteString("problem", $"more than {MaxEntries} entries: the rest is only counted");
            else
            {
                if (what.Line > 0)
                    json.WriteNumber("line", what.Line);
                else
                    json.WriteNumber("offset", what.Offset);
                json.WriteString("problem", what.Problem);
                if (what.About.Length > 0)
                    json.WriteString("about", what.About.Length > MaxAbout ? what.About[..MaxAbout] : what.About);
            }
            json.WriteEndObject();
        }
        _list.Write(_line.WrittenSpan);
        _list.WriteByte((byte)'\n');
    }

    /// <summary>To be called before the position that these entries lie before is stored.</summary>
    public void Flush() => _list?.Flush();

    public void Dispose() => _list?.Dispose();

    private static string Name(string source)
    {
        StringBuilder name = new();
        foreach (char c in source)
            name.Append(char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' ? c : '-');
        return name.ToString(Math.Max(0, name.Length - 120), Math.Min(name.Length, 120)).TrimStart('.');
    }
}
