using System.Buffers.Binary;

namespace Quoin.Http.WebSockets.Framing;

/// <summary>
/// The header of a frame (RFC 6455 §5.2), as a client sends it and as a server does, which masks nothing.
/// <code>
/// FIN 1 | RSV1 1 | RSV2,3 2 | opcode 4 | MASK 1 | length 7, or 126 and 16 more, or 127 and 64 more | mask 32
/// </code>
/// </summary>
/// <param name="Compressed">RSV1, the bit of permessage-deflate (RFC 7692 §6).</param>
/// <param name="Mask">Its four bytes as they lie.</param>
internal readonly record struct FrameHeader(Opcode Opcode, bool Final, bool Compressed, long Length, uint Mask)
{
    private const int Final1 = 0x80;
    private const int Reserved1 = 0x40;
    private const int Reserved23 = 0x30;
    private const int Masked = 0x80;

    public bool IsControl => ((byte)Opcode & 0x8) != 0;

    /// <summary>
    /// Returns the bytes of the header; 0 when more are needed, or when there is a fault, which is found as soon as its
    /// byte is there.
    /// </summary>
    public static int Read(ReadOnlySpan<byte> bytes, out FrameHeader header, out string? fault)
    {
        header = default;
        fault = null;
        if (bytes.Length < 2)
        {
            return 0;
        }

        var opcode = (Opcode)(bytes[0] & 0xF);
        var final = (bytes[0] & Final1) != 0;
        var control = ((byte)opcode & 0x8) != 0;
        var length = bytes[1] & 0x7F;
        fault = opcode is not (<= Opcode.Binary or (>= Opcode.Close and <= Opcode.Pong)) ? "an unknown opcode"
            : (bytes[0] & Reserved23) != 0 ? "a reserved bit is set"
            : (bytes[1] & Masked) == 0 ? "a frame is not masked"
            : control && !final ? "a control frame is fragmented"
            : control && length > WebSocketLimits.ControlBytes ? "a control frame is longer than 125 bytes"
            : control && (bytes[0] & Reserved1) != 0 ? "a control frame is compressed"
            : null;
        var more = length switch { 126 => 2, 127 => 8, _ => 0 };
        if (fault is not null || bytes.Length < 2 + more)
        {
            return 0;
        }

        var whole = more switch
        {
            2 => BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]),
            8 => BinaryPrimitives.ReadUInt64BigEndian(bytes[2..]),
            _ => (ulong)length,
        };
        var shortest = more switch { 2 => whole >= 126, 8 => whole > ushort.MaxValue, _ => true };
        fault = whole > long.MaxValue ? "a length has its first bit set"
            : shortest ? null
            : "a length is not in its shortest form";
        if (fault is not null || bytes.Length < 2 + more + 4)
        {
            return 0;
        }

        // The mask keeps the order of its bytes in memory: it is laid over the payload as it is.
        header = new FrameHeader(
            opcode, final, (bytes[0] & Reserved1) != 0, (long)whole,
            System.Runtime.InteropServices.MemoryMarshal.Read<uint>(bytes[(2 + more)..]));
        return 2 + more + 4;
    }

    /// <summary>How long a server's header is.</summary>
    public static int SizeOf(int length) => length switch { < 126 => 2, <= ushort.MaxValue => 4, _ => 10 };

    /// <summary>Writes a server's header over <see cref="SizeOf"/> bytes.</summary>
    public static void Write(Span<byte> target, Opcode opcode, bool final, bool compressed, int length)
    {
        target[0] = (byte)((byte)opcode | (final ? Final1 : 0) | (compressed ? Reserved1 : 0));
        switch (SizeOf(length))
        {
            case 2:
                target[1] = (byte)length;
                break;
            case 4:
                target[1] = 126;
                BinaryPrimitives.WriteUInt16BigEndian(target[2..], (ushort)length);
                break;
            default:
                target[1] = 127;
                BinaryPrimitives.WriteUInt64BigEndian(target[2..], (ulong)length);
                break;
        }
    }
}
