using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backlinks.Stores;
using Microsoft.Extensions.Logging;

namespace Backlinks.Api;

/// <summary>
/// Records of one kind kept as files, one each: <c>FOLDER/&lt;id&gt;.json</c>, flushed under another name and renamed, so that a kill leaves
/// the old or the new. What cannot be read is reported and left alone. <c>.lock</c> is held (by the operating system) by the process that
/// changes them; a second service on the same folder only reads.
/// </summary>
internal sealed partial class JobFiles<T> : IDisposable where T : class
{
    private static readonly JsonSerializerOptions Format = new()
    {
        WriteIndented = true,
        NewLine = "\n",
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower) },
    };

    private readonly string _folder;
    private readonly Func<T, string> _idOf;
    private readonly ILogger _log;
    private FileStream? _lock;

    public JobFiles(string folder, Func<T, string> idOf, ILogger log) => (_folder, _idOf, _log) = (folder, idOf, log);

    /// <summary>Whether this process may change them.</summary>
    public bool Owned => _lock is not null;

    /// <summary>Tries to become the process that changes them, and removes what a killed one left half written.</summary>
    /// <exception cref="IOException">The folder cannot be made.</exception>
    public bool TryOwn()
    {
        if (Owned)
            return true;
        Directory.CreateDirectory(_folder);
        try
        {
            _lock = new FileStream(Path.Combine(_folder, ".lock"), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 0);
        }
        catch (IOException)
        {
            return false;
        }
        foreach (string left in Directory.GetFiles(_folder, "*.tmp"))
            File.Delete(left);
        return true;
    }

    /// <summary>Those that can be read, in the order of their ids.</summary>
    public List<T> Load()
    {
        var found = new List<T>();
        if (!Directory.Exists(_folder))
            return found;
        foreach (string path in Directory.GetFiles(_folder, "*.json").Order(StringComparer.Ordinal))
            try
            {
                T record = JsonSerializer.Deserialize<T>(File.ReadAllBytes(path), Format) ?? throw new JsonException("it is empty");
                if (_idOf(record) != Path.GetFileNameWithoutExtension(path))
                    throw new JsonException("its id is not that of its name");
                found.Add(record);
            }
            catch (Exception e) when (e is JsonException or IOException or UnauthorizedAccessException or NotSupportedException)
            {
                Unreadable(_log, path, e.Message);
            }
        return found;
    }

    /// <summary>Writes one; it is on the disk when this returns.</summary>
    /// <exception cref="IOException">The disk is full or fails; what was there is unchanged.</exception>
    public void Save(T record)
    {
        if (!Owned)
            throw new InvalidOperationException($"{_folder} belongs to another process");
        Durable.WriteText(PathOf(_idOf(record)), JsonSerializer.Serialize(record, Format) + "\n");
    }

    public void Delete(string id) => File.Delete(PathOf(id));

    public void Dispose()
    {
        _lock?.Dispose();
        _lock = null;
    }

    private string PathOf(string id) => Path.Combine(_folder, id + ".json");

    [LoggerMessage(LogLevel.Warning, "{Path} is passed over: {Problem}")]
    private static partial void Unreadable(ILogger log, string path, string problem);
}
