using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Backlinks.Api;

/// <summary>
/// A place in the rows of a question, to go on from: the run it began on, a digest of the question, how many rows there are, and the values
/// that the last row is ordered by. Callers get it as text they cannot read meaning into and cannot alter:
/// <code>
/// base64url( version u8 · run · digest 16 · total i64 · n u8 · n values (type u8, value) · HMAC-SHA256 of all before, its first 16 bytes )
/// </code>
/// The key is the data folder's own (<c>cursor.key</c>, 32 random bytes, made when first needed), so cursors outlive the process.
/// </summary>
internal sealed record RowCursor(string Run, byte[] Question, long Total, IReadOnlyList<object?> After)
{
    private const byte Version = 1;
    private const int SignatureBytes = 16, MostText = 6000;

    public string ToText(byte[] key)
    {
        using var bytes = new MemoryStream();
        using (var writer = new BinaryWriter(bytes, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Version);
            writer.Write(Run);
            writer.Write(Question);
            writer.Write(Total);
            writer.Write((byte)After.Count);
            foreach (object? value in After)
                switch (value)
                {
                    case null: writer.Write((byte)0); break;
                    case string text: writer.Write((byte)1); writer.Write(text); break;
                    case long whole: writer.Write((byte)2); writer.Write(whole); break;
                    case double number: writer.Write((byte)3); writer.Write(number); break;
                    case bool flag: writer.Write((byte)4); writer.Write(flag); break;
                    case DateTime time: writer.Write((byte)5); writer.Write(time.Ticks); break;
                    default: throw new InvalidOperationException($"rows are not ordered by {value.GetType()}");
                }
        }
        bytes.Write(HMACSHA256.HashData(key, bytes.GetBuffer().AsSpan(0, (int)bytes.Length)).AsSpan(0, SignatureBytes));
        return Base64Url.EncodeToString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
    }

    /// <exception cref="ProblemException"><c>invalid_cursor</c>.</exception>
    public static RowCursor Parse(string text, byte[] key)
    {
        if (text.Length > MostText || !Base64Url.IsValid(text))
            throw Invalid();
        byte[] bytes = Base64Url.DecodeFromChars(text);
        if (bytes.Length <= SignatureBytes || !CryptographicOperations.FixedTimeEquals(HMACSHA256.HashData(key, bytes.AsSpan(0, bytes.Length - SignatureBytes)).AsSpan(0, SignatureBytes), bytes.AsSpan(bytes.Length - SignatureBytes)))
            throw Invalid();
        using var reader = new BinaryReader(new MemoryStream(bytes, 0, bytes.Length - SignatureBytes), Encoding.UTF8);
        if (reader.ReadByte() != Version)
            throw Invalid();
        string run = reader.ReadString();
        byte[] question = reader.ReadBytes(16);
        long total = reader.ReadInt64();
        object?[] after = new object?[reader.ReadByte()];
        for (int i = 0; i < after.Length; i++)
            after[i] = reader.ReadByte() switch
            {
                0 => null,
                1 => reader.ReadString(),
                2 => reader.ReadInt64(),
                3 => reader.ReadDouble(),
                4 => reader.ReadBoolean(),
                _ => new DateTime(reader.ReadInt64(), DateTimeKind.Utc),
            };
        return new RowCursor(run, question, total, after);
    }

    /// <summary>The data folder's key, made where there is none; one that lives as long as the process where the folder cannot be written.</summary>
    public static byte[] KeyOf(string folder)
    {
        string path = Path.Combine(folder, "cursor.key");
        for (int attempt = 0; attempt < 3; attempt++)
        {
            if (File.Exists(path) && File.ReadAllBytes(path) is { Length: 32 } there)
                return there;
            byte[] made = RandomNumberGenerator.GetBytes(32);
            string temporary = $"{path}.{Environment.ProcessId}.{attempt}.tmp";
            try
            {
                var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
                if (!OperatingSystem.IsWindows())
                    options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
                using (var file = new FileStream(temporary, options))
                {
                    file.Write(made);
                    file.Flush(flushToDisk: true);
                }
                bool whole = File.Exists(path) && new FileInfo(path).Length == 32; // somebody was faster
                File.Move(temporary, path, overwrite: !whole && File.Exists(path));
                return made;
            }
            catch (IOException) when (File.Exists(path))
            {
                File.Delete(temporary);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                return made;
            }
        }
        return RandomNumberGenerator.GetBytes(32);
    }

    private static ProblemException Invalid() => Problems.Of("invalid_cursor", "cursor: is none that this service gave, or was altered; ask without it to begin again", new FieldError("cursor", "not a cursor of this service"));
}
