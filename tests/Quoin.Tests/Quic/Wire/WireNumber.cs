using System.Buffers.Binary;

namespace Quoin.Tests.Quic.Wire;

/// <summary>Integers of one, two, four or eight bytes (RFC 9000, 16).</summary>
internal static class WireNumber
{
    /// <summary>The largest that can be written.</summary>
    public const ulong Largest = (1UL << 62) - 1;

    public static byte[] Write(ulong value)
    {
        var bytes = new byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        switch (value)
        {
            case < 1 << 6:
                return bytes[7..];
            case < 1 << 14:
                bytes[6] |= 0x40;
                return bytes[6..];
            case < 1 << 30:
                bytes[4] |= 0x80;
                return bytes[4..];
            default:
                bytes[0] |= 0xc0;
                return bytes;
        }
    }

    /// <summary>Numbers one after another: most frames are no more.</summary>
    public static byte[] WriteAll(params ReadOnlySpan<ulong> values)
    {
        var bytes = new List<byte>();
        foreach (var value in values)
        {
            bytes.AddRange(Write(value));
        }

        return [.. bytes];
    }

    /// <summary>Reads one, and moves on behind it.</summary>
    public static ulong Read(ref ReadOnlySpan<byte> bytes)
    {
        var length = 1 << (bytes[0] >> 6);
        ulong value = (uint)(bytes[0] & 0x3f);
        for (var i = 1; i < length; i++)
        {
            value = (value << 8) | bytes[i];
        }

        bytes = bytes[length..];
        return value;
    }
}
