namespace Quoin.Tests.Quic.Wire;

/// <summary>A frame as it came (RFC 9000, 19): its type, its numbers in order, and its bytes if it has any.</summary>
internal sealed record WireFrame(ulong Type, ulong[] Numbers, byte[] Data)
{
    public const ulong Padding = 0x00;
    public const ulong Ping = 0x01;
    public const ulong Ack = 0x02;
    public const ulong ResetStream = 0x04;
    public const ulong StopSending = 0x05;
    public const ulong Crypto = 0x06;
    public const ulong NewToken = 0x07;
    public const ulong Stream = 0x08;
    public const ulong MaxData = 0x10;
    public const ulong MaxStreamData = 0x11;
    public const ulong MaxStreams = 0x12;
    public const ulong NewConnectionId = 0x18;
    public const ulong RetireConnectionId = 0x19;
    public const ulong PathChallenge = 0x1a;
    public const ulong Close = 0x1c;
    public const ulong ApplicationClose = 0x1d;
    public const ulong HandshakeDone = 0x1e;
    public const ulong Datagram = 0x30;

    private const ulong OffsetBit = 4;
    private const ulong LengthBit = 2;
    private const ulong EndBit = 1;

    /// <summary>A STREAM frame with offset and length.</summary>
    public static byte[] WriteStream(ulong id, ulong offset, ReadOnlySpan<byte> data, bool end = false) =>
    [
        .. WireNumber.WriteAll(Stream | OffsetBit | LengthBit | (end ? EndBit : 0), id, offset, (ulong)data.Length),
        .. data,
    ];

    /// <summary>All frames of a payload but paddings.</summary>
    public static List<WireFrame> ReadAll(ReadOnlySpan<byte> payload)
    {
        var frames = new List<WireFrame>();
        while (!payload.IsEmpty)
        {
            var type = WireNumber.Read(ref payload);
            if (type != Padding)
            {
                frames.Add(ReadOne(type, ref payload));
            }
        }

        return frames;
    }

    private static WireFrame ReadOne(ulong type, ref ReadOnlySpan<byte> rest)
    {
        switch (type)
        {
            case Ping or HandshakeDone:
                return new WireFrame(type, [], []);
            case Ack or Ack + 1:
                return ReadAck(type, ref rest);
            case ResetStream:
                return new WireFrame(type, ReadNumbers(3, ref rest), []);
            case StopSending or MaxStreamData or 0x15:
                return new WireFrame(type, ReadNumbers(2, ref rest), []);
            case MaxData or MaxStreams or 0x13 or 0x14 or 0x16 or 0x17 or RetireConnectionId:
                return new WireFrame(type, ReadNumbers(1, ref rest), []);
            case Crypto:
                return new WireFrame(type, ReadNumbers(1, ref rest), ReadBytes(ref rest));
            case NewToken:
                return new WireFrame(type, [], ReadBytes(ref rest));
            case >= Stream and <= Stream + 7:
                return ReadStream(type, ref rest);
            case NewConnectionId:
                var numbers = ReadNumbers(2, ref rest);
                return new WireFrame(type, numbers, ReadBytes(ref rest, 16));
            case PathChallenge or PathChallenge + 1:
                return new WireFrame(type, [], Take(8, ref rest));
            case Close:
                return new WireFrame(type, ReadNumbers(2, ref rest), ReadBytes(ref rest));
            case ApplicationClose:
                return new WireFrame(type, ReadNumbers(1, ref rest), ReadBytes(ref rest));
            case Datagram:
                return new WireFrame(type, [], Take(rest.Length, ref rest));
            case Datagram + 1:
                return new WireFrame(type, [], ReadBytes(ref rest));
            default:
                throw new InvalidDataException($"frame type {type:x}");
        }
    }

    private static WireFrame ReadAck(ulong type, ref ReadOnlySpan<byte> rest)
    {
        var head = ReadNumbers(4, ref rest);
        var ranges = ReadNumbers((int)head[2] * 2, ref rest);
        var marks = ReadNumbers(type == Ack ? 0 : 3, ref rest);
        return new WireFrame(type, [.. head, .. ranges, .. marks], []);
    }

    private static WireFrame ReadStream(ulong type, ref ReadOnlySpan<byte> rest)
    {
        var id = WireNumber.Read(ref rest);
        var offset = (type & OffsetBit) != 0 ? WireNumber.Read(ref rest) : 0;
        var data = (type & LengthBit) != 0 ? ReadBytes(ref rest) : Take(rest.Length, ref rest);
        return new WireFrame(type, [id, offset], data);
    }

    private static ulong[] ReadNumbers(int count, ref ReadOnlySpan<byte> rest)
    {
        var numbers = new ulong[count];
        for (var i = 0; i < count; i++)
        {
            numbers[i] = WireNumber.Read(ref rest);
        }

        return numbers;
    }

    private static byte[] ReadBytes(ref ReadOnlySpan<byte> rest, int more = 0) =>
        Take((int)WireNumber.Read(ref rest) + more, ref rest);

    private static byte[] Take(int count, ref ReadOnlySpan<byte> rest)
    {
        var bytes = rest[..count].ToArray();
        rest = rest[count..];
        return bytes;
    }
}
