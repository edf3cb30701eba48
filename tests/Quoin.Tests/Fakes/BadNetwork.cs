using System.Net;
using System.Net.Sockets;

namespace Quoin.Tests.Fakes;

/// <summary>A TCP hop between a client and a server that can be made slow, narrow, silent or broken.</summary>
internal sealed class BadNetwork : IAsyncDisposable
{
    private readonly TcpListener _listener = new(IPAddress.Loopback, 0);
    private readonly CancellationTokenSource _stopping = new();
    private readonly List<TcpClient> _open = [];
    private readonly int _target;
    private readonly Task _accepting;

    public BadNetwork(int target)
    {
        _target = target;
        _listener.Start();
        _accepting = AcceptAsync();
    }

    public string Address => $"127.0.0.1:{((IPEndPoint)_listener.LocalEndpoint).Port}";

    /// <summary>Nothing gets through any more, and nobody is told.</summary>
    public bool Silent { get; set; }

    /// <summary>Each piece is held for so long, in each direction.</summary>
    public TimeSpan Latency { get; set; }

    /// <summary>Bytes of a piece at most, where it is narrow.</summary>
    public int PieceBytes { get; set; } = 16 * 1024;

    public void ResetAll()
    {
        lock (_open)
        {
            foreach (var client in _open)
            {
                // Null where the connection has ended by itself, which it may do at this moment.
                client.Client?.Close(0);
                client.Close();
            }

            _open.Clear();
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_accepting.IsCompleted)
        {
            return;
        }

        await _stopping.CancelAsync();
        _listener.Stop();
        ResetAll();
        await _accepting;
        _stopping.Dispose();
    }

    private async Task AcceptAsync()
    {
        var running = new List<Task>();
        try
        {
            while (true)
            {
                running.Add(CarryAsync(await _listener.AcceptTcpClientAsync(_stopping.Token)));
            }
        }
        catch (Exception e) when (e is OperationCanceledException or SocketException or ObjectDisposedException
            or InvalidOperationException)
        {
            await Task.WhenAll(running);
        }
    }

    private async Task CarryAsync(TcpClient client)
    {
        using var server = new TcpClient();
        try
        {
            await server.ConnectAsync(IPAddress.Loopback, _target, _stopping.Token);
            lock (_open)
            {
                _open.AddRange([client, server]);
            }

            await Task.WhenAny(
                CopyAsync(client.GetStream(), server.GetStream()), CopyAsync(server.GetStream(), client.GetStream()));
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or InvalidOperationException)
        {
            // The server is away: the client sees its connection end.
        }

        client.Close();
        server.Close();
    }

    private async Task CopyAsync(NetworkStream from, NetworkStream to)
    {
        var buffer = new byte[16 * 1024];
        try
        {
            while (await from.ReadAsync(buffer.AsMemory(0, PieceBytes), _stopping.Token) is > 0 and var read)
            {
                if (Latency > TimeSpan.Zero)
                {
                    await Task.Delay(Latency, TimeProvider.System, _stopping.Token);
                }

                if (!Silent)
                {
                    await to.WriteAsync(buffer.AsMemory(0, read), _stopping.Token);
                }
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException
            or InvalidOperationException)
        {
            // Either end is gone.
        }
    }
}
