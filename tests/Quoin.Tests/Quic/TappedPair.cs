using Quoin.Quic;
using Quoin.Tests.Quic.Wire;

namespace Quoin.Tests.Quic;

/// <summary>A listener and a connection to it over a relay whose packets can be read.</summary>
internal sealed class TappedPair : IAsyncDisposable
{
    private readonly QuicPair _pair;
    private readonly Relay _relay;

    private TappedPair(QuicPair pair, Relay relay) => (_pair, _relay, Tap) = (pair, relay, new WireTap(relay));

    public WireTap Tap { get; }

    public QuicListener Listener => _pair.Listener;

    public QuicConnection Client { get; private set; } = null!;

    public QuicConnection Server { get; private set; } = null!;

    /// <param name="delay">How long a packet is under way at least, each way.</param>
    public static async Task<TappedPair> StartAsync(
        QuicTransportOptions server, QuicTransportOptions? client = null, TimeSpan delay = default)
    {
        var pair = await QuicPair.ListenAsync(server);
        var tapped = new TappedPair(pair, new Relay(pair.Listener.LocalEndPoint));
        (tapped._relay.There.Delay, tapped._relay.Back.Delay) = (delay, delay);
        tapped.Client = await QuicEndpoint.ConnectAsync(tapped.To(client));
        tapped.Server = (await pair.Listener.AcceptAsync())!;

        // The handshake is confirmed, so the client has the last keys and has dropped those before.
        await tapped.Tap.ReceivedAsync(frame => frame.Type == WireFrame.HandshakeDone);
        while (!tapped.Tap.Sent().Any(packet => packet is { Level: WireLevel.OneRtt, Payload: not null }))
        {
            await tapped._relay.AnotherAsync();
        }

        return tapped;
    }

    /// <summary>How the tapped connection is made.</summary>
    public QuicConnectOptions To(QuicTransportOptions? client = null) =>
        _pair.To((client ?? new QuicTransportOptions()) with { KeyLogFile = Tap.KeyLogFile }) with
        {
            RemoteEndPoint = _relay.EndPoint,
        };

    /// <summary>Another client's connection, not over the relay.</summary>
    public async Task<(QuicConnection Client, QuicConnection Server)> ConnectAnotherAsync() =>
        (await QuicEndpoint.ConnectAsync(_pair.To()), (await Listener.AcceptAsync())!);

    public async ValueTask DisposeAsync()
    {
        await Client.DisposeAsync();
        await _pair.DisposeAsync();
        await _relay.DisposeAsync();
        Tap.Dispose();
    }
}
