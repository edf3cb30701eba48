using System.Numerics;
using System.Reflection.Emit;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes <c>select</c>. Between two constant integers it is arithmetic: the compiler of machine code makes no
/// conditional move inside loops, and what a program selects by is often not to be predicted (a search tree took a
/// fifth longer with a branch). Else it is a branch.
/// </summary>
internal static class SelectEmitter
{
    /// <summary>The second value if the condition is zero, else the first.</summary>
    public static void Emit(CodeWriter writer)
    {
        if (writer.Peek(1) is { Place: Place.Constant, Kind: ValueKind.I32 or ValueKind.I64 }
            && writer.Peek(2).Place == Place.Constant)
            EmitConstants(writer);
        else
            EmitBranch(writer);
    }

    private static void EmitConstants(CodeWriter writer)
    {
        var condition = writer.Pop();
        var (second, first) = (writer.Pop(), writer.Pop());
        var isLong = first.Kind == ValueKind.I64;
        var difference = isLong ? (long)(first.Bits - second.Bits) : (int)first.Bits - (int)second.Bits;
        writer.Load(in condition);
        writer.Il.LoadInt(0);

        // One more if not zero, or one more if zero, times a power of two where that is enough.
        var size = difference < 0 ? 0 - (ulong)difference : (ulong)difference;
        var isPower = BitOperations.IsPow2(size);
        var isDown = isPower && difference < 0;
        writer.Il.Emit(isDown ? OpCodes.Ceq : OpCodes.Cgt_Un);
        if (isLong)
            writer.Il.Emit(OpCodes.Conv_I8);
        if (isPower)
        {
            writer.Il.LoadInt(BitOperations.Log2(size));
            writer.Il.Emit(OpCodes.Shl);
        }
        else
        {
            writer.Il.Emit(OpCodes.Neg);
            LoadNumber(writer, isLong, difference);
            writer.Il.Emit(OpCodes.And);
        }

        writer.Load(isDown ? first : second);
        writer.Il.Emit(OpCodes.Add);
        writer.Push(first.Kind, condition.Depth + 1);
    }

    private static void LoadNumber(CodeWriter writer, bool isLong, long number)
    {
        if (isLong)
            writer.Il.LoadLong(number);
        else
            writer.Il.LoadInt((int)number);
    }

    private static void EmitBranch(CodeWriter writer)
    {
        var kind = writer.Peek(1).Kind;
        var slot = writer.Slot(writer.Height - 3, kind);
        var taken = writer.Il.DefineLabel();
        var condition = writer.Pop();
        var second = writer.Pop();
        var first = writer.Pop();
        writer.SpillAll();
        if (first.Slot != slot)
        {
            writer.Load(in first);
            writer.Il.Emit(OpCodes.Stloc, slot);
        }

        writer.Load(in condition);
        writer.Il.Emit(OpCodes.Brtrue, taken);
        writer.Load(in second);
        writer.Il.Emit(OpCodes.Stloc, slot);
        writer.Il.MarkLabel(taken);
        writer.PushSlot(kind);
    }
}
