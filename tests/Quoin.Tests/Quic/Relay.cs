using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Threading.Channels;

namespace Quoin.Tests.Quic;

/// <summary>
/// A wire between one client and a server on loopback: it can lead elsewhere, be cut, slow or bad, and remembers what
/// both have sent.
/// </summary>
internal sealed class Relay : IAsyncDisposable
{
    private readonly UdpClient _front = new(new IPEndPoint(IPAddress.Loopback, 0));
    private readonly CancellationTokenSource _stop = new();
    private readonly Channel<bool> _news = Channel.CreateUnbounded<bool>();
    private readonly IPEndPoint _server;
    private readonly Task _running;
    private readonly List<UdpClient> _backs = [];
    private readonly List<Task> _backward = [];
    private volatile UdpClient _back;
    private IPEndPoint? _client;

    public Relay(IPEndPoint target)
    {
        Target = target;
        _server = target;
        _back = Bind();
        _running = Task.WhenAll(ForwardAsync(), There.RunAsync(SendThereAsync, _stop.Token),
            Back.RunAsync(SendBackAsync, _stop.Token));
    }

    public IPEndPoint EndPoint => (IPEndPoint)_front.Client.LocalEndPoint!;

    /// <summary>Where datagrams go; null: nowhere, either way.</summary>
    public volatile IPEndPoint? Target;

    /// <summary>False: nothing comes back to the client.</summary>
    public volatile bool Answers = true;

    /// <summary>What becomes of a datagram of the client; null: it is lost.</summary>
    public volatile Func<byte[], byte[]?> Change = datagram => datagram;

    /// <summary>From the client to the server.</summary>
    public RelayWay There { get; } = new(1);

    /// <summary>From the server to the client.</summary>
    public RelayWay Back { get; } = new(2);

    public ConcurrentQueue<byte[]> Sent { get; } = new();

    public ConcurrentQueue<byte[]> Received { get; } = new();

    /// <summary>Waits for more datagrams than were there at the last call.</summary>
    public async Task AnotherAsync()
    {
        await _news.Reader.ReadAsync(_stop.Token);
        while (_news.Reader.TryRead(out _))
        {
        }
    }

    /// <summary>Sends a datagram to the server as the client would, also when the client's own lead nowhere.</summary>
    public async Task SendAsync(byte[] datagram) => await _back.SendAsync(datagram, _server, _stop.Token);

    /// <summary>Sends a datagram to the client as the server would.</summary>
    public async Task AnswerAsync(byte[] datagram) => await _front.SendAsync(datagram, _client!, _stop.Token);

    /// <summary>From now on the server sees the client at another port, as after a change of a router's mind.</summary>
    public void Rebind() => _back = Bind();

    /// <summary>The client is again where it was at first.</summary>
    public void Return() => _back = _backs[0];

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await Task.WhenAll(_backward);
        _front.Dispose();
        _backs.ForEach(back => back.Dispose());
        _stop.Dispose();
    }

    private UdpClient Bind()
    {
        var back = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        _backs.Add(back);
        _backward.Add(BackwardAsync(back));
        return back;
    }

    private async Task SendThereAsync(byte[] datagram)
    {
        if (Target is { } target)
        {
            await _back.SendAsync(datagram, target, _stop.Token);
        }
    }

    private async Task SendBackAsync(byte[] datagram)
    {
        if (Answers && Target is not null && _client is { } client)
        {
            await _front.SendAsync(datagram, client, _stop.Token);
        }
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
                _news.Writer.TryWrite(true);
                if (Change(datagram.Buffer) is { } changed)
                {
                    There.Post(changed);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }

    private async Task BackwardAsync(UdpClient back)
    {
        try
        {
            while (true)
            {
                var datagram = await back.ReceiveAsync(_stop.Token);
                Received.Enqueue(datagram.Buffer);
                _news.Writer.TryWrite(true);
                Back.Post(datagram.Buffer);
            }
        }
        catch (OperationCanceledException)
        {
            // The test is over.
        }
    }
}
