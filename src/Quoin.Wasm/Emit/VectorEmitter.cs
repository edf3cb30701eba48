using System.Reflection.Emit;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>Writes the instructions on vectors: each is a method of the runtime that the compiler inlines.</summary>
internal static class VectorEmitter
{
    public static void Emit(CodeWriter writer, in Instruction at)
    {
        var signature = at.Row.Signature!;
        writer.Load(signature.Parameters.Length);
        if (at.Row.Immediate == ImmediateKind.Lane)
            writer.Il.LoadInt(at.Lane);
        writer.Call(VectorOperations.MethodFor(at.Row.Name));
        writer.Push(signature.Results[0]);
    }

    public static void EmitShuffle(CodeWriter writer, in Instruction at)
    {
        writer.Load(2);
        writer.Il.Emit(OpCodes.Ldc_I8, (long)at.Bits);
        writer.Il.Emit(OpCodes.Ldc_I8, (long)at.HighBits);
        writer.Call(VectorOperations.ConstantMethod);
        writer.Call(VectorOperations.MethodFor(at.Row.Name));
        writer.Push(ValueKind.V128);
    }
}
