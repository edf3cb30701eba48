using System.Buffers.Binary;
using System.Text;

namespace Quoin.Quic.Protocol;

/// <summary>
/// Finds in the bytes of a handshake where the ClientHello ends, the server name in it (RFC 8446, 4.1.2 and RFC 6066,
/// 3), and whether it has QUIC's transport parameters. It only looks: whether the message is right is for the TLS
/// library to say.
/// </summary>
internal static class ClientHello
{
    private const byte MessageType = 1;
    private const ushort ServerNameExtension = 0;
    private const ushort TransportParametersExtension = 57;
    private const byte HostNameType = 0;

    /// <summary>Bytes of the message with its head; null: more are needed; -1: this is none, or too long.</summary>
    public static int? LengthOf(ReadOnlySpan<byte> data)
    {
        if (data.Length > 0 && data[0] != MessageType)
        {
            return -1;
        }

        if (data.Length < 4)
        {
            return null;
        }

        var length = 4 + ((data[1] << 16) | (data[2] << 8) | data[3]);
        if (length > QuicLimits.ClientHelloBytes)
        {
            return -1;
        }

        return data.Length < length ? null : length;
    }

    /// <summary>The host that the client asks for; empty: none, or none that could be a name.</summary>
    public static string ServerNameOf(ReadOnlySpan<byte> hello) =>
        TryFind(hello, ServerNameExtension, out var extension) ? HostNameIn(extension) : "";

    /// <summary>It is of a client that speaks QUIC (RFC 9001, 8.2).</summary>
    public static bool HasTransportParameters(ReadOnlySpan<byte> hello) =>
        TryFind(hello, TransportParametersExtension, out _);

    private static bool TryFind(ReadOnlySpan<byte> hello, ushort wanted, out ReadOnlySpan<byte> extension)
    {
        extension = default;

        // 4 bytes head, 2 version, 32 random; then session id, cipher suites, compression methods, extensions.
        var rest = hello.Length < 38 ? default : hello[38..];
        if (!TrySkip(ref rest, 1) || !TrySkip(ref rest, 2) || !TrySkip(ref rest, 1)
            || !TryTake(ref rest, 2, out var list))
        {
            return false;
        }

        while (list.Length >= 4)
        {
            var type = BinaryPrimitives.ReadUInt16BigEndian(list);
            list = list[2..];
            if (!TryTake(ref list, 2, out extension))
            {
                return false;
            }

            if (type == wanted)
            {
                return true;
            }
        }

        return false;
    }

    private static string HostNameIn(ReadOnlySpan<byte> extension)
    {
        if (!TryTake(ref extension, 2, out var names) || names.Length < 3 || names[0] != HostNameType)
        {
            return "";
        }

        names = names[1..];
        if (!TryTake(ref names, 2, out var name) || name.Length is 0 or > 255)
        {
            return "";
        }

        // Names on the wire are ASCII; anything else belongs to nobody.
        return name.IndexOfAnyExceptInRange((byte)0x21, (byte)0x7e) >= 0 ? "" : Encoding.ASCII.GetString(name);
    }

    private static bool TrySkip(ref ReadOnlySpan<byte> rest, int lengthBytes) => TryTake(ref rest, lengthBytes, out _);

    private static bool TryTake(
        scoped ref ReadOnlySpan<byte> rest, int lengthBytes, out ReadOnlySpan<byte> taken)
    {
        taken = default;
        if (rest.Length < lengthBytes)
        {
            return false;
        }

        var length = lengthBytes == 1 ? rest[0] : BinaryPrimitives.ReadUInt16BigEndian(rest);
        if (rest.Length - lengthBytes < length)
        {
            return false;
        }

        taken = rest.Slice(lengthBytes, length);
        rest = rest[(lengthBytes + length)..];
        return true;
    }
}
