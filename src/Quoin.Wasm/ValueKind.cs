namespace Quoin.Wasm;

/// <summary>The types of WebAssembly values, by the byte that the binary format gives them.</summary>
public enum ValueKind : byte
{
    /// <summary>No type: what an unreachable stack holds. Never in a module.</summary>
    Unknown = 0,

    /// <summary>A reference to something of the host.</summary>
    ExternRef = 0x6F,

    /// <summary>A reference to a function.</summary>
    FuncRef = 0x70,

    /// <summary>128 bits, seen as lanes by the instructions.</summary>
    V128 = 0x7B,

    /// <summary>A 64-bit float.</summary>
    F64 = 0x7C,

    /// <summary>A 32-bit float.</summary>
    F32 = 0x7D,

    /// <summary>A 64-bit integer, signed or not as the instructions take it.</summary>
    I64 = 0x7E,

    /// <summary>A 32-bit integer, signed or not as the instructions take it.</summary>
    I32 = 0x7F,
}

/// <summary>Questions asked of value kinds.</summary>
internal static class ValueKinds
{
    public static bool IsReference(this ValueKind kind) => kind is ValueKind.FuncRef or ValueKind.ExternRef;

    public static bool IsNumber(this ValueKind kind) =>
        kind is ValueKind.I32 or ValueKind.I64 or ValueKind.F32 or ValueKind.F64;

    /// <summary>The name that the text format has for it.</summary>
    public static string Text(this ValueKind kind) => kind switch
    {
        ValueKind.Unknown => "any",
        _ => kind.ToString().ToLowerInvariant(),
    };
}
