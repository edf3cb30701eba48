using System.Reflection.Emit;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes conversions of floats to integers that trap. All are done in f64, which holds every f32: the bounds are
/// exact there.
/// </summary>
internal static class TruncationEmitter
{
    /// <summary>
    /// The largest number that is too small, and whether it is itself; the smallest that is too large.
    /// </summary>
    private static readonly Dictionary<string, (double Below, bool Inclusive, double Above, OpCode Convert)> Ranges =
        new(StringComparer.Ordinal)
        {
            ["i32_s"] = (-2147483649d, true, 2147483648d, OpCodes.Conv_I4),
            ["i32_u"] = (-1d, true, 4294967296d, OpCodes.Conv_U4),

            // -2^63 - 1 is not a float; the next one below -2^63 is.
            ["i64_s"] = (-9223372036854775808d, false, 9223372036854775808d, OpCodes.Conv_I8),
            ["i64_u"] = (-1d, true, 18446744073709551616d, OpCodes.Conv_U8),
        };

    public static bool TryEmit(CodeWriter writer, in Instruction at)
    {
        var name = at.Row.Name;
        if (name.Length != 15 || name[3..10] != ".trunc_" || name[0] != 'i')
            return false;
        var range = Ranges[name[..3] + name[13..]];
        var operand = writer.Pop();
        writer.SpillAll();
        var il = writer.Il;
        var value = writer.Slot(writer.Height, ValueKind.F64);
        writer.Load(in operand);
        il.Emit(OpCodes.Conv_R8);
        il.Emit(OpCodes.Stloc, value);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Bne_Un, writer.Traps.Label(TrapKind.InvalidConversion));
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldc_R8, range.Below);
        il.Emit(range.Inclusive ? OpCodes.Ble : OpCodes.Blt, writer.Traps.Label(TrapKind.IntegerOverflow));
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(OpCodes.Ldc_R8, range.Above);
        il.Emit(OpCodes.Bge, writer.Traps.Label(TrapKind.IntegerOverflow));
        il.Emit(OpCodes.Ldloc, value);
        il.Emit(range.Convert);
        writer.Push(at.Row.Signature!.Results[0]);
        return true;
    }
}
