using System.Runtime.InteropServices;

namespace Quoin.Wasm.Binary;

/// <summary>A module as its bytes say it: the sections as tables, bodies still as bytes.</summary>
internal sealed class ModuleSyntax
{
    public required byte[] Bytes { get; init; }

    public FunctionType[] Types { get; set; } = [];

    public ImportEntry[] Imports { get; set; } = [];

    /// <summary>Type indices of all functions, the imported ones first.</summary>
    public uint[] Functions { get; set; } = [];

    public int ImportedFunctions { get; set; }

    /// <summary>All tables, the imported ones first.</summary>
    public TableType[] Tables { get; set; } = [];

    public int ImportedTables { get; set; }

    public MemoryType[] Memories { get; set; } = [];

    public int ImportedMemories { get; set; }

    public GlobalType[] Globals { get; set; } = [];

    public int ImportedGlobals { get; set; }

    /// <summary>What the globals defined here begin with.</summary>
    public ConstantExpression[] GlobalValues { get; set; } = [];

    public ExportEntry[] Exports { get; set; } = [];

    public uint? Start { get; set; }

    public int StartOffset { get; set; }

    public ElementSegment[] Elements { get; set; } = [];

    /// <summary>What the data count section says; null: there is none.</summary>
    public int? DataCount { get; set; }

    public DataSegment[] Data { get; set; } = [];

    public FunctionBody[] Bodies { get; set; } = [];

    /// <summary>Instructions of constants that were read.</summary>
    public int ConstantInstructions { get; set; }

    /// <summary>How high each body's operand stack gets; found by the validator.</summary>
    public int[] OperandHeights { get; set; } = [];

    /// <summary>Names of functions by their index, from the name section. Untrusted text.</summary>
    public Dictionary<int, string> FunctionNames { get; } = [];

    public List<CustomSection> CustomSections { get; } = [];

    public FunctionType TypeOf(int function) => Types[Functions[function]];
}

/// <summary>An import; <paramref name="TypeIndex"/> is meant for functions.</summary>
internal sealed record ImportEntry(
    string Module, string Name, ExternalKind Kind, uint TypeIndex, object? Type, int Offset);

internal sealed record ExportEntry(string Name, ExternalKind Kind, uint Index, int Offset);

internal sealed record CustomSection(string Name, int Offset, int Length);

/// <summary>A constant expression: its instructions without the end.</summary>
internal sealed record ConstantExpression(Instruction[] Instructions, int Offset);

internal enum SegmentMode : byte
{
    Active,
    Passive,
    Declarative,
}

/// <summary>References for a table: each is a constant expression.</summary>
internal sealed record ElementSegment(
    SegmentMode Mode, ValueKind Kind, uint Table, ConstantExpression? Start, ConstantExpression[] Values, int Offset);

/// <summary>Bytes for a memory, by their place in the module.</summary>
internal sealed record DataSegment(
    SegmentMode Mode, uint Memory, ConstantExpression? Start, int First, int Length, int Offset);

/// <summary>A function's code by its place in the module, and its locals in runs of one kind.</summary>
internal sealed record FunctionBody(int Start, int End, LocalRun[] Locals, int LocalCount, int Offset);

[StructLayout(LayoutKind.Auto)]
internal readonly record struct LocalRun(int Count, ValueKind Kind);
