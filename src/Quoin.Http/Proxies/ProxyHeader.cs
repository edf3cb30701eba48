using System.Buffers.Binary;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Numerics;
using System.Text;

namespace Quoin.Http.Proxies;

/// <summary>What the begin of a connection is.</summary>
internal enum ProxyHeaderKind
{
    /// <summary>It may become a header yet.</summary>
    Incomplete,

    /// <summary>No header: something else has begun.</summary>
    None,

    /// <summary>A whole header.</summary>
    Header,

    /// <summary>A header that is wrong.</summary>
    Wrong,
}

/// <summary>
/// The header of the PROXY protocol, versions 1 and 2.
/// <code>
/// 1: PROXY TCP4 192.0.2.1 192.0.2.2 56324 443 CR LF       (TCP6, UNKNOWN …; 107 bytes at most)
/// 2: 0D 0A 0D 0A 00 0D 0A 51 55 49 54 0A | 2, command | family, transport | length | addresses | type length value …
/// </code>
/// LOCAL, UNKNOWN, UNSPEC and UNIX name no client: the connection keeps its own addresses. A checksum that is there
/// (CRC-32C of the header, with zeros in the place of itself) must be right.
/// </summary>
/// <param name="Length">Bytes that it takes; what follows is the client's.</param>
/// <param name="Source">The client; null: none is named.</param>
/// <param name="Destination">Where it had connected to.</param>
internal readonly record struct ProxyHeader(int Length, IPEndPoint? Source, IPEndPoint? Destination)
{
    private const int LineBytes = 107;
    private const int FixedBytes = 16;
    private const byte ChecksumType = 0x03;

    private static ReadOnlySpan<byte> Line => "PROXY "u8;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    public static ProxyHeaderKind Read(ReadOnlySpan<byte> bytes, out ProxyHeader header)
    {
        header = default;
        if (Begins(bytes, Signature))
        {
            return bytes.Length < FixedBytes ? ProxyHeaderKind.Incomplete : ReadBinary(bytes, out header);
        }

        if (!Begins(bytes, Line))
        {
            return ProxyHeaderKind.None;
        }

        var end = bytes[..Math.Min(bytes.Length, LineBytes)].IndexOf("\r\n"u8);
        if (end < 0)
        {
            return bytes.Length < LineBytes ? ProxyHeaderKind.Incomplete : ProxyHeaderKind.Wrong;
        }

        return ReadLine(bytes[Line.Length..end], end + 2, out header)
            ? ProxyHeaderKind.Header
            : ProxyHeaderKind.Wrong;
    }

    private static bool Begins(ReadOnlySpan<byte> bytes, ReadOnlySpan<byte> with)
    {
        var length = Math.Min(bytes.Length, with.Length);
        return bytes[..length].SequenceEqual(with[..length]);
    }

    private static bool ReadLine(ReadOnlySpan<byte> line, int length, out ProxyHeader header)
    {
        header = new(length, null, null);
        if (line.StartsWith("UNKNOWN"u8))
        {
            return line.Length == 7 || line[7] == (byte)' ';
        }

        if (line.ContainsAnyExceptInRange((byte)' ', (byte)'~'))
        {
            return false;
        }

        var parts = Encoding.ASCII.GetString(line).Split(' ');
        var family = parts[0] switch
        {
            "TCP4" => AddressFamily.InterNetwork,
            "TCP6" => AddressFamily.InterNetworkV6,
            _ => AddressFamily.Unspecified,
        };
        if (parts.Length != 5 || Address(parts[1], family) is not { } source
            || Address(parts[2], family) is not { } destination
            || Port(parts[3]) is not { } sourcePort || Port(parts[4]) is not { } destinationPort)
        {
            return false;
        }

        header = new(length, new IPEndPoint(source, sourcePort), new IPEndPoint(destination, destinationPort));
        return true;
    }

    /// <summary>IPv4 with its four numbers: the framework's parser takes shorter ones too.</summary>
    private static IPAddress? Address(string text, AddressFamily family) =>
        IPAddress.TryParse(text, out var address) && address.AddressFamily == family
        && (family == AddressFamily.InterNetworkV6
            ? !text.AsSpan().ContainsAny('%', '[')
            : address.ToString() == text)
                ? address
                : null;

    private static int? Port(string text) =>
        text.Length is > 0 and <= 5 && (text == "0" || text[0] != '0')
        && ushort.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) ? port : null;

    private static ProxyHeaderKind ReadBinary(ReadOnlySpan<byte> bytes, out ProxyHeader header)
    {
        var length = BinaryPrimitives.ReadUInt16BigEndian(bytes[14..]);
        header = new(FixedBytes + length, null, null);
        var (command, family) = (bytes[12], bytes[13]);
        if (command is not (0x20 or 0x21) || length > HttpLimits.ProxyHeaderBytes)
        {
            return ProxyHeaderKind.Wrong;
        }

        if (bytes.Length < header.Length)
        {
            return ProxyHeaderKind.Incomplete;
        }

        var whole = bytes[..header.Length];
        var isLocal = command == 0x20;
        var (addresses, isNamed) = family switch
        {
            _ when isLocal => (0, false),
            0x00 => (0, false),
            0x11 => (12, true),
            0x21 => (36, true),
            0x31 => (216, false),
            _ => (int.MaxValue, false),
        };

        // What LOCAL and UNSPEC bring with them is passed over, whatever it is.
        if (isLocal || family == 0x00)
        {
            return ProxyHeaderKind.Header;
        }

        if (addresses > length || !AreSound(whole, FixedBytes + addresses))
        {
            return ProxyHeaderKind.Wrong;
        }

        if (isNamed)
        {
            var at = whole.Slice(FixedBytes, addresses);
            var size = (addresses - 4) / 2;
            header = header with
            {
                Source = new IPEndPoint(
                    new IPAddress(at[..size]), BinaryPrimitives.ReadUInt16BigEndian(at[(2 * size)..])),
                Destination = new IPEndPoint(
                    new IPAddress(at[size..(2 * size)]), BinaryPrimitives.ReadUInt16BigEndian(at[((2 * size) + 2)..])),
            };
        }

        return ProxyHeaderKind.Header;
    }

    /// <summary>The values end where the header does, and the checksum, if there is one, is right.</summary>
    private static bool AreSound(ReadOnlySpan<byte> whole, int at)
    {
        while (at < whole.Length)
        {
            if (whole.Length - at < 3)
            {
                return false;
            }

            var (type, length) = (whole[at], BinaryPrimitives.ReadUInt16BigEndian(whole[(at + 1)..]));
            at += 3;
            if (length > whole.Length - at
                || (type == ChecksumType && (length != 4 || ChecksumOf(whole, at)
                    != BinaryPrimitives.ReadUInt32BigEndian(whole[at..]))))
            {
                return false;
            }

            at += length;
        }

        return true;
    }

    private static uint ChecksumOf(ReadOnlySpan<byte> whole, int zeroedAt)
    {
        var checksum = uint.MaxValue;
        for (var i = 0; i < whole.Length; i++)
        {
            checksum = BitOperations.Crc32C(checksum, i >= zeroedAt && i < zeroedAt + 4 ? (byte)0 : whole[i]);
        }

        return ~checksum;
    }
}
