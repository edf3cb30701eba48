using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quoin.Wasm;

/// <summary>A value that goes in or out of a program: a number, a vector or a reference.</summary>
public readonly struct Value : IEquatable<Value>
{
    private readonly ulong _low;
    private readonly ulong _high;
    private readonly object? _reference;

    private Value(ValueKind kind, ulong low, ulong high = 0, object? reference = null)
    {
        Kind = kind;
        _low = low;
        _high = high;
        _reference = reference;
    }

    /// <summary>Its kind.</summary>
    public ValueKind Kind { get; }

    /// <summary>The lower 32 bits, as a signed integer.</summary>
    public int I32 => (int)_low;

    /// <summary>The lower 64 bits, as a signed integer.</summary>
    public long I64 => (long)_low;

    /// <summary>The lower 32 bits, as a float.</summary>
    public float F32 => BitConverter.UInt32BitsToSingle((uint)_low);

    /// <summary>The lower 64 bits, as a float.</summary>
    public double F64 => BitConverter.UInt64BitsToDouble(_low);

    /// <summary>All 128 bits.</summary>
    public Vector128<byte> V128 => Vector128.Create(_low, _high).AsByte();

    /// <summary>The reference, a <see cref="Function"/> or something of the host; null: none.</summary>
    public object? Reference => _reference;

    /// <summary>A 32-bit integer.</summary>
    public static Value Of(int value) => new(ValueKind.I32, (uint)value);

    /// <summary>A 64-bit integer.</summary>
    public static Value Of(long value) => new(ValueKind.I64, (ulong)value);

    /// <summary>A 32-bit float, to the bit.</summary>
    public static Value Of(float value) => new(ValueKind.F32, BitConverter.SingleToUInt32Bits(value));

    /// <summary>A 64-bit float, to the bit.</summary>
    public static Value Of(double value) => new(ValueKind.F64, BitConverter.DoubleToUInt64Bits(value));

    /// <summary>A vector.</summary>
    public static Value Of(Vector128<byte> value) =>
        new(ValueKind.V128, value.AsUInt64()[0], value.AsUInt64()[1]);

    /// <summary>A reference to a function; null: none.</summary>
    public static Value Of(Function? function) => new(ValueKind.FuncRef, 0, 0, function);

    /// <summary>A reference to anything of the host; null: none.</summary>
    public static Value OfExternal(object? reference) => new(ValueKind.ExternRef, 0, 0, reference);

    /// <summary>The zero or null that locals of the kind begin with.</summary>
    public static Value Zero(ValueKind kind) => new(kind, 0);

    /// <inheritdoc/>
    public bool Equals(Value other) => Kind == other.Kind && _low == other._low && _high == other._high
        && ReferenceEquals(_reference, other._reference);

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Value other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() =>
        HashCode.Combine(Kind, _low, _high, RuntimeHelpers.GetHashCode(_reference));

    /// <summary>Whether both are the same value of the same kind, to the bit.</summary>
    public static bool operator ==(Value left, Value right) => left.Equals(right);

    /// <summary>Whether they differ.</summary>
    public static bool operator !=(Value left, Value right) => !left.Equals(right);

    /// <summary>As text, with its kind: <c>i32:5</c>.</summary>
    public override string ToString() => FormattableString.Invariant(Kind switch
    {
        ValueKind.I32 => $"i32:{I32}",
        ValueKind.I64 => $"i64:{I64}",
        ValueKind.F32 => $"f32:{F32:R}",
        ValueKind.F64 => $"f64:{F64:R}",
        ValueKind.V128 => $"v128:{_high:x16}{_low:x16}",
        _ => $"{Kind.Text()}:{(_reference is null ? "null" : _reference.ToString())}",
    });

    internal static Value FromBits(ValueKind kind, ulong low, ulong high) => new(kind, low, high);
}
