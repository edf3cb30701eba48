using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;

namespace Quoin.Tests.Quic;

/// <summary>
/// A wire between one client and a server on loopback: it can lead elsewhere, or be cut, and remembers what the client
/// sent.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly UdpClient _front = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly UdpClient _back = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _forward;
    private readonly Task _backward;
    private IPEndPoint? _client;

    public Relay(IPEndPoint target)
    {
        Target = target;
        _forward = ForwardAsync();
        _backward = BackwardAsync();
    }

    public IPEndPoint EndPoint => (IPEndPoint)_front.Client.LocalEndPoint!;

    /// <summary>Where datagrams go; null: nowhere, either way.</summary>
    public volatile IPEndPoint? Target;

    /// <summary>False: nothing comes back to the client.</summary>
    public volatile bool Answers = true;

    public ConcurrentQueue<byte[]> Sent { get; } = new();

    public ConcurrentQueue<byte[]> Received { get; } = new();

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await Task.WhenAll(_forward, _backward);
        _front.Dispose();
        _back.Dispose();
        _stop.Dispose();
    }

    private async Task ForwardAsync()
    {
        try
        {
            while (true)
            {
                var datagram = await _front.ReceiveAsync(_stop.Token);
                _client = datagram.RemoteEndPoint;
                Sent.Enqueue(datagram.Buffer);
                if (Target is { } target)
                {
                    await _back.SendAsync(datagram.Buffer, target, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task BackwardAsync()
    {
        try
        {
            while (true)
            {
                var datagram = await _back.ReceiveAsync(_stop.Token);
                Received.Enqueue(datagram.Buffer);
                if (Answers && Target is not null && _client is { } client)
                {
                    await _front.SendAsync(datagram.Buffer, client, _stop.Token);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
