using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Serialization;
using Backlinks.Stores;

namespace Backlinks.Api;

/// <summary>A key that callers show, without its secret.</summary>
/// <param name="Id">Eight hexadecimal digits; part of the key and of the log.</param>
/// <param name="Name">What people call it.</param>
/// <param name="Scopes">Of <see cref="Api.Scopes"/>.</param>
/// <param name="SecretSha256">SHA-256 of the secret, hexadecimal.</param>
public sealed record ApiKey(string Id, string Name, IReadOnlyList<string> Scopes, DateTimeOffset Created, string SecretSha256)
{
    public bool Allows(string scope) => Scopes.Contains(scope, StringComparer.Ordinal) || Scopes.Contains(Api.Scopes.Admin, StringComparer.Ordinal);
}

/// <summary>
/// The keys of a data folder, in <c>keys.json</c>, readable by its owner alone:
/// <code>{"version":1,"keys":[{"id":"3f9a01c2","name":"ci","scopes":["read"],"created":"2026-…","secret_sha256":"…"}]}</code>
/// A key reads <c>blk_ID_SECRET</c> and is shown once, when it is made. SECRET is 256 random bits, so a fast hash is right: what makes
/// passwords need a slow one, that they can be guessed, does not hold. Whoever reads the file learns no key. Hashes are compared in
/// constant time. A change of the file is seen with the next request. A file that cannot be read lets nobody in.
/// </summary>
public sealed class ApiKeys
{
    private const int Version = 1, IdDigits = 8, SecretDigits = 64;
    private const string Prefix = "blk_";
    private static readonly byte[] Nobody = new byte[SHA256.HashSizeInBytes];
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, WriteIndented = true, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true, UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow };

    private readonly string _folder;
    private readonly string _path;
    private State _state = new(default, 0, new Dictionary<string, ApiKey>(StringComparer.Ordinal));

    public ApiKeys(DataFolder folder)
    {
        _folder = folder.Path;
        _path = Path.Combine(folder.Path, "keys.json");
    }

    private sealed record State(DateTime Written, long Length, IReadOnlyDictionary<string, ApiKey> Keys);

    private sealed record Content(int Version, IReadOnlyList<ApiKey> Keys);

    /// <summary>All keys, oldest first.</summary>
    /// <exception cref="StoreException">The file is damaged.</exception>
    public IReadOnlyList<ApiKey> All => [.. Load().Values.OrderBy(k => k.Created).ThenBy(k => k.Id, StringComparer.Ordinal)];

    /// <summary>Makes a key.</summary>
    /// <returns>The key, and the text to show once and never to keep.</returns>
    /// <exception cref="ArgumentException">A name that is no single line of 1 to 100 characters, or scopes that do not exist.</exception>
    public (ApiKey Key, string Text) Add(string name, IReadOnlyList<string> scopes)
    {
        if (name.Length is 0 or > 100 || name.Any(char.IsControl) || string.IsNullOrWhiteSpace(name))
            throw new ArgumentException("a key's name is one line of 1 to 100 characters", nameof(name));
        if (scopes.Count == 0 || scopes.FirstOrDefault(s => !Scopes.All.Contains(s, StringComparer.Ordinal)) is not null)
            throw new ArgumentException($"scopes are of {string.Join(", ", Scopes.All)}, not '{string.Join(',', scopes)}'", nameof(scopes));
        string secret = RandomNumberGenerator.GetHexString(SecretDigits, lowercase: true);
        ApiKey key = new("", name, [.. scopes.Distinct(StringComparer.Ordinal)], DateTimeOffset.UtcNow, Convert.ToHexStringLower(Hash(secret)));
        Change(keys =>
        {
            do
                key = key with { Id = RandomNumberGenerator.GetHexString(IdDigits, lowercase: true) };
            while (keys.ContainsKey(key.Id));
            keys.Add(key.Id, key);
        });
        return (key, $"{Prefix}{key.Id}_{secret}");
    }

    /// <summary>Takes a key away; its next request is refused.</summary>
    /// <returns>False where there is none of that id.</returns>
    public bool Revoke(string id)
    {
        bool there = false;
        Change(keys => there = keys.Remove(id));
        return there;
    }

    /// <summary>The key of that id, or null.</summary>
    public ApiKey? Find(string id) => Load().GetValueOrDefault(id);

    /// <summary>The key that a caller shows, or null where it is none of ours.</summary>
    public ApiKey? Verify(string text)
    {
        ApiKey? known = IdOf(text) is { } id ? Find(id) : null;
        byte[] shown = Hash(known is null ? text : text[(Prefix.Length + IdDigits + 1)..]);
        byte[] expected = known is null ? Nobody : Convert.FromHexString(known.SecretSha256);
        return CryptographicOperations.FixedTimeEquals(shown, expected) ? known : null;
    }

    /// <summary>The id in a text of the form of a key, for the log; null in any other text.</summary>
    public static string? IdOf(string text) =>
        text.Length == Prefix.Length + IdDigits + 1 + SecretDigits && text.StartsWith(Prefix, StringComparison.Ordinal) && text[Prefix.Length + IdDigits] == '_'
        && text[Prefix.Length..(Prefix.Length + IdDigits)] is var id && id.All(char.IsAsciiHexDigitLower) ? id : null;

    private static byte[] Hash(string secret) => SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>The keys as the file has them now; read again only when it has changed.</summary>
    private IReadOnlyDictionary<string, ApiKey> Load()
    {
        var file = new FileInfo(_path);
        State state = Volatile.Read(ref _state);
        if (!file.Exists)
            return state.Length == 0 ? state.Keys : (_state = new State(default, 0, new Dictionary<string, ApiKey>(StringComparer.Ordinal))).Keys;
        if (file.LastWriteTimeUtc == state.Written && file.Length == state.Length)
            return state.Keys;
        state = new State(file.LastWriteTimeUtc, file.Length, Read());
        Volatile.Write(ref _state, state);
        return state.Keys;
    }

    private Dictionary<string, ApiKey> Read()
    {
        try
        {
            Content content = JsonSerializer.Deserialize<Content>(File.ReadAllBytes(_path), Format) ?? throw new JsonException("is empty");
            if (content.Version != Version)
                throw new StoreException(_path, $"is of version {content.Version.ToString(CultureInfo.InvariantCulture)}, this program reads {Version}: use the program that wrote it");
            if (content.Keys.Any(k => k.SecretSha256.Length != 2 * SHA256.HashSizeInBytes || !k.SecretSha256.All(char.IsAsciiHexDigit) || k.Scopes is null))
                throw new JsonException("has a key without hash or scopes");
            return content.Keys.ToDictionary(k => k.Id, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            throw new StoreException(_path, "is damaged, so no key is let in: restore it, or delete it and make new keys with 'backlinks keys add NAME'", e);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(_path, "cannot be read: change its permissions", e);
        }
    }

    private void Change(Action<Dictionary<string, ApiKey>> change)
    {
        try
        {
            Directory.CreateDirectory(_folder);
            using FileStream alone = Lock();
            Dictionary<string, ApiKey> keys = File.Exists(_path) ? Read() : new(StringComparer.Ordinal);
            change(keys);
            Content content = new(Version, [.. keys.Values.OrderBy(k => k.Created).ThenBy(k => k.Id, StringComparer.Ordinal)]);
            Durable.WriteText(_path, JsonSerializer.Serialize(content, Format) + "\n", UnixFileMode.UserRead | UnixFileMode.UserWrite);
        }
        catch (UnauthorizedAccessException e)
        {
            throw new StoreException(_path, "cannot be written: change the permissions of its folder", e);
        }
    }

    /// <summary>Two programs that change keys at once do so one after the other; each needs milliseconds.</summary>
    private FileStream Lock()
    {
        string path = _path + ".lock";
        for (int tries = 0; ; tries++)
            try
            {
                return new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, 1, FileOptions.DeleteOnClose);
            }
            catch (IOException) when (tries < 100)
            {
                Thread.Sleep(50);
            }
    }
}
