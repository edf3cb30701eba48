using Quoin.Wasm;

namespace Quoin.Fuzz.Wasm;

/// <summary>
/// Writes modules for tests, section by section in their order, whatever the order they were told in.
/// </summary>
public sealed class ModuleWriter
{
    private readonly SortedDictionary<int, (int Count, ByteWriter Entries)> _sections = [];
    private readonly List<FunctionType> _types = [];
    private int _functions;

    /// <summary>
    /// The order of sections is that of their numbers, but for the data count, which stands before the code.
    /// </summary>
    private static readonly int[] Order = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 10, 11];

    /// <summary>
    /// A kind for each letter: i, l, f, d, v, and r for references to functions, x to things of the host.
    /// </summary>
    public static FunctionType Signature(string text)
    {
        var parts = text.Split(':');
        return new FunctionType(parts[0].Select(Kind), parts[1].Select(Kind));
    }

    public static ValueKind Kind(char letter) => letter switch
    {
        'i' => ValueKind.I32,
        'l' => ValueKind.I64,
        'f' => ValueKind.F32,
        'd' => ValueKind.F64,
        'v' => ValueKind.V128,
        'r' => ValueKind.FuncRef,
        _ => ValueKind.ExternRef,
    };

    public int Type(FunctionType type)
    {
        var known = _types.IndexOf(type);
        if (known >= 0)
            return known;
        _types.Add(type);
        var entry = Section(1).Byte(0x60).U32((uint)type.Parameters.Length);
        foreach (var kind in type.Parameters)
            entry.Byte((int)kind);
        entry.U32((uint)type.Results.Length);
        foreach (var kind in type.Results)
            entry.Byte((int)kind);
        return _types.Count - 1;
    }

    /// <summary>Imported functions come before all others.</summary>
    public ModuleWriter ImportFunction(string module, string name, string signature)
    {
        var type = Type(Signature(signature));
        Section(2).Name(module).Name(name).Byte(0).U32((uint)type);
        _functions++;
        return this;
    }

    public ModuleWriter ImportMemory(string module, string name, uint minimum, uint? maximum = null)
    {
        Size(Section(2).Name(module).Name(name).Byte(2), minimum, maximum);
        return this;
    }

    public ModuleWriter ImportTable(string module, string name, char kind, uint minimum, uint? maximum = null)
    {
        Size(Section(2).Name(module).Name(name).Byte(1).Byte((int)Kind(kind)), minimum, maximum);
        return this;
    }

    public ModuleWriter ImportGlobal(string module, string name, char kind, bool mutable = false)
    {
        Section(2).Name(module).Name(name).Byte(3).Byte((int)Kind(kind)).Byte(mutable ? 1 : 0);
        return this;
    }

    /// <summary>Adds a function with locals of a kind for each letter; exports it if it has a name.</summary>
    public ModuleWriter Function(string? export, string signature, string body, string locals = "") =>
        Function(
            export, Signature(signature), BodyText.Assemble(body), [.. locals.Select(letter => (1u, Kind(letter)))]);

    public ModuleWriter Function(
        string? export, FunctionType type, byte[] body, IReadOnlyList<(uint Count, ValueKind Kind)> locals)
    {
        Section(3).U32((uint)Type(type));
        var code = new ByteWriter().U32((uint)locals.Count);
        foreach (var (count, kind) in locals)
            code.U32(count).Byte((int)kind);
        Section(10).Sized(code.Bytes(body));
        if (export is not null)
            Export(export, 0, (uint)_functions);
        _functions++;
        return this;
    }

    public ModuleWriter Memory(uint minimum, uint? maximum = null, string? export = "memory")
    {
        Size(Section(5), minimum, maximum);
        if (export is not null)
            Export(export, 2, 0);
        return this;
    }

    public ModuleWriter Table(uint minimum, uint? maximum = null, char kind = 'r', string? export = null)
    {
        var index = _sections.TryGetValue(4, out var tables) ? tables.Count : 0;
        Size(Section(4).Byte((int)Kind(kind)), minimum, maximum);
        if (export is not null)
            Export(export, 1, (uint)index);
        return this;
    }

    public ModuleWriter Global(char kind, bool mutable, string value, string? export = null)
    {
        var index = _sections.TryGetValue(6, out var globals) ? globals.Count : 0;
        Section(6).Byte((int)Kind(kind)).Byte(mutable ? 1 : 0).Bytes(BodyText.Assemble(value));
        if (export is not null)
            Export(export, 3, (uint)index);
        return this;
    }

    public ModuleWriter Export(string name, int kind, uint index)
    {
        Section(7).Name(name).Byte(kind).U32(index);
        return this;
    }

    public ModuleWriter Start(uint function)
    {
        _sections[8] = (-1, new ByteWriter().U32(function));
        return this;
    }

    /// <summary>Functions that go into table 0.</summary>
    public ModuleWriter Elements(string offset, params uint[] functions)
    {
        var entry = Section(9).U32(0).Bytes(BodyText.Assemble(offset)).U32((uint)functions.Length);
        foreach (var function in functions)
            entry.U32(function);
        return this;
    }

    public ModuleWriter Data(string offset, ReadOnlySpan<byte> bytes)
    {
        Section(11).U32(0).Bytes(BodyText.Assemble(offset)).U32((uint)bytes.Length).Bytes(bytes);
        return this;
    }

    /// <summary>A passive segment, and the count that its use needs.</summary>
    public ModuleWriter PassiveData(ReadOnlySpan<byte> bytes)
    {
        Section(11).U32(1).U32((uint)bytes.Length).Bytes(bytes);
        _sections[12] = (-1, new ByteWriter().U32((uint)_sections[11].Count));
        return this;
    }

    public byte[] Build()
    {
        var module = new ByteWriter().Bytes("\0asm\u0001\0\0\0"u8);
        foreach (var id in Order)
        {
            if (!_sections.TryGetValue(id, out var section))
                continue;
            var content = new ByteWriter();
            if (section.Count >= 0)
                content.U32((uint)section.Count);
            module.Byte(id).Sized(content.Bytes(section.Entries.ToArray()));
        }

        return module.ToArray();
    }

    /// <summary>The section, for one more entry.</summary>
    private ByteWriter Section(int id)
    {
        var (count, entries) = _sections.TryGetValue(id, out var section) ? section : (0, new ByteWriter());
        _sections[id] = (count + 1, entries);
        return entries;
    }

    private static void Size(ByteWriter entry, uint minimum, uint? maximum)
    {
        entry.Byte(maximum is null ? 0 : 1).U32(minimum);
        if (maximum is { } most)
            entry.U32(most);
    }
}
