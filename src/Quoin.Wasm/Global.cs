using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;

namespace Quoin.Wasm;

/// <summary>A global variable or constant.</summary>
public sealed class Global
{
    // A global's number lives in an array of its instance; one that is imported is found there through this.
    private readonly Vector128<byte>[] _cells;
    private readonly object?[] _references;
    private readonly int _index;

    internal Global(Store store, GlobalType type, Vector128<byte>[] cells, object?[] references, int index)
    {
        Store = store;
        Type = type;
        _cells = cells;
        _references = references;
        _index = index;
    }

    /// <summary>Its kind, and whether it can be set.</summary>
    public GlobalType Type { get; }

    /// <summary>The store that it belongs to.</summary>
    public Store Store { get; }

    /// <summary>What it holds.</summary>
    /// <exception cref="InvalidOperationException">It is set, and is constant.</exception>
    public Value Value
    {
        get
        {
            if (Type.Kind == ValueKind.FuncRef)
                return Value.Of((Function?)_references[_index]);
            if (Type.Kind == ValueKind.ExternRef)
                return Value.OfExternal(_references[_index]);
            var bits = _cells[_index].AsUInt64();
            return Value.FromBits(Type.Kind, bits[0], bits[1]);
        }

        set
        {
            if (!Type.Mutable)
                throw new InvalidOperationException("the global is constant");
            Set(value);
        }
    }

    /// <summary>Makes a global that modules can import.</summary>
    public static Global Create(Store store, GlobalType type, Value value)
    {
        ArgumentNullException.ThrowIfNull(store);
        var global = new Global(store, type, new Vector128<byte>[1], new object?[1], 0);
        global.Set(value);
        return global;
    }

    /// <summary>For compiled code: where the number of an imported variable is.</summary>
    internal static ref byte Address(Global global) =>
        ref Unsafe.As<Vector128<byte>, byte>(ref global._cells[global._index]);

    /// <summary>For compiled code: where the reference of an imported variable is.</summary>
    internal static ref object? ReferenceAddress(Global global) => ref global._references[global._index];

    internal void Set(Value value)
    {
        if (value.Kind != Type.Kind)
            throw new ArgumentException($"{value} for a global of {Type.Kind.Text()}", nameof(value));
        if (Type.Kind == ValueKind.FuncRef && value.Reference is Function function && function.Store != Store)
            throw new ArgumentException("the function is of another store", nameof(value));
        if (Type.Kind.IsReference())
            _references[_index] = value.Reference;
        else
            _cells[_index] = value.V128;
    }
}
