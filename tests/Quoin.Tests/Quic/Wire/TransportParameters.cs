namespace Quoin.Tests.Quic.Wire;

/// <summary>
/// Transport parameters (RFC 9000, 18) inside of a TLS message: in the ClientHello of a client, in the
/// EncryptedExtensions of a server.
/// </summary>
internal static class TransportParameters
{
    public const ulong OriginalDestinationId = 0x00;
    public const ulong MaxIdleTimeout = 0x01;
    public const ulong StatelessResetToken = 0x02;
    public const ulong MaxUdpPayload = 0x03;
    public const ulong MaxStreamsBidirectional = 0x08;
    public const ulong AckDelayExponent = 0x0a;
    public const ulong MaxAckDelay = 0x0b;
    public const ulong DisableActiveMigration = 0x0c;
    public const ulong ActiveConnectionIdLimit = 0x0e;
    public const ulong InitialSourceId = 0x0f;

    private const int Extension = 57;
    private const byte ClientHello = 1;
    private const byte EncryptedExtensions = 8;
    private const int MessageHead = 4;

    /// <summary>Those that a side has told; null: it has not yet.</summary>
    public static Dictionary<ulong, byte[]>? Of(IEnumerable<WirePacket> packets, bool server)
    {
        var level = server ? WireLevel.Handshake : WireLevel.Initial;
        var message = packets.Where(packet => packet.Level == level)
            .SelectMany(packet => packet.Frames).Where(frame => frame.Type == WireFrame.Crypto)
            .OrderBy(frame => frame.Numbers[0]).FirstOrDefault()?.Data;
        return message is not null && Find(message) is var (start, length)
            ? Read(message.AsSpan(start, length))
            : null;
    }

    /// <summary>A parameter that is a number.</summary>
    public static ulong Number(this Dictionary<ulong, byte[]> parameters, ulong name)
    {
        ReadOnlySpan<byte> value = parameters[name];
        return WireNumber.Read(ref value);
    }

    public static byte[] Write(IEnumerable<(ulong Name, byte[] Value)> parameters) =>
    [
        .. parameters.SelectMany(parameter => (byte[])
        [
            .. WireNumber.Write(parameter.Name), .. WireNumber.Write((ulong)parameter.Value.Length),
            .. parameter.Value,
        ]),
    ];

    /// <summary>The same ClientHello with other parameters; null: without the extension.</summary>
    public static byte[] Replace(byte[] hello, byte[]? parameters)
    {
        var (start, length) = Find(hello);
        var list = ExtensionsOf(hello);
        byte[] put = parameters is null ? [] : [0, Extension, .. Length(parameters.Length), .. parameters];
        byte[] extensions = [.. hello[(list + 2)..(start - 4)], .. put, .. hello[(start + length)..]];
        byte[] body = [.. hello[MessageHead..list], .. Length(extensions.Length), .. extensions];
        return [hello[0], 0, .. Length(body.Length), .. body];
    }

    public static Dictionary<ulong, byte[]> Read(ReadOnlySpan<byte> bytes)
    {
        var parameters = new Dictionary<ulong, byte[]>();
        while (!bytes.IsEmpty)
        {
            var name = WireNumber.Read(ref bytes);
            var length = (int)WireNumber.Read(ref bytes);
            parameters.Add(name, bytes[..length].ToArray());
            bytes = bytes[length..];
        }

        return parameters;
    }

    /// <summary>Where the parameters are in a message.</summary>
    public static (int Start, int Length) Find(byte[] message)
    {
        var offset = ExtensionsOf(message) + 2;
        while (true)
        {
            var (type, length) = (ReadLength(message, offset), ReadLength(message, offset + 2));
            if (type == Extension)
            {
                return (offset + 4, length);
            }

            offset += 4 + length;
        }
    }

    // Where the length of the list of extensions is.
    private static int ExtensionsOf(byte[] message)
    {
        if (message[0] == EncryptedExtensions)
        {
            return MessageHead;
        }

        Assert.Equal(ClientHello, message[0]);
        var offset = MessageHead + 2 + 32;
        offset += 1 + message[offset];
        offset += 2 + ReadLength(message, offset);
        return offset + 1 + message[offset];
    }

    private static int ReadLength(byte[] bytes, int offset) => (bytes[offset] << 8) | bytes[offset + 1];

    private static byte[] Length(int length) => [(byte)(length >> 8), (byte)length];
}
