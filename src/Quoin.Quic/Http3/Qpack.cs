using System.Buffers;
using System.Text;

namespace Quoin.Quic.Http3;

/// <summary>
/// Header fields packed by QPACK (RFC 9204) without its dynamic table: ours has no room, so nobody refers to it. Every
/// length is checked against what is there, and against <see cref="Http3Limits"/>.
/// </summary>
internal static class Qpack
{
    private const int Indexed = 0x80;
    private const int NamedLiteral = 0x40;
    private const int Literal = 0x20;

    public static void Write(IBufferWriter<byte> writer, IEnumerable<(string Name, string Value)> fields)
    {
        // Nothing of the dynamic table is needed, and nothing is counted from its base.
        writer.Write("\0\0"u8);
        foreach (var (name, value) in fields)
        {
            var number = QpackStaticTable.Find(name, value, out var whole);
            if (whole)
            {
                WriteInteger(writer, Indexed | 0x40, 6, number);
                continue;
            }

            if (number >= 0)
            {
                WriteInteger(writer, NamedLiteral | 0x10, 4, number);
            }
            else
            {
                WriteText(writer, Literal, 3, name);
            }

            WriteText(writer, 0, 7, value);
        }
    }

    /// <summary>Null: it is not packed right, or too much.</summary>
    public static List<(string Name, string Value)>? Read(ReadOnlySpan<byte> data)
    {
        if (!TryReadInteger(ref data, 8, out var needed) || needed != 0 || !TryReadInteger(ref data, 7, out _))
        {
            return null;
        }

        var fields = new List<(string, string)>();
        var size = 0;
        while (data.Length > 0)
        {
            if (fields.Count == Http3Limits.Fields || !TryReadField(ref data, out var field))
            {
                return null;
            }

            size += field.Name.Length + field.Value.Length;
            if (size > Http3Limits.HeaderBytes)
            {
                return null;
            }

            fields.Add(field);
        }

        return fields;
    }

    private static bool TryReadField(ref ReadOnlySpan<byte> data, out (string Name, string Value) field)
    {
        field = default;
        var first = data[0];
        if ((first & Indexed) != 0)
        {
            return (first & 0x40) != 0 && TryReadStatic(ref data, 6, out field);
        }

        string? name;
        if ((first & NamedLiteral) != 0)
        {
            if ((first & 0x10) == 0 || !TryReadStatic(ref data, 4, out var known))
            {
                return false;
            }

            name = known.Name;
        }
        else if ((first & Literal) == 0 || !TryReadText(ref data, 3, out name))
        {
            return false;
        }

        if (!TryReadText(ref data, 7, out var value))
        {
            return false;
        }

        field = (name, value);
        return true;
    }

    private static bool TryReadStatic(ref ReadOnlySpan<byte> data, int bits, out (string Name, string Value) field)
    {
        field = default;
        if (!TryReadInteger(ref data, bits, out var number) || number >= QpackStaticTable.Fields.Length)
        {
            return false;
        }

        field = QpackStaticTable.Fields[number];
        return true;
    }

    private static bool TryReadText(
        ref ReadOnlySpan<byte> data, int bits, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out string? text)
    {
        text = null;
        if (data.Length == 0)
        {
            return false;
        }

        var packed = (data[0] & (1 << bits)) != 0;
        if (!TryReadInteger(ref data, bits, out var length) || length > data.Length || length > Http3Limits.HeaderBytes)
        {
            return false;
        }

        var bytes = data[..length];
        data = data[length..];
        if (packed)
        {
            var unpacked = new ArrayBufferWriter<byte>(Math.Max(1, 2 * length));
            if (!HuffmanCode.TryDecode(bytes, unpacked))
            {
                return false;
            }

            text = Encoding.Latin1.GetString(unpacked.WrittenSpan);
            return true;
        }

        text = Encoding.Latin1.GetString(bytes);
        return true;
    }

    /// <summary>
    /// An integer whose first bits are in a byte with other things (RFC 7541, 5.1), of 28 bits at most.
    /// </summary>
    private static bool TryReadInteger(ref ReadOnlySpan<byte> data, int bits, out int value)
    {
        value = 0;
        if (data.Length == 0)
        {
            return false;
        }

        var most = (1 << bits) - 1;
        value = data[0] & most;
        data = data[1..];
        if (value < most)
        {
            return true;
        }

        for (var shift = 0; shift <= 21 && data.Length > 0; shift += 7)
        {
            var piece = data[0];
            data = data[1..];
            value += (piece & 0x7f) << shift;
            if ((piece & 0x80) == 0)
            {
                return true;
            }
        }

        return false;
    }

    private static void WriteText(IBufferWriter<byte> writer, int mark, int bits, string text)
    {
        WriteInteger(writer, mark, bits, text.Length);
        writer.Write(Encoding.Latin1.GetBytes(text));
    }

    private static void WriteInteger(IBufferWriter<byte> writer, int mark, int bits, int value)
    {
        var span = writer.GetSpan(6);
        var most = (1 << bits) - 1;
        var length = 1;
        span[0] = (byte)(mark | Math.Min(value, most));
        if (value >= most)
        {
            for (value -= most; value >= 0x80; value >>= 7)
            {
                span[length++] = (byte)(value | 0x80);
            }

            span[length++] = (byte)value;
        }

        writer.Advance(length);
    }
}
