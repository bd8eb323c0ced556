using System.Buffers;

namespace Backlinks.Ingest;

/// <summary>A body as far as it came.</summary>
/// <param name="Complete">Everything came: lengths, chunking and codings ended as they should, within the caps.</param>
/// <param name="Error">Why not, for people.</param>
internal readonly record struct ReadBody(byte[] Bytes, bool Complete, string Error);

/// <summary>
/// Reads and decodes a body up to a cap. Memory is what is kept, whatever is sent: 10 GB of zeros as 10 MB of gzip cost
/// the buffers and at most <c>MaxBody</c>, and end at the ratio cap long before: beyond the first MB, what unpacks to
/// more than 200 times its size is taken for a bomb (deflate's limit is 1,032; a page that packs so well is cut, not lost). What was read until then is kept.
/// At most two codings are undone: more is an attack on memory and processor.
/// </summary>
internal static class BodyReader
{
    public const int MaxRatio = 200;
    private const int RatioCountsFrom = 1 << 20;
    private const int MaxCodings = 2;

    /// <summary>Bytes behind the end of a coded body that are read for the sake of the connection and of the body's length.</summary>
    private const int MaxPadding = 64 << 10;

    /// <param name="wire">The body as HTTP frames it; broken framing must throw an IOException.</param>
    /// <param name="contentEncoding">The values of Content-Encoding in order.</param>
    /// <param name="saw">Told of the bytes read from the wire.</param>
    /// <param name="late">Says what was late when <paramref name="clock"/> has run out.</param>
    /// <exception cref="OperationCanceledException"><paramref name="cancel"/> was asked for.</exception>
    public static async ValueTask<ReadBody> ReadAsync(Stream wire, IEnumerable<string> contentEncoding, int maxBody, Action<int>? saw, Func<string>? late,
        CancellationToken clock, CancellationToken cancel)
    {
        string[] codings = [.. contentEncoding.SelectMany(v => v.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(c => !c.Equals("identity", StringComparison.OrdinalIgnoreCase))];
        if (codings.Length > MaxCodings)
            return new ReadBody([], false, $"{codings.Length} content codings over one another; at most {MaxCodings} are undone");
        long count = 0;
        var counted = new WatchedStream(wire)
        {
            Seen = n =>
            {
                count += n;
                saw?.Invoke(n);
            },
        };
        Stream stream = counted;
        var stages = new List<ContentCoding>(codings.Length);
        for (int i = codings.Length - 1; i >= 0; i--)
        {
            if (ContentCoding.Find(codings[i], stream) is not { } coding)
                return new ReadBody([], false, $"content coding \"{Printable(codings[i])}\" is not known");
            stages.Add(coding);
            stream = coding;
        }

        byte[] buffer = ArrayPool<byte>.Shared.Rent(32 << 10);
        int length = 0;
        string error = "";
        try
        {
            while (true)
            {
                if (length == buffer.Length)
                    buffer = Grow(buffer, length, maxBody);
                int read = await stream.ReadAsync(buffer.AsMemory(length), clock).ConfigureAwait(false);
                if (read == 0)
                    break;
                length += read;
                if (length > maxBody)
                {
                    (length, error) = (maxBody, $"longer than {maxBody} bytes");
                    break;
                }
                if (stages.Count > 0 && length > RatioCountsFrom && length / MaxRatio > count)
                {
                    error = $"unpacks to more than {MaxRatio} times what was sent";
                    break;
                }
            }
            if (error.Length == 0 && count > 0)
                foreach (ContentCoding stage in stages)
                    if (!stage.EndedWell)
                        error = "the coded body ends early";
            if (error.Length == 0 && stages.Count > 0)
                await DrainAsync(counted, clock).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (cancel.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancel);
        }
        catch (OperationCanceledException)
        {
            error = late?.Invoke() ?? "timed out";
        }
        catch (InvalidDataException e)
        {
            error = $"the coded body is damaged: {e.Message}";
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            error = $"the connection broke within the body: {e.Message}";
        }
        finally
        {
            foreach (ContentCoding stage in stages)
                await stage.DisposeAsync().ConfigureAwait(false);
        }
        byte[] bytes = length == 0 ? [] : buffer.AsSpan(0, length).ToArray();
        ArrayPool<byte>.Shared.Return(buffer);
        return new ReadBody(bytes, error.Length == 0, error);
    }

    /// <summary>Reads the framing to its end; a decoder may have stopped before it.</summary>
    private static async ValueTask DrainAsync(Stream wire, CancellationToken clock)
    {
        byte[] scratch = ArrayPool<byte>.Shared.Rent(4096);
        try
        {
            for (int padding = 0; padding < MaxPadding;)
            {
                int read = await wire.ReadAsync(scratch, clock).ConfigureAwait(false);
                if (read == 0)
                    return;
                padding += read;
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(scratch);
        }
    }

    /// <summary>Twice the room, never more than what is kept and one byte to see that there is more.</summary>
    private static byte[] Grow(byte[] buffer, int length, int maxBody)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent((int)Math.Max(length + 1, Math.Min((long)length * 2, maxBody + 1L)));
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }

    private static string Printable(string text) => new([.. text.Take(40).Select(c => c is > ' ' and < '\x7f' ? c : '?')]);
}
