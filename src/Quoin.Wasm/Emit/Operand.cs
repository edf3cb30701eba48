using System.Reflection.Emit;

namespace Quoin.Wasm.Emit;

/// <summary>Where a value of the operand stack is while code is made.</summary>
internal enum Place : byte
{
    /// <summary>On the evaluation stack of the code made.</summary>
    Evaluation,

    /// <summary>In the slot that belongs to its height and kind.</summary>
    Slot,

    /// <summary>Still in a local of the program, which is not read before the value is needed.</summary>
    Local,

    /// <summary>Nowhere: it is known.</summary>
    Constant,
}

/// <summary>A value of the operand stack while code is made.</summary>
internal readonly record struct Operand(ValueKind Kind, Place Place)
{
    public LocalBuilder? Slot { get; init; }

    public int Local { get; init; }

    public ulong Bits { get; init; }

    public ulong HighBits { get; init; }

    /// <summary>
    /// Whether it is a rotation as it came, which may be combined with others but not compared: see
    /// <see cref="CodeWriter.Settle"/>.
    /// </summary>
    public bool IsRotation { get; init; }

    /// <summary>
    /// How many instructions deep its expression is; kept small, since the compiler recurses into it.
    /// </summary>
    public int Depth { get; init; }
}
