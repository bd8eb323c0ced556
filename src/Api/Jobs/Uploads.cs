using System.Globalization;

namespace Backlinks.Api;

/// <summary>Files sent to be imported: <c>uploads/&lt;folder&gt;/&lt;name&gt;</c> in the data folder until their job has ended.</summary>
internal sealed class Uploads(string folder, long most)
{
    /// <summary>Largest upload, in bytes.</summary>
    public long Most { get; } = most;

    /// <summary>The file of an upload.</summary>
    public string PathOf(string upload) => Directory.GetFiles(Path.Combine(folder, Path.GetFileName(upload))).Single();

    /// <summary>Streams a file in.</summary>
    /// <param name="name">As the sender calls it: formats are told by content, the rest by the name.</param>
    /// <returns>The upload's folder, for <see cref="Job.Upload"/>.</returns>
    /// <exception cref="ProblemException"><c>too_large</c>, or <c>invalid_body</c> where it is empty.</exception>
    public async Task<string> ReceiveAsync(Stream content, string? name, CancellationToken cancel)
    {
        string upload = Guid.NewGuid().ToString("N", CultureInfo.InvariantCulture);
        string place = Path.Combine(folder, upload);
        Directory.CreateDirectory(place);
        try
        {
            long length = 0;
            await using (FileStream file = new(Path.Combine(place, Plain(name)), FileMode.CreateNew, FileAccess.Write, FileShare.None))
            {
                byte[] buffer = new byte[1 << 16];
                for (int read; (read = await content.ReadAsync(buffer, cancel)) > 0;)
                {
                    length += read;
                    if (length > Most)
                        throw Problems.Of("too_large", string.Create(CultureInfo.InvariantCulture, $"the upload is larger than {Most:N0} bytes"));
                    await file.WriteAsync(buffer.AsMemory(0, read), cancel);
                }
                file.Flush(flushToDisk: true);
            }
            return length > 0 ? upload : throw Problems.Of("invalid_body", "the upload is empty");
        }
        catch
        {
            Remove(upload);
            throw;
        }
    }

    /// <summary>Removes an upload; null, or one that is gone, is nothing to do.</summary>
    public void Remove(string? upload)
    {
        if (upload is null)
            return;
        try
        {
            Directory.Delete(Path.Combine(folder, Path.GetFileName(upload)), recursive: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Gone already, or removed with the next start of the service.
        }
    }

    /// <summary>Removes what no job waits for: what a killed service was receiving.</summary>
    public void RemoveAllBut(IEnumerable<string?> wanted)
    {
        if (!Directory.Exists(folder))
            return;
        var kept = wanted.ToHashSet();
        foreach (string place in Directory.GetDirectories(folder))
            if (!kept.Contains(Path.GetFileName(place)))
                Remove(Path.GetFileName(place));
    }

    /// <summary>A name that is one on every file system and leads nowhere.</summary>
    private static string Plain(string? name)
    {
        string plain = string.Concat((name ?? "").Replace('\\', '/').Split('/')[^1].Select(c => char.IsAsciiLetterOrDigit(c) || c is '.' or '-' or '_' or ' ' ? c : '_')).Trim('.', ' ');
        return plain.Length == 0 ? "upload" : plain.Length > 120 ? plain[^120..] : plain;
    }
}
