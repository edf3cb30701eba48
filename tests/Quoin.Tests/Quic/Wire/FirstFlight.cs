namespace Quoin.Tests.Quic.Wire;

/// <summary>
/// Rewrites the first packets of a client on their way: their keys come from what everybody can read in them.
/// </summary>
internal static class FirstFlight
{
    private const int IdBytes = 16;
    private const int DatagramBytes = 1200;

    // Paddings make the field so long that its length takes two bytes.
    private const int LengthGuess = 1000;

    /// <summary>Other frames for a datagram's Initial packet; null: it has none with the client's hello.</summary>
    public static byte[]? Replace(byte[] datagram, Func<byte[], byte[]> frames)
    {
        var keys = PacketKeys.Initial(datagram.AsSpan(6, datagram[5]), server: false);
        var packet = WirePacket.ReadAll(datagram, IdBytes, level => level == WireLevel.Initial ? keys : null,
            new ulong[6]).First();
        var hello = packet.Frames.FirstOrDefault(frame => frame.Type == WireFrame.Crypto && frame.Numbers[0] == 0);
        if (packet.Level != WireLevel.Initial || hello is null)
        {
            return null;
        }

        var written = frames(hello.Data);
        var head = WirePacket.WriteLongHeader(packet.Level, packet.Destination, packet.Source, packet.Token,
            packet.Number, LengthGuess).Length;
        byte[] payload = [.. written, .. new byte[DatagramBytes - head - PacketKeys.TagBytes - written.Length]];
        var header = WirePacket.WriteLongHeader(packet.Level, packet.Destination, packet.Source, packet.Token,
            packet.Number, payload.Length);
        return keys.Seal(header, packet.Number, payload);
    }

    public static byte[] WriteCrypto(byte[] data) =>
        [.. WireNumber.WriteAll(WireFrame.Crypto, 0, (ulong)data.Length), .. data];
}
