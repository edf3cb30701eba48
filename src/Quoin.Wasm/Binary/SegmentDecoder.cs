namespace Quoin.Wasm.Binary;

/// <summary>Decodes element and data segments, and the constant expressions in them.</summary>
internal readonly struct SegmentDecoder(ModuleSyntax module, WasmLimits limits)
{
    /// <summary>
    /// Flags of an element segment: it is not active; it names its table or is declarative; it has expressions.
    /// </summary>
    private const uint NotActive = 1, Explicit = 2, Expressions = 4;

    public ElementSegment[] Elements(ref ByteReader section)
    {
        var segments = new ElementSegment[section.Count("element segments", limits.SectionEntries)];
        for (var i = 0; i < segments.Length; i++)
            segments[i] = Element(ref section);
        return segments;
    }

    public DataSegment[] Data(ref ByteReader section)
    {
        var segments = new DataSegment[section.Count("data segments", limits.SectionEntries)];
        for (var i = 0; i < segments.Length; i++)
        {
            var start = section.Position;
            var flags = section.U32();
            if (flags > 2)
                throw ModuleException.Malformed("malformed data segment flags", start);
            var memory = flags == 2 ? section.U32() : 0;
            var offset = flags == 1 ? null : Expression(ref section);
            var length = section.Length();
            var mode = flags == 1 ? SegmentMode.Passive : SegmentMode.Active;
            segments[i] = new DataSegment(mode, memory, offset, section.Position, length, start);
            section.Bytes(length);
        }

        return segments;
    }

    /// <summary>Instructions up to their end. Which ones are allowed is for the validator to say.</summary>
    public ConstantExpression Expression(ref ByteReader reader)
    {
        var start = reader.Position;
        var instructions = new List<Instruction>();
        while (true)
        {
            InstructionReader.Read(ref reader, limits, out var instruction);
            if (instruction.Code == Opcode.End)
                return new ConstantExpression([.. instructions], start);
            var count = instructions.Count + 1;
            if (count > limits.OperandStack)
                throw ModuleException.OverLimit("instructions of a constant", count, limits.OperandStack, start);
            CountConstant(start);
            instructions.Add(instruction);
        }
    }

    private ElementSegment Element(ref ByteReader section)
    {
        var start = section.Position;
        var flags = section.U32();
        if (flags > 7)
            throw ModuleException.Malformed("malformed element segment flags", start);
        var active = (flags & NotActive) == 0;
        var mode = active ? SegmentMode.Active
            : (flags & Explicit) != 0 ? SegmentMode.Declarative : SegmentMode.Passive;
        var table = active && (flags & Explicit) != 0 ? section.U32() : 0;
        var offset = active ? Expression(ref section) : null;
        var kind = ValueKind.FuncRef;
        if ((flags & (NotActive | Explicit)) != 0)
        {
            if ((flags & Expressions) != 0)
                kind = InstructionReader.ReadReferenceKind(ref section);
            else if (section.Byte() != 0)
                throw ModuleException.Malformed("malformed element kind", section.Position - 1);
        }

        var values = new ConstantExpression[section.Count("entries of an element segment", (int)limits.TableEntries)];
        for (var i = 0; i < values.Length; i++)
            values[i] = (flags & Expressions) != 0 ? Expression(ref section) : FunctionReference(ref section);
        return new ElementSegment(mode, kind, table, offset, values, start);
    }

    private void CountConstant(int offset)
    {
        var count = ++module.ConstantInstructions;
        if (count > limits.ConstantInstructions)
            throw ModuleException.OverLimit("instructions of constants", count, limits.ConstantInstructions, offset);
    }

    private ConstantExpression FunctionReference(ref ByteReader section)
    {
        var start = section.Position;
        CountConstant(start);
        var row = OpcodeTable.Find(Opcode.RefFunc)!;
        return new ConstantExpression([new Instruction { Row = row, Offset = start, Index = section.U32() }], start);
    }
}
