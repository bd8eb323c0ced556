using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Backlinks.Tests;

/// <summary>A proxy on loopback: HTTP CONNECT and SOCKS 5 on one port, told apart by the first byte.</summary>
internal sealed class LoopbackProxy : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stop = new();
    private readonly ConcurrentBag<Task> _tasks = [];
    private readonly bool _login;
    private int _connections;

    public LoopbackProxy(bool login = false)
    {
        _login = login;
        _listener.Start();
        _tasks.Add(AcceptAsync());
    }

    public int Port => ((IPEndPoint)_listener.LocalEndpoint).Port;
    public int Connections => _connections;

    /// <summary>What it was asked to connect to, as it was asked.</summary>
    public ConcurrentQueue<string> Targets { get; } = [];

    /// <summary>user:password, as given.</summary>
    public ConcurrentQueue<string> Logins { get; } = [];

    /// <summary>Instead of a tunnel.</summary>
    public string? Answer { get; set; }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        _listener.Stop();
        await Task.WhenAll(_tasks);
        _stop.Dispose();
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
        catch (Exception e) when (e is OperationCanceledException or SocketException or InvalidOperationException)
        {
        }
    }

    private async Task ServeAsync(TcpClient client)
    {
        using TcpClient owned = client;
        try
        {
            NetworkStream stream = client.GetStream();
            byte[] buffer = new byte[512];
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 1), _stop.Token);
            if (buffer[0] == 5)
                await Socks5Async(stream, buffer);
            else
                await HttpAsync(stream);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or SocketException or ObjectDisposedException)
        {
        }
    }

    private async Task HttpAsync(NetworkStream stream)
    {
        string head = "C" + await LoopbackServer.ReadHeadAsync(stream, _stop.Token);
        string? login = head.Split("\r\n").FirstOrDefault(l => l.StartsWith("Proxy-Authorization: Basic ", StringComparison.Ordinal));
        if (login is not null)
            Logins.Enqueue(Encoding.UTF8.GetString(Convert.FromBase64String(login[27..])));
        if (Answer is not null || (_login && login is null))
        {
            await stream.WriteAsync(Encoding.ASCII.GetBytes(Answer ?? "HTTP/1.1 407 Login\r\n\r\n"), _stop.Token);
            return;
        }
        string target = head.Split(' ')[1];
        Targets.Enqueue(target);
        await TunnelAsync(stream, IPEndPoint.Parse(target), "HTTP/1.1 200 OK\r\n\r\n"u8.ToArray(), "HTTP/1.1 502 Bad\r\n\r\n"u8.ToArray());
    }

    private async Task Socks5Async(NetworkStream stream, byte[] buffer)
    {
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 1), _stop.Token);
        await stream.ReadExactlyAsync(buffer.AsMemory(0, buffer[0]), _stop.Token);
        await stream.WriteAsync(new byte[] { 5, (byte)(_login ? 2 : 0) }, _stop.Token);
        if (_login)
        {
            await stream.ReadExactlyAsync(buffer.AsMemory(0, 2), _stop.Token);
            int length = buffer[1];
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length + 1), _stop.Token);
            string user = Encoding.UTF8.GetString(buffer, 0, length);
            length = buffer[length];
            await stream.ReadExactlyAsync(buffer.AsMemory(0, length), _stop.Token);
            Logins.Enqueue($"{user}:{Encoding.UTF8.GetString(buffer, 0, length)}");
            await stream.WriteAsync(new byte[] { 1, 0 }, _stop.Token);
        }
        await stream.ReadExactlyAsync(buffer.AsMemory(0, 10), _stop.Token);
        Assert.Equal([5, 1, 0, 1], buffer[..4]);
        var target = new IPEndPoint(new IPAddress(buffer.AsSpan(4, 4)), (buffer[8] << 8) | buffer[9]);
        Targets.Enqueue(target.ToString());
        await TunnelAsync(stream, target, [5, 0, 0, 1, 1, 2, 3, 4, 5, 6], [5, 5, 0, 1, 0, 0, 0, 0, 0, 0]);
    }

    private async Task TunnelAsync(NetworkStream stream, IPEndPoint target, byte[] yes, byte[] no)
    {
        using var other = new TcpClient();
        try
        {
            await other.ConnectAsync(target, _stop.Token);
        }
        catch (SocketException)
        {
            await stream.WriteAsync(no, _stop.Token);
            return;
        }
        await stream.WriteAsync(yes, _stop.Token);
        NetworkStream far = other.GetStream();
        Task back = CopyAsync(far, stream);
        await Task.WhenAny(back, CopyAsync(stream, far));
        if (back.IsCompleted)
            stream.Socket.Shutdown(SocketShutdown.Send);
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        try
        {
            await from.CopyToAsync(to, _stop.Token);
        }
        catch (Exception e) when (e is OperationCanceledException or IOException or ObjectDisposedException)
        {
        }
    }
}
