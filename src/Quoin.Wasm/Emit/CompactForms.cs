using System.Reflection.Emit;

namespace Quoin.Wasm.Emit;

/// <summary>
/// The short forms of instructions, where the generator would write the long ones: the compiler of machine code stops
/// to optimise functions of more than 60,000 bytes.
/// </summary>
internal static class CompactForms
{
    public static void LoadInt(this ILGenerator il, int value)
    {
        switch (value)
        {
            case -1: il.Emit(OpCodes.Ldc_I4_M1); break;
            case 0: il.Emit(OpCodes.Ldc_I4_0); break;
            case 1: il.Emit(OpCodes.Ldc_I4_1); break;
            case 2: il.Emit(OpCodes.Ldc_I4_2); break;
            case 8: il.Emit(OpCodes.Ldc_I4_8); break;
            case >= sbyte.MinValue and <= sbyte.MaxValue: il.Emit(OpCodes.Ldc_I4_S, (sbyte)value); break;
            default: il.Emit(OpCodes.Ldc_I4, value); break;
        }
    }

    public static void LoadLong(this ILGenerator il, long value)
    {
        if (value is < int.MinValue or > int.MaxValue)
        {
            il.Emit(OpCodes.Ldc_I8, value);
            return;
        }

        il.LoadInt((int)value);
        il.Emit(OpCodes.Conv_I8);
    }

    public static void LoadArgument(this ILGenerator il, int index)
    {
        switch (index)
        {
            case 0: il.Emit(OpCodes.Ldarg_0); break;
            case 1: il.Emit(OpCodes.Ldarg_1); break;
            case 2: il.Emit(OpCodes.Ldarg_2); break;
            case 3: il.Emit(OpCodes.Ldarg_3); break;
            case <= byte.MaxValue: il.Emit(OpCodes.Ldarg_S, (byte)index); break;
            default: il.Emit(OpCodes.Ldarg, (short)index); break;
        }
    }

    public static void StoreArgument(this ILGenerator il, int index)
    {
        if (index <= byte.MaxValue)
            il.Emit(OpCodes.Starg_S, (byte)index);
        else
            il.Emit(OpCodes.Starg, (short)index);
    }
}
