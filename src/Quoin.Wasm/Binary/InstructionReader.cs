namespace Quoin.Wasm.Binary;

/// <summary>
/// Reads instructions one after another. It knows how they are written, not what they may do: indices may point
/// anywhere.
/// </summary>
internal static class InstructionReader
{
    public static void Read(ref ByteReader reader, WasmLimits limits, out Instruction instruction)
    {
        instruction = new Instruction { Offset = reader.Position };
        int code = reader.Byte();
        if (code is 0xFC or 0xFD)
        {
            var second = reader.U32();
            code = second > 0xFF
                ? OpcodeTable.Size
                : (int)second + (code == 0xFC ? OpcodeTable.ExtendedBase : OpcodeTable.VectorBase);
        }

        instruction.Row = OpcodeTable.Find(code)
            ?? throw ModuleException.Malformed("illegal opcode", instruction.Offset);
        ReadImmediate(ref reader, limits, ref instruction);
    }

    private static void ReadImmediate(ref ByteReader reader, WasmLimits limits, ref Instruction to)
    {
        switch (to.Row.Immediate)
        {
            case ImmediateKind.None:
                break;
            case ImmediateKind.Label or ImmediateKind.Function or ImmediateKind.Local or ImmediateKind.Global
                or ImmediateKind.Table or ImmediateKind.Data or ImmediateKind.Element:
                to.Index = reader.U32();
                break;
            case ImmediateKind.Indirect or ImmediateKind.ElementTable or ImmediateKind.TableTable:
                to.Index = reader.U32();
                to.Second = reader.U32();
                break;
            case ImmediateKind.DataZero:
                to.Index = reader.U32();
                Zero(ref reader);
                break;
            case ImmediateKind.Zero:
                Zero(ref reader);
                break;
            case ImmediateKind.ZeroZero:
                Zero(ref reader);
                Zero(ref reader);
                break;
            case ImmediateKind.Block:
                to.Block = ReadBlockType(ref reader);
                break;
            case ImmediateKind.Labels:
                ReadLabels(ref reader, limits, ref to);
                break;
            case ImmediateKind.Kinds:
                ReadSelectKind(ref reader, ref to);
                break;
            case ImmediateKind.Reference:
                to.Kind = ReadReferenceKind(ref reader);
                break;
            default:
                ReadValue(ref reader, ref to);
                break;
        }
    }

    private static void ReadValue(ref ByteReader reader, ref Instruction to)
    {
        switch (to.Row.Immediate)
        {
            case ImmediateKind.Memory or ImmediateKind.MemoryLane:
                ReadMemoryArgument(ref reader, ref to);
                if (to.Row.Immediate == ImmediateKind.MemoryLane)
                    to.Lane = reader.Byte();
                break;
            case ImmediateKind.I32:
                to.Bits = (uint)reader.S32();
                break;
            case ImmediateKind.I64:
                to.Bits = (ulong)reader.S64();
                break;
            case ImmediateKind.F32:
                to.Bits = reader.Fixed32();
                break;
            case ImmediateKind.F64:
                to.Bits = reader.Fixed64();
                break;
            case ImmediateKind.V128 or ImmediateKind.Lanes:
                to.Bits = reader.Fixed64();
                to.HighBits = reader.Fixed64();
                break;
            case ImmediateKind.Lane:
                to.Lane = reader.Byte();
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>A value kind's byte.</summary>
    public static ValueKind ReadKind(ref ByteReader reader)
    {
        var start = reader.Position;
        return reader.Byte() switch
        {
            var kind and ((>= 0x7B and <= 0x7F) or 0x70 or 0x6F) => (ValueKind)kind,
            _ => throw ModuleException.Malformed("malformed value type", start),
        };
    }

    public static ValueKind ReadReferenceKind(ref ByteReader reader)
    {
        var start = reader.Position;
        return reader.Byte() switch
        {
            var kind and (0x70 or 0x6F) => (ValueKind)kind,
            _ => throw ModuleException.Malformed("malformed reference type", start),
        };
    }

    private static void Zero(ref ByteReader reader)
    {
        if (reader.Byte() != 0)
            throw ModuleException.Malformed("zero byte expected", reader.Position - 1);
    }

    private static BlockType ReadBlockType(ref ByteReader reader)
    {
        var start = reader.Position;
        var type = reader.S33();
        if (type is >= 0 and <= int.MaxValue)
            return new BlockType((int)type, ValueKind.Unknown);
        return (type & 0x7F) switch
        {
            _ when type is < -64 or > int.MaxValue => throw ModuleException.Malformed("malformed block type", start),
            0x40 => new BlockType(-1, ValueKind.Unknown),
            var kind and ((>= 0x7B and <= 0x7F) or 0x70 or 0x6F) => new BlockType(-1, (ValueKind)kind),
            _ => throw ModuleException.Malformed("malformed block type", start),
        };
    }

    private static void ReadLabels(ref ByteReader reader, WasmLimits limits, ref Instruction to)
    {
        var count = reader.Count("targets of br_table", limits.BranchTargets);
        var labels = new uint[count + 1];
        for (var i = 0; i <= count; i++)
            labels[i] = reader.U32();
        to.Labels = labels;
    }

    private static void ReadSelectKind(ref ByteReader reader, ref Instruction to)
    {
        var start = reader.Position;
        var count = reader.Count("kinds of select", int.MaxValue);
        for (var i = 0; i < count; i++)
            to.Kind = ReadKind(ref reader);
        if (count != 1)
            throw ModuleException.Invalid("invalid result arity", start);
    }

    private static void ReadMemoryArgument(ref ByteReader reader, ref Instruction to)
    {
        var start = reader.Position;
        to.Index = reader.U32();
        if (to.Index >= 32)
            throw ModuleException.Malformed("malformed memop flags", start);
        to.Bits = reader.U32();
    }
}
