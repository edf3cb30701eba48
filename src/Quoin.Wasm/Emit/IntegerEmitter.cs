using System.Numerics;
using System.Reflection.Emit;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes divisions and shifts. A division's traps are written out, since machines differ in what they trap on, and a
/// trap has to tell its place. The common language leaves shifts by more than the width undefined: counts are masked.
/// </summary>
internal static class IntegerEmitter
{
    public static bool TryEmit(CodeWriter writer, in Instruction at)
    {
        if (at.Row.Name is not ['i', '3' or '6', '2' or '4', '.', ..])
            return false;
        var isLong = at.Row.Name[1] == '6';
        switch (at.Row.Name[4..])
        {
            case "div_s": EmitSignedDivision(writer, isLong); return true;
            case "div_u": EmitDivision(writer, isLong, OpCodes.Div_Un); return true;
            case "rem_u": EmitDivision(writer, isLong, OpCodes.Rem_Un); return true;
            case "rem_s": EmitSignedRemainder(writer, isLong); return true;
            case "shl": EmitShift(writer, isLong, OpCodes.Shl); return true;
            case "shr_s": EmitShift(writer, isLong, OpCodes.Shr); return true;
            case "shr_u": EmitShift(writer, isLong, OpCodes.Shr_Un); return true;
            case "rotl": EmitRotation(writer, isLong, nameof(BitOperations.RotateLeft)); return true;
            case "rotr": EmitRotation(writer, isLong, nameof(BitOperations.RotateRight)); return true;
            default: return false;
        }
    }

    private static ValueKind Kind(bool isLong) => isLong ? ValueKind.I64 : ValueKind.I32;

    private static void LoadNumber(CodeWriter writer, bool isLong, long value)
    {
        if (isLong)
            writer.Il.LoadLong(value);
        else
            writer.Il.LoadInt((int)value);
    }

    /// <summary>Whether the divisor is a constant; then it is known here whether it is zero or -1.</summary>
    private static bool IsSafeDivisor(in Operand divisor, bool isLong) => divisor.Place == Place.Constant
        && (isLong ? divisor.Bits is not (0 or ulong.MaxValue) : (uint)divisor.Bits is not (0 or uint.MaxValue));

    private static void CheckZero(CodeWriter writer, in Operand divisor, bool isLong)
    {
        if (IsSafeDivisor(in divisor, isLong))
            return;
        writer.SpillAll();
        writer.Load(in divisor);
        LoadNumber(writer, isLong, 0);
        writer.Il.Emit(OpCodes.Beq, writer.Traps.Label(TrapKind.DivisionByZero));
    }

    private static void EmitDivision(CodeWriter writer, bool isLong, OpCode code)
    {
        var right = writer.Pop();
        var left = writer.Pop();
        CheckZero(writer, in right, isLong);
        writer.Load(in left);
        writer.Load(in right);
        writer.Il.Emit(code);
        writer.Push(Kind(isLong));
    }

    private static void EmitSignedDivision(CodeWriter writer, bool isLong)
    {
        var right = writer.Pop();
        var left = writer.Pop();
        CheckZero(writer, in right, isLong);
        if (!IsSafeDivisor(in right, isLong))
        {
            // The least integer by -1 does not fit.
            var fits = writer.Il.DefineLabel();
            writer.Load(in right);
            LoadNumber(writer, isLong, -1);
            writer.Il.Emit(OpCodes.Bne_Un, fits);
            writer.Load(in left);
            LoadNumber(writer, isLong, isLong ? long.MinValue : int.MinValue);
            writer.Il.Emit(OpCodes.Beq, writer.Traps.Label(TrapKind.IntegerOverflow));
            writer.Il.MarkLabel(fits);
        }

        writer.Load(in left);
        writer.Load(in right);
        writer.Il.Emit(OpCodes.Div);
        writer.Push(Kind(isLong));
    }

    private static void EmitSignedRemainder(CodeWriter writer, bool isLong)
    {
        var right = writer.Pop();
        var left = writer.Pop();
        CheckZero(writer, in right, isLong);
        if (IsSafeDivisor(in right, isLong))
        {
            writer.Load(in left);
            writer.Load(in right);
            writer.Il.Emit(OpCodes.Rem);
            writer.Push(Kind(isLong));
            return;
        }

        // By -1 nothing remains; machines trap on the least integer by -1.
        var slot = writer.Slot(writer.Height, Kind(isLong));
        var (minusOne, done) = (writer.Il.DefineLabel(), writer.Il.DefineLabel());
        writer.Load(in right);
        LoadNumber(writer, isLong, -1);
        writer.Il.Emit(OpCodes.Beq, minusOne);
        writer.Load(in left);
        writer.Load(in right);
        writer.Il.Emit(OpCodes.Rem);
        writer.Il.Emit(OpCodes.Stloc, slot);
        writer.Il.Emit(OpCodes.Br, done);
        writer.Il.MarkLabel(minusOne);
        LoadNumber(writer, isLong, 0);
        writer.Il.Emit(OpCodes.Stloc, slot);
        writer.Il.MarkLabel(done);
        writer.PushSlot(Kind(isLong));
    }

    /// <summary>Loads the value and the count, which is an int for the common language.</summary>
    private static int LoadCount(CodeWriter writer, bool isLong, bool mask)
    {
        var bits = isLong ? 63 : 31;
        if (writer.Peek() is { Place: Place.Constant } constant)
        {
            writer.Drop();
            var before = writer.Load(1);
            writer.Il.LoadInt((int)constant.Bits & bits);
            return before;
        }

        var depth = writer.Load(2);
        if (isLong)
            writer.Il.Emit(OpCodes.Conv_I4);
        if (!mask)
            return depth;
        writer.Il.LoadInt(bits);
        writer.Il.Emit(OpCodes.And);
        return depth;
    }

    private static void EmitShift(CodeWriter writer, bool isLong, OpCode code)
    {
        var depth = LoadCount(writer, isLong, mask: true);
        writer.Il.Emit(code);
        writer.Push(Kind(isLong), depth + 1);
    }

    private static void EmitRotation(CodeWriter writer, bool isLong, string method)
    {
        // These take any count.
        var depth = LoadCount(writer, isLong, mask: false);
        writer.Call(RuntimeMembers.Method(
            typeof(BitOperations), method, [isLong ? typeof(ulong) : typeof(uint), typeof(int)]));
        writer.Push(Kind(isLong), depth + 1, isRotation: true);
    }
}
