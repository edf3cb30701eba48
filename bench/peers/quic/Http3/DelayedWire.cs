using System.Net;
using System.Net.Sockets;

namespace Quoin.Peers.Quic;

/// <summary>A wire between clients and a server, each in turn, on which a datagram takes its time.</summary>
internal sealed class DelayedWire : IAsyncDisposable
{
    private readonly UdpClient _front = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly UdpClient _back = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _running;
    private IPEndPoint? _client;

    public DelayedWire(IPEndPoint server, TimeSpan oneWay) =>
        _running = Task.WhenAll(
            CarryAsync(_front, oneWay, datagram =>
            {
                _client = datagram.RemoteEndPoint;
                _back.Send(datagram.Buffer, server);
            }),
            CarryAsync(_back, oneWay, datagram => _front.Send(datagram.Buffer, _client!)));

    public IPEndPoint EndPoint => (IPEndPoint)_front.Client.LocalEndPoint!;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _front.Dispose();
        _back.Dispose();
        _stop.Dispose();
    }

    private async Task CarryAsync(UdpClient from, TimeSpan oneWay, Action<UdpReceiveResult> send)
    {
        // One after another: a wire that swaps datagrams would be another one.
        var last = Task.CompletedTask;
        try
        {
            while (true)
            {
                var datagram = await from.ReceiveAsync(_stop.Token);
                last = LaterAsync(datagram, last);
            }
        }
        catch (OperationCanceledException)
        {
            await last;
        }

        async Task LaterAsync(UdpReceiveResult datagram, Task before)
        {
            await Task.Delay(oneWay, TimeProvider.System);
            await before;
            send(datagram);
        }
    }
}
