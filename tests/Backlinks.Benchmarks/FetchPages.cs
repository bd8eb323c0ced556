using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Backlinks.Ingest;

namespace Backlinks.Benchmarks;

/// <summary>How many pages a second can be fetched? Eight workers fetch small pages of eight hosts from a server of the same
/// process on loopback, with all of the fetcher's checks, politeness off.</summary>
public static class FetchPages
{
    private const int PageBytes = 8000, Workers = 8;
    private static readonly TimeSpan Round = TimeSpan.FromSeconds(3);

    public static int Run(string[] args)
    {
        _ = args;
        return RunAsync().GetAwaiter().GetResult();
    }

    private static async Task<int> RunAsync()
    {
        byte[] page = Encoding.ASCII.GetBytes(string.Concat(Enumerable.Range(0, PageBytes).Select(i => (char)('a' + (i * 7 % 26)))));
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        Task serving = ServeAsync(listener, [.. Encoding.ASCII.GetBytes($"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: {PageBytes}\r\n\r\n"), .. page]);
        using var fetcher = new Fetcher(new FetcherOptions
        {
            UserAgent = UserAgents.Default("0.1", "https://crawler.example/"),
            AllowLoopback = true,
            ConnectTo = [string.Create(CultureInfo.InvariantCulture, $"::127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}")],
        });
        FetchResult first = await fetcher.FetchAsync(WebUrl.TryParse("http://h0.example/")!).ConfigureAwait(false);
        if (first.Status != 200 || !first.Complete || !first.Body.Span.SequenceEqual(page))
            return 1;
        for (int round = 0; round < 4; round++)
        {
            var watch = Stopwatch.StartNew();
            long allocated = GC.GetTotalAllocatedBytes();
            int[] counts = await Task.WhenAll(Enumerable.Range(0, Workers).Select(i => Task.Run(async () =>
            {
                WebUrl url = WebUrl.TryParse($"http://h{i}.example/p?q={i}")!;
                int count = 0;
                for (; watch.Elapsed < Round; count++)
                {
                    FetchResult result = await fetcher.FetchAsync(url).ConfigureAwait(false);
                    if (result.Status != 200 || !result.Complete || result.Body.Length != PageBytes)
                        throw new InvalidDataException(result.Error);
                }
                return count;
            }))).ConfigureAwait(false);
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{counts.Sum() / watch.Elapsed.TotalSeconds,8:N0} pages a second, {(GC.GetTotalAllocatedBytes() - allocated) / (double)counts.Sum():N0} bytes allocated a page, server included"));
        }
        listener.Stop();
        await serving.ConfigureAwait(false);
        return 0;
    }

    private static async Task ServeAsync(TcpListener listener, byte[] response)
    {
        try
        {
            while (true)
                _ = AnswerAsync(await listener.AcceptSocketAsync().ConfigureAwait(false), response);
        }
        catch (SocketException)
        {
            // stopped
        }
    }

    private static async Task AnswerAsync(Socket socket, byte[] response)
    {
        using Socket owned = socket;
        socket.NoDelay = true;
        byte[] buffer = new byte[8192];
        int length = 0;
        while (await socket.ReceiveAsync(buffer.AsMemory(length)).ConfigureAwait(false) is > 0 and var read)
        {
            length += read;
            if (!buffer.AsSpan(0, length).EndsWith("\r\n\r\n"u8))
                continue;
            length = 0;
            await socket.SendAsync(response).ConfigureAwait(false);
        }
    }
}
