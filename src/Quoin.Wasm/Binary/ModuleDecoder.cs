namespace Quoin.Wasm.Binary;

/// <summary>
/// Decodes a module (section 5.5 of the specification): the header, then sections in their order, each exactly as long
/// as it says. Bodies are cut out, not read.
/// </summary>
internal ref struct ModuleDecoder
{
    /// <summary>The section's place in the order; the data count stands before the code.</summary>
    private static readonly int[] Order = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12, 10];

    private readonly WasmLimits _limits;
    private readonly ModuleSyntax _module;
    private ByteReader _reader;

    private ModuleDecoder(byte[] bytes, WasmLimits limits)
    {
        _limits = limits;
        _module = new ModuleSyntax { Bytes = bytes };
        _reader = new ByteReader(bytes, 0, bytes.Length);
    }

    public static ModuleSyntax Decode(byte[] bytes, WasmLimits limits)
    {
        if (bytes.Length > limits.ModuleBytes)
            throw ModuleException.OverLimit("bytes of the module", bytes.Length, limits.ModuleBytes, 0);
        var decoder = new ModuleDecoder(bytes, limits);
        decoder.Decode();
        return decoder._module;
    }

    private void Decode()
    {
        if (_reader.Remaining < 4 || !_reader.Bytes(4).SequenceEqual("\0asm"u8))
            throw ModuleException.Malformed("magic header not detected", 0);
        if (_reader.Remaining < 4 || !_reader.Bytes(4).SequenceEqual("\u0001\0\0\0"u8))
            throw ModuleException.Malformed("unknown binary version", 4);
        var last = 0;
        while (_reader.Remaining > 0)
        {
            var start = _reader.Position;
            var id = _reader.Byte();
            if (id >= Order.Length)
                throw ModuleException.Malformed("malformed section id", start);
            if (id != 0 && Order[id] <= last)
                throw ModuleException.Malformed("unexpected content after last section", start);
            last = Math.Max(last, Order[id]);
            var length = _reader.Length();
            var section = new ByteReader(_module.Bytes, _reader.Position, _reader.Position + length);
            _reader.Bytes(length);
            ReadSection(id, ref section);
            if (section.Remaining > 0)
                throw ModuleException.Malformed("section size mismatch", section.Position);
        }

        if (_module.Functions.Length - _module.ImportedFunctions != _module.Bodies.Length)
            throw ModuleException.Malformed("function and code section have inconsistent lengths", _reader.Position);
        if (_module.DataCount is { } count && count != _module.Data.Length)
            throw ModuleException.Malformed("data count and data section have inconsistent lengths", _reader.Position);
    }

    private readonly void ReadSection(byte id, ref ByteReader section)
    {
        switch (id)
        {
            case 0: ReadCustom(ref section); break;
            case 1: ReadTypes(ref section); break;
            case 2: ReadImports(ref section); break;
            case 3: ReadFunctions(ref section); break;
            case 4: ReadTables(ref section); break;
            case 5: ReadMemories(ref section); break;
            case 6: ReadGlobals(ref section); break;
            case 7: ReadExports(ref section); break;
            case 8:
                _module.StartOffset = section.Position;
                _module.Start = section.U32();
                break;
            case 9: _module.Elements = new SegmentDecoder(_module, _limits).Elements(ref section); break;
            case 10: ReadBodies(ref section); break;
            case 11: _module.Data = new SegmentDecoder(_module, _limits).Data(ref section); break;
            default: _module.DataCount = (int)Math.Min(section.U32(), int.MaxValue); break;
        }
    }

    private readonly void ReadCustom(ref ByteReader section)
    {
        var start = section.Position;
        var name = section.Name();
        if (_module.CustomSections.Count < _limits.SectionEntries)
            _module.CustomSections.Add(new CustomSection(name, start, section.Remaining));
        if (name == "name")
            NameSection.Read(section, _module);
        section.Bytes(section.Remaining);
    }

    private readonly void ReadTypes(ref ByteReader section)
    {
        var types = new FunctionType[section.Count("types", _limits.SectionEntries)];
        for (var i = 0; i < types.Length; i++)
        {
            if (section.Byte() != 0x60)
                throw ModuleException.Malformed("malformed function type", section.Position - 1);
            types[i] = new FunctionType(ReadKinds(ref section), ReadKinds(ref section));
        }

        _module.Types = types;
    }

    private readonly ValueKind[] ReadKinds(ref ByteReader section)
    {
        var kinds = new ValueKind[section.Count("values of a function type", _limits.Parameters)];
        for (var i = 0; i < kinds.Length; i++)
            kinds[i] = InstructionReader.ReadKind(ref section);
        return kinds;
    }

    private readonly void ReadImports(ref ByteReader section)
    {
        var imports = new ImportEntry[section.Count("imports", _limits.SectionEntries)];
        for (var i = 0; i < imports.Length; i++)
        {
            var start = section.Position;
            var (module, name) = (section.Name(), section.Name());
            var (kind, index, type) = ReadImportType(ref section);
            imports[i] = new ImportEntry(module, name, kind, index, type, start);
        }

        _module.Imports = imports;
        _module.Functions =
            [.. imports.Where(import => import.Kind == ExternalKind.Function).Select(import => import.TypeIndex)];
        _module.Tables = [.. imports.Select(import => import.Type).OfType<TableType>()];
        _module.Memories = [.. imports.Select(import => import.Type).OfType<MemoryType>()];
        _module.Globals = [.. imports.Select(import => import.Type).OfType<GlobalType>()];
        (_module.ImportedFunctions, _module.ImportedTables, _module.ImportedMemories, _module.ImportedGlobals) =
            (_module.Functions.Length, _module.Tables.Length, _module.Memories.Length, _module.Globals.Length);
    }

    private static (ExternalKind Kind, uint Index, object? Type) ReadImportType(ref ByteReader section)
    {
        var start = section.Position;
        return section.Byte() switch
        {
            0 => (ExternalKind.Function, section.U32(), null),
            1 => (ExternalKind.Table, 0, ReadTableType(ref section)),
            2 => (ExternalKind.Memory, 0, new MemoryType(ReadSize(ref section))),
            3 => (ExternalKind.Global, 0, ReadGlobalType(ref section)),
            _ => throw ModuleException.Malformed("malformed import kind", start),
        };
    }

    private static TableType ReadTableType(ref ByteReader section) =>
        new(InstructionReader.ReadReferenceKind(ref section), ReadSize(ref section));

    private static SizeRange ReadSize(ref ByteReader section)
    {
        var flags = section.Byte();
        if (flags > 1)
            throw ModuleException.Malformed("integer too large", section.Position - 1);
        return new SizeRange(section.U32(), flags == 1 ? section.U32() : null);
    }

    private static GlobalType ReadGlobalType(ref ByteReader section)
    {
        var kind = InstructionReader.ReadKind(ref section);
        var mutable = section.Byte();
        if (mutable > 1)
            throw ModuleException.Malformed("malformed mutability", section.Position - 1);
        return new GlobalType(kind, mutable == 1);
    }

    private readonly void ReadFunctions(ref ByteReader section)
    {
        var functions = new uint[section.Count("functions", _limits.Functions)];
        for (var i = 0; i < functions.Length; i++)
            functions[i] = section.U32();
        _module.Functions = [.. _module.Functions, .. functions];
    }

    private readonly void ReadTables(ref ByteReader section)
    {
        var tables = new TableType[section.Count("tables", _limits.Tables)];
        for (var i = 0; i < tables.Length; i++)
            tables[i] = ReadTableType(ref section);
        _module.Tables = [.. _module.Tables, .. tables];
    }

    private readonly void ReadMemories(ref ByteReader section)
    {
        var memories = new MemoryType[section.Count("memories", _limits.SectionEntries)];
        for (var i = 0; i < memories.Length; i++)
            memories[i] = new MemoryType(ReadSize(ref section));
        _module.Memories = [.. _module.Memories, .. memories];
    }

    private readonly void ReadGlobals(ref ByteReader section)
    {
        var count = section.Count("globals", _limits.SectionEntries);
        var (types, values) = (new GlobalType[count], new ConstantExpression[count]);
        var segments = new SegmentDecoder(_module, _limits);
        for (var i = 0; i < count; i++)
        {
            types[i] = ReadGlobalType(ref section);
            values[i] = segments.Expression(ref section);
        }

        _module.Globals = [.. _module.Globals, .. types];
        _module.GlobalValues = values;
    }

    private readonly void ReadExports(ref ByteReader section)
    {
        var exports = new ExportEntry[section.Count("exports", _limits.SectionEntries)];
        for (var i = 0; i < exports.Length; i++)
        {
            var start = section.Position;
            var name = section.Name();
            var kind = section.Byte();
            if (kind > 3)
                throw ModuleException.Malformed("malformed export kind", section.Position - 1);
            exports[i] = new ExportEntry(name, (ExternalKind)kind, section.U32(), start);
        }

        _module.Exports = exports;
    }

    private readonly void ReadBodies(ref ByteReader section)
    {
        var bodies = new FunctionBody[section.Count("function bodies", _limits.Functions)];
        for (var i = 0; i < bodies.Length; i++)
        {
            var length = section.Length();
            var start = section.Position;
            if (length > _limits.FunctionBytes)
                throw ModuleException.OverLimit("bytes of a function", length, _limits.FunctionBytes, start);
            section.Bytes(length);
            bodies[i] = ReadLocals(new ByteReader(_module.Bytes, start, start + length), start, start + length);
        }

        _module.Bodies = bodies;
    }

    private readonly FunctionBody ReadLocals(ByteReader body, int start, int end)
    {
        var runs = new LocalRun[body.Count("runs of locals", int.MaxValue)];
        long total = 0;
        for (var i = 0; i < runs.Length; i++)
        {
            var place = body.Position;
            var count = body.U32();
            total += count;
            if (total > uint.MaxValue)
                throw ModuleException.Malformed("too many locals", place);
            runs[i] = new LocalRun((int)Math.Min(count, int.MaxValue), InstructionReader.ReadKind(ref body));
        }

        if (total > _limits.Locals)
            throw ModuleException.OverLimit("locals", total, _limits.Locals, start);
        return new FunctionBody(body.Position, end, runs, (int)total, start);
    }
}
