namespace Quoin.Tests.Quic.Wire;

/// <summary>
/// Takes one end of a connection over after an honest handshake, and says with its keys what no honest end says. The
/// end that it has replaced is cut off.
/// </summary>
internal sealed class Violator
{
    // Ahead of whatever the replaced end had under way.
    private const ulong Ahead = 1000;

    private const int ResetTokenBytes = 16;

    private readonly WireTap _tap;
    private readonly bool _server;
    private readonly PacketKeys _keys;
    private byte[] _destination;
    private ulong _number;

    /// <param name="server">It speaks as the server, to the client.</param>
    public Violator(WireTap tap, bool server)
    {
        (_tap, _server) = (tap, server);
        tap.Relay.Target = null;
        _keys = tap.Keys(WireLevel.OneRtt, server)!;
        var last = (server ? tap.Received() : tap.Sent())
            .Last(packet => packet is { Level: WireLevel.OneRtt, Payload: not null });
        (_destination, _number) = (last.Destination, last.Number + Ahead);
    }

    /// <summary>Sends one packet with these frames.</summary>
    /// <param name="reserved">Bits of the first byte that have to be 0.</param>
    public Task SendAsync(byte[] frames, byte reserved = 0)
    {
        var header = WirePacket.WriteShortHeader(_destination, _number);
        header[0] |= reserved;
        var packet = _keys.Seal(header, _number, frames);
        _number++;
        return _server ? _tap.Relay.AnswerAsync(packet) : _tap.Relay.SendAsync(packet);
    }

    /// <summary>As a client: with another of the ids that the server has given from now on.</summary>
    public void ChangeId()
    {
        _destination = _tap.Received().SelectMany(packet => packet.Frames)
            .First(frame => frame.Type == WireFrame.NewConnectionId).Data[..^ResetTokenBytes];
    }

    /// <summary>The code with which the other end has closed.</summary>
    public async Task<ulong> ClosedAsync()
    {
        var close = await (_server ? _tap.SentAsync(IsClose) : _tap.ReceivedAsync(IsClose));
        return close.Numbers[0];
    }

    private static bool IsClose(WireFrame frame) => frame.Type is WireFrame.Close or WireFrame.ApplicationClose;
}
