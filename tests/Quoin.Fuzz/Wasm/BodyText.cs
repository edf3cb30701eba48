using System.Globalization;
using Quoin.Wasm;
using Quoin.Wasm.Binary;

namespace Quoin.Fuzz.Wasm;

/// <summary>
/// Instructions as text, by the names of the text format and separated by semicolons or lines:
/// <c>local.get 0; i32.const 5; i32.add</c>. Indices are numbers; a block takes a kind, a type's index or nothing;
/// memory instructions take an offset and an alignment, both 0 if left out. The end of the body is added.
/// </summary>
public static class BodyText
{
    private static readonly Dictionary<string, OpcodeRow> Rows = OpcodeTable.All.ToDictionary(
        row => row.Name, StringComparer.Ordinal);

    public static byte[] Assemble(string text)
    {
        var writer = new ByteWriter();
        const StringSplitOptions clean = StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries;
        foreach (var line in text.Split([';', '\n'], clean))
        {
            var words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
            Write(writer, Rows[words[0]], words[1..]);
        }

        return writer.Byte(Opcode.End).ToArray();
    }

    /// <summary>The code of an instruction, prefix and all.</summary>
    internal static void WriteCode(ByteWriter writer, ushort code)
    {
        if (code >= OpcodeTable.VectorBase)
            writer.Byte(0xFD).U32((uint)(code - OpcodeTable.VectorBase));
        else if (code >= OpcodeTable.ExtendedBase)
            writer.Byte(0xFC).U32((uint)(code - OpcodeTable.ExtendedBase));
        else
            writer.Byte(code);
    }

    private static void Write(ByteWriter writer, OpcodeRow row, string[] words)
    {
        WriteCode(writer, row.Code);
        switch (row.Immediate)
        {
            case ImmediateKind.None: break;
            case ImmediateKind.Block: WriteBlock(writer, words); break;
            case ImmediateKind.Memory or ImmediateKind.MemoryLane:
                writer.U32(Number(words, 1)).U32(Number(words, 0));
                if (row.Immediate == ImmediateKind.MemoryLane)
                    writer.Byte((int)Number(words, 2));
                break;
            case ImmediateKind.Zero: writer.Byte(0); break;
            case ImmediateKind.ZeroZero: writer.Byte(0).Byte(0); break;
            case ImmediateKind.DataZero: writer.U32(Number(words, 0)).Byte(0); break;
            case ImmediateKind.Indirect or ImmediateKind.ElementTable or ImmediateKind.TableTable:
                writer.U32(Number(words, 0)).U32(Number(words, 1));
                break;
            case ImmediateKind.I32 or ImmediateKind.I64:
                writer.Signed(long.Parse(words[0], CultureInfo.InvariantCulture));
                break;
            case ImmediateKind.F32:
                writer.Fixed(BitConverter.SingleToUInt32Bits(float.Parse(words[0], CultureInfo.InvariantCulture)), 4);
                break;
            case ImmediateKind.F64:
                writer.Fixed(BitConverter.DoubleToUInt64Bits(double.Parse(words[0], CultureInfo.InvariantCulture)), 8);
                break;
            case ImmediateKind.Reference: writer.Byte((int)Kind(words[0])); break;
            case ImmediateKind.Kinds: writer.U32(1).Byte((int)Kind(words[0])); break;
            case ImmediateKind.Labels:
                writer.U32((uint)words.Length - 1);
                foreach (var word in words)
                    writer.U32(uint.Parse(word, CultureInfo.InvariantCulture));
                break;
            case ImmediateKind.V128 or ImmediateKind.Lanes: writer.Bytes(Convert.FromHexString(words[0])); break;
            case ImmediateKind.Lane: writer.Byte((int)Number(words, 0)); break;
            default: writer.U32(Number(words, 0)); break;
        }
    }

    private static void WriteBlock(ByteWriter writer, string[] words)
    {
        if (words.Length == 0)
            writer.Byte(0x40);
        else if (char.IsDigit(words[0][0]))
            writer.Signed(long.Parse(words[0], CultureInfo.InvariantCulture));
        else
            writer.Byte((int)Kind(words[0]));
    }

    private static uint Number(string[] words, int index) =>
        index < words.Length ? uint.Parse(words[index], CultureInfo.InvariantCulture) : 0;

    private static ValueKind Kind(string text) => Enum.Parse<ValueKind>(text, ignoreCase: true);
}
