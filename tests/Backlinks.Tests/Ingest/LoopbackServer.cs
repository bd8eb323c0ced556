using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backlinks.Tests;

/// <summary>A server on loopback that answers as a script says, byte for byte: also what no real server would send.</summary>
internal sealed class LoopbackServer : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly Func<string, Stream, CancellationToken, Task<bool>> _answer;
    private int _connections;

    /// <param name="answer">Gets the head of a request and writes what it likes; false closes the connection.</param>
    public LoopbackServer(Func<string, Stream, CancellationToken, Task<bool>> answer)
    {
        _answer = answer;
        _listener.Start();
        _tasks.Add(AcceptAsync());
    }

    /// <summary>Answers every request with these bytes and closes.</summary>
    public LoopbackServer(byte[] bytes) : this(async (_, stream, stop) =>
    {
        await stream.WriteAsync(bytes, stop);
        return false;
    })
    {
    }

    public LoopbackServer(string text) : this(Encoding.Latin1.GetBytes(text))
    {
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;

    public int Connections => _connections;

    /// <summary>Heads of requests as they came.</summary>
    public ConcurrentQueue<string> Heads { get; } = [];

    /// <summary>A connect-to rule that leads everything here.</summary>
    public string Rule => $"::127.0.0.1:{Port}";

    public static byte[] Response(string status, byte[] body, params string[] fields) =>
        [.. Encoding.Latin1.GetBytes($"HTTP/1.1 {status}\r\nContent-Length: {body.Length}\r\n{string.Concat(fields.Select(f => f + "\r\n"))}\r\n"), .. body];

    public static byte[] Response(string status, string body = "", params string[] fields) => Response(status, Encoding.UTF8.GetBytes(body), fields);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
    }

    /// <summary>Up to and with the empty line; null at the end of the connection.</summary>
    public static async Task<string?> ReadHeadAsync(Stream stream, CancellationToken stop)
    {
        var head = new StringBuilder();
        byte[] one = new byte[1];
        while (await stream.ReadAsync(one, stop) == 1)
        {
            head.Append((char)one[0]);
            if (head.Length >= 4 && head[^1] == '\n' && head[^2] == '\r' && head[^3] == '\n' && head[^4] == '\r')
                return head.ToString();
        }
        return null;
    }

    private async Task AcceptAsync()
    {
        try
        {
            while (true)
            {
                TcpClient client = await _listener.AcceptTcpClientAsync(_stop.Token);
                Interlocked.Increment(ref _connections);
                _tasks.Add(ServeAsync(client));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException) // stopped
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient owned = client;
        try
        {
            NetworkStream stream = client.GetStream();
            while (await ReadHeadAsync(stream, _stop.Token) is { } head)
            {
                Heads.Enqueue(head);
                if (!await _answer(head, stream, _stop.Token))
                {
                    client.Client.Shutdown(SocketShutdown.Send);
                    break;
                }
            }
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
        }
    }
}
