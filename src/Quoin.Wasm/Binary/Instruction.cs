using System.Runtime.InteropServices;

namespace Quoin.Wasm.Binary;

/// <summary>
/// One instruction with its immediates. What a field means depends on <see cref="OpcodeRow.Immediate"/>.
/// </summary>
internal struct Instruction
{
    public OpcodeRow Row;

    /// <summary>The offset of the opcode in the module.</summary>
    public int Offset;

    /// <summary>An index (label, function, local, global, table, data, element, type), or the alignment.</summary>
    public uint Index;

    /// <summary>The second index: the table of an indirect call, of <c>table.init</c>; the source table.</summary>
    public uint Second;

    /// <summary>The offset of a memory instruction; the bits of a constant, of v128 the lower 64.</summary>
    public ulong Bits;

    /// <summary>The upper 64 bits of a v128.</summary>
    public ulong HighBits;

    /// <summary>The lane.</summary>
    public byte Lane;

    /// <summary>The kind of <c>ref.null</c> and of <c>select</c> with a kind.</summary>
    public ValueKind Kind;

    /// <summary>The labels of <c>br_table</c>, the default last. Null else.</summary>
    public uint[]? Labels;

    /// <summary>The type of a block: see <see cref="BlockType"/>.</summary>
    public BlockType Block;

    public readonly ushort Code => Row.Code;
}

/// <summary>A block's type as it is written: nothing, one result, or the index of a function type.</summary>
/// <param name="TypeIndex">The index, or -1.</param>
/// <param name="Result">The one result, or <see cref="ValueKind.Unknown"/> for none.</param>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BlockType(int TypeIndex, ValueKind Result);
