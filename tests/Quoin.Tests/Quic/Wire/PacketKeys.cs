using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace Quoin.Tests.Quic.Wire;

/// <summary>
/// Protection of packets in one direction with AES-128-GCM (RFC 9001, 5), from a secret of a key log or, for Initial
/// packets, from the connection id that the client has chosen. Written for tests, apart from the library under test.
/// </summary>
internal sealed class PacketKeys
{
    public const int TagBytes = 16;

    /// <summary>Packet numbers are always written with so many bytes.</summary>
    public const int NumberBytes = 4;

    private const int SampleBytes = 16;
    private const byte LongHeader = 0x80;

    private static readonly byte[] InitialSalt = Convert.FromHexString("38762cf7f55934b34d179ae6a4c80cadccbb7f0a");

    private readonly byte[] _key;
    private readonly byte[] _iv;
    private readonly byte[] _mask;

    /// <param name="secret">Of a suite with SHA-256.</param>
    public PacketKeys(byte[] secret) =>
        (_key, _iv, _mask) = (Expand(secret, "quic key", 16), Expand(secret, "quic iv", 12),
            Expand(secret, "quic hp", 16));

    public static PacketKeys Initial(ReadOnlySpan<byte> destination, bool server)
    {
        var secret = HKDF.Extract(HashAlgorithmName.SHA256, destination.ToArray(), InitialSalt);
        return new PacketKeys(Expand(secret, server ? "server in" : "client in", 32));
    }

    /// <param name="header">With the packet number in its last <see cref="NumberBytes"/> bytes.</param>
    public byte[] Seal(ReadOnlySpan<byte> header, ulong number, ReadOnlySpan<byte> payload)
    {
        var packet = new byte[header.Length + payload.Length + TagBytes];
        header.CopyTo(packet);
        using var cipher = new AesGcm(_key, TagBytes);
        cipher.Encrypt(Nonce(number), payload, packet.AsSpan(header.Length, payload.Length),
            packet.AsSpan(header.Length + payload.Length), header);
        var start = header.Length - NumberBytes;
        var mask = Mask(packet.AsSpan(start + 4, SampleBytes));
        packet[0] ^= (byte)(mask[0] & HiddenBits(packet[0]));
        for (var i = 0; i < NumberBytes; i++)
        {
            packet[start + i] ^= mask[i + 1];
        }

        return packet;
    }

    /// <summary>The payload of one packet; null: it is of other keys.</summary>
    /// <param name="packet">This packet alone, as it came.</param>
    /// <param name="start">Where its packet number begins.</param>
    /// <param name="largest">The largest number seen before, which the number's missing bytes are taken from.</param>
    public byte[]? Open(ReadOnlySpan<byte> packet, int start, ulong largest, out ulong number)
    {
        number = 0;
        if (packet.Length < start + 4 + SampleBytes)
        {
            return null;
        }

        var mask = Mask(packet.Slice(start + 4, SampleBytes));
        var first = (byte)(packet[0] ^ (mask[0] & HiddenBits(packet[0])));
        var length = (first & 3) + 1;
        var header = packet[..(start + length)].ToArray();
        header[0] = first;
        ulong truncated = 0;
        for (var i = 0; i < length; i++)
        {
            header[start + i] ^= mask[i + 1];
            truncated = (truncated << 8) | header[start + i];
        }

        number = Whole(truncated, length * 8, largest);
        var body = packet[(start + length)..];
        var payload = new byte[body.Length - TagBytes];
        try
        {
            using var cipher = new AesGcm(_key, TagBytes);
            cipher.Decrypt(Nonce(number), body[..^TagBytes], body[^TagBytes..], payload, header);
            return payload;
        }
        catch (AuthenticationTagMismatchException)
        {
            return null;
        }
    }

    // RFC 9000, A.3.
    private static ulong Whole(ulong truncated, int bits, ulong largest)
    {
        var window = 1UL << bits;
        var candidate = ((largest + 1) & ~(window - 1)) | truncated;
        if (candidate + (window / 2) <= largest + 1)
        {
            return candidate + window;
        }

        return candidate > largest + 1 + (window / 2) && candidate >= window ? candidate - window : candidate;
    }

    private static int HiddenBits(byte first) => (first & LongHeader) != 0 ? 0x0f : 0x1f;

    private static byte[] Expand(byte[] secret, string label, int length)
    {
        var text = Encoding.ASCII.GetBytes("tls13 " + label);
        byte[] information = [(byte)(length >> 8), (byte)length, (byte)text.Length, .. text, 0];
        return HKDF.Expand(HashAlgorithmName.SHA256, secret, length, information);
    }

    private byte[] Nonce(ulong number)
    {
        var nonce = _iv.ToArray();
        var tail = nonce.AsSpan(4);
        BinaryPrimitives.WriteUInt64BigEndian(tail, BinaryPrimitives.ReadUInt64BigEndian(tail) ^ number);
        return nonce;
    }

    private byte[] Mask(ReadOnlySpan<byte> sample)
    {
        using var cipher = Aes.Create();
        cipher.SetKey(_mask);
        return cipher.EncryptEcb(sample, PaddingMode.None);
    }
}
