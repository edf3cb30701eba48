using System.Globalization;

namespace Quoin.Wasm.Binary;

/// <summary>What follows an opcode in the binary format.</summary>
internal enum ImmediateKind : byte
{
    None,
    Block,
    Label,
    Labels,
    Function,
    Indirect,
    Kinds,
    Local,
    Global,
    Table,
    Memory,
    MemoryLane,
    Zero,
    ZeroZero,
    I32,
    I64,
    F32,
    F64,
    Reference,
    Data,
    DataZero,
    Element,
    ElementTable,
    TableTable,
    V128,
    Lanes,
    Lane,
}

/// <summary>A line of <see cref="OpcodeRows"/>, read.</summary>
internal sealed class OpcodeRow
{
    public required ushort Code { get; init; }

    public required string Name { get; init; }

    public required ImmediateKind Immediate { get; init; }

    /// <summary>
    /// Of memory instructions the power of two of the bytes they touch; of lane instructions the lanes.
    /// </summary>
    public required int Width { get; init; }

    /// <summary>Null: the types depend on immediates or on the stack.</summary>
    public required FunctionType? Signature { get; init; }

    public required int Fuel { get; init; }
}

/// <summary>All instructions by their code (<see cref="Opcode"/>).</summary>
internal static class OpcodeTable
{
    public const int Size = 0x300;
    public const ushort ExtendedBase = 0x100;
    public const ushort VectorBase = 0x200;

    private static readonly OpcodeRow?[] Rows = Read();

    public static IEnumerable<OpcodeRow> All => Rows.OfType<OpcodeRow>();

    /// <summary>The instruction with this code; null: there is none.</summary>
    public static OpcodeRow? Find(int code) => (uint)code < Size ? Rows[code] : null;

    private static OpcodeRow?[] Read()
    {
        var rows = new OpcodeRow?[Size];
        Read(OpcodeRows.Core, 0, rows);
        Read(OpcodeRows.Extended, ExtendedBase, rows);
        Read(VectorOpcodeRows.Vector, VectorBase, rows);
        return rows;
    }

    private static void Read(string text, ushort first, OpcodeRow?[] rows)
    {
        foreach (var line in text.Split('\n'))
        {
            if (line.Trim().Split(' ') is not [var code, var name, var immediate, var signature, var fuel])
                throw new InvalidOperationException($"'{line}' is no line of the table of opcodes");
            var row = new OpcodeRow
            {
                Code = (ushort)(first + ushort.Parse(code, NumberStyles.HexNumber, CultureInfo.InvariantCulture)),
                Name = name,
                Immediate = KindOf(immediate.TrimEnd("0123456789".ToCharArray()), immediate),
                Width = WidthOf(immediate),
                Signature = SignatureOf(signature),
                Fuel = int.Parse(fuel, CultureInfo.InvariantCulture),
            };
            rows[row.Code] = row;
        }
    }

    private static ImmediateKind KindOf(string stem, string whole) => whole switch
    {
        "-" => ImmediateKind.None,
        "i32" or "i64" or "f32" or "f64" or "v128" => Enum.Parse<ImmediateKind>(whole, ignoreCase: true),
        _ => Enum.Parse<ImmediateKind>(stem.Replace("_", "", StringComparison.Ordinal), ignoreCase: true),
    };

    private static int WidthOf(string immediate)
    {
        var digits = immediate.AsSpan().TrimStart("abcdefghijklmnopqrstuvwxyz_-");
        return digits.IsEmpty ? 0 : int.Parse(digits, CultureInfo.InvariantCulture);
    }

    private static FunctionType? SignatureOf(string text) =>
        text.Split(':') is [var parameters, var results]
            ? new FunctionType(parameters.Select(KindOf), results.Select(KindOf))
            : null;

    private static ValueKind KindOf(char letter) => letter switch
    {
        'i' => ValueKind.I32,
        'l' => ValueKind.I64,
        'f' => ValueKind.F32,
        'd' => ValueKind.F64,
        _ => ValueKind.V128,
    };
}
