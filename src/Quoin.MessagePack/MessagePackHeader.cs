using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Quoin.MessagePack;

/// <summary>
/// The fixed part of a value: its code and a number, which is the value itself for integers and floats, a length for
/// strings, binary and extensions, and a count for arrays and maps.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly struct MessagePackHeader
{
    /// <summary>From as many bytes as the code's header has.</summary>
    public MessagePackHeader(ReadOnlySpan<byte> bytes)
    {
        Code = bytes[0];
        Bytes = bytes.Length;
        Type = MessagePackCode.TypeOf(Code);
        switch (Code)
        {
            case < MessagePackCode.FixMap:
                Number = Code;
                break;
            case >= MessagePackCode.NegativeFixInt:
                Number = (ulong)(long)(sbyte)Code;
                IsNegative = true;
                break;
            case < MessagePackCode.FixStr:
                Number = Code & 0x0fu;
                break;
            case < MessagePackCode.Nil:
                Number = Code & 0x1fu;
                break;
            case >= MessagePackCode.FixExt1 and <= MessagePackCode.FixExt16:
                Number = 1u << (Code - MessagePackCode.FixExt1);
                ExtensionType = (sbyte)bytes[1];
                break;
            case >= MessagePackCode.Ext8 and <= MessagePackCode.Ext32:
                Number = Unsigned(bytes[1..^1]);
                ExtensionType = (sbyte)bytes[^1];
                break;
            case >= MessagePackCode.Int8 and <= MessagePackCode.Int64:
                // Moved to the top and back, the sign fills the bits above.
                var unused = 64 - (8 * (Bytes - 1));
                var number = (long)(Unsigned(bytes[1..]) << unused) >> unused;
                Number = (ulong)number;
                IsNegative = number < 0;
                break;
            default:
                Number = Unsigned(bytes[1..]);
                break;
        }
    }

    public byte Code { get; }

    public MessagePackType Type { get; }

    public int Bytes { get; }

    /// <summary>Of a negative integer the two's complement; of a float its bits.</summary>
    public ulong Number { get; }

    public bool IsNegative { get; }

    public sbyte ExtensionType { get; }

    public bool IsContainer => Type is MessagePackType.Array or MessagePackType.Map;

    /// <summary>Header and what follows it, without the entries of arrays and maps.</summary>
    public long TotalBytes => Type is MessagePackType.String or MessagePackType.Binary or MessagePackType.Extension
        ? Bytes + (long)Number
        : Bytes;

    /// <summary>Values directly inside: of a map keys and values. Each is one byte at least.</summary>
    public long Children => Type switch
    {
        MessagePackType.Array => (long)Number,
        MessagePackType.Map => 2 * (long)Number,
        _ => 0,
    };

    /// <exception cref="MessagePackException">Longer than its type may be.</exception>
    public void CheckLength(MessagePackLimits limits, long offset)
    {
        var most = Type switch
        {
            MessagePackType.String => limits.MaxStringBytes,
            MessagePackType.Binary => limits.MaxBinaryBytes,
            MessagePackType.Array => limits.MaxArrayEntries,
            MessagePackType.Map => limits.MaxMapEntries,
            MessagePackType.Extension => limits.MaxExtensionBytes,
            _ => long.MaxValue,
        };
        if (Number > (ulong)most && most != long.MaxValue)
        {
            var unit = IsContainer ? "entries" : "bytes";
            throw new MessagePackException(
                MessagePackError.LimitExceeded, offset, $"at most {most} {unit} in a value of type {Type}",
                Number.ToString());
        }
    }

    private static ulong Unsigned(ReadOnlySpan<byte> bytes) => bytes.Length switch
    {
        0 => 0,
        1 => bytes[0],
        2 => BinaryPrimitives.ReadUInt16BigEndian(bytes),
        4 => BinaryPrimitives.ReadUInt32BigEndian(bytes),
        _ => BinaryPrimitives.ReadUInt64BigEndian(bytes),
    };
}
