using System.Buffers.Binary;

namespace Quoin.Tests.Quic.Wire;

/// <summary>What keys a packet has, and so what it may carry.</summary>
internal enum WireLevel
{
    Initial,
    Early,
    Handshake,
    Retry,
    VersionNegotiation,
    OneRtt,
}

/// <summary>A packet taken off the wire (RFC 9000, 17). Without its payload where nobody has told its keys.</summary>
internal sealed record WirePacket(WireLevel Level, byte[] Destination, byte[] Source, byte[] Token)
{
    private const byte LongHeader = 0x80;
    private const int HeadBytes = 5;

    public ulong Number { get; init; }

    public byte[]? Payload { get; init; }

    public List<WireFrame> Frames => Payload is null ? [] : WireFrame.ReadAll(Payload);

    /// <summary>A long header of version 1 up to its packet number, for a payload of so many bytes.</summary>
    public static byte[] WriteLongHeader(
        WireLevel level, byte[] destination, byte[] source, byte[] token, ulong number, int payloadBytes)
    {
        var length = (ulong)(PacketKeys.NumberBytes + payloadBytes + PacketKeys.TagBytes);
        byte[] tokenField = level == WireLevel.Initial ? [.. WireNumber.Write((ulong)token.Length), .. token] : [];
        return
        [
            (byte)(0xc0 | ((int)level << 4) | (PacketKeys.NumberBytes - 1)), 0, 0, 0, 1,
            (byte)destination.Length, .. destination, (byte)source.Length, .. source, .. tokenField,
            .. WireNumber.Write(length), .. WriteNumber(number),
        ];
    }

    public static byte[] WriteShortHeader(byte[] destination, ulong number) =>
        [0x40 | (PacketKeys.NumberBytes - 1), .. destination, .. WriteNumber(number)];

    /// <summary>Takes the packets of a datagram apart, and opens those whose keys are known.</summary>
    /// <param name="largest">The largest number seen, for each level; kept up here.</param>
    public static IEnumerable<WirePacket> ReadAll(
        byte[] datagram, int shortIdBytes, Func<WireLevel, PacketKeys?> keys, ulong[] largest)
    {
        var offset = 0;
        while (offset < datagram.Length)
        {
            var packet = Head(datagram.AsSpan(offset), shortIdBytes, out var start, out var length);
            if (packet is null)
            {
                yield break;
            }

            if (keys(packet.Level) is { } opening
                && opening.Open(datagram.AsSpan(offset, length), start, largest[(int)packet.Level], out var number)
                    is { } payload)
            {
                largest[(int)packet.Level] = Math.Max(largest[(int)packet.Level], number);
                packet = packet with { Number = number, Payload = payload };
            }

            yield return packet;
            offset += length;
        }
    }

    /// <summary>The header; null: this is none.</summary>
    private static WirePacket? Head(ReadOnlySpan<byte> bytes, int shortIdBytes, out int start, out int length)
    {
        length = bytes.Length;
        if ((bytes[0] & LongHeader) == 0)
        {
            start = 1 + shortIdBytes;
            return bytes.Length > start
                ? new WirePacket(WireLevel.OneRtt, bytes[1..start].ToArray(), [], [])
                : null;
        }

        start = 0;
        if (bytes.Length < HeadBytes + 2)
        {
            return null;
        }

        var version = BinaryPrimitives.ReadUInt32BigEndian(bytes[1..]);
        var rest = bytes[HeadBytes..];
        var destination = TakeId(ref rest);
        var source = TakeId(ref rest);
        var level = version == 0 ? WireLevel.VersionNegotiation : (WireLevel)((bytes[0] >> 4) & 3);
        if (level is WireLevel.VersionNegotiation or WireLevel.Retry)
        {
            byte[] last = level == WireLevel.Retry ? rest[..^PacketKeys.TagBytes].ToArray() : [];
            return new WirePacket(level, destination, source, last);
        }

        byte[] token = [];
        if (level == WireLevel.Initial)
        {
            var tokenBytes = (int)WireNumber.Read(ref rest);
            token = rest[..tokenBytes].ToArray();
            rest = rest[tokenBytes..];
        }

        var body = (int)WireNumber.Read(ref rest);
        start = bytes.Length - rest.Length;
        length = start + body;
        return new WirePacket(level, destination, source, token);
    }

    private static byte[] TakeId(ref ReadOnlySpan<byte> rest)
    {
        var id = rest.Slice(1, rest[0]).ToArray();
        rest = rest[(1 + id.Length)..];
        return id;
    }

    private static byte[] WriteNumber(ulong number)
    {
        var bytes = new byte[PacketKeys.NumberBytes];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, (uint)number);
        return bytes;
    }
}
