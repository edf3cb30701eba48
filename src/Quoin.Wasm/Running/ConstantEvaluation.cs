using System.Diagnostics;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Running;

/// <summary>Evaluates validated constant expressions for an instance.</summary>
internal static class ConstantEvaluation
{
    public static Value Evaluate(ConstantExpression expression, InstanceState instance)
    {
        // Most are one instruction.
        if (expression.Instructions is [var only])
            return Leaf(in only, instance);
        var stack = new Stack<Value>();
        foreach (var instruction in expression.Instructions)
        {
            if (instruction.Row.Signature is not { Parameters.Length: 2 })
            {
                stack.Push(Leaf(in instruction, instance));
                continue;
            }

            var right = stack.Pop();
            stack.Push(Combine(instruction.Code, stack.Pop(), right));
        }

        return stack.Pop();
    }

    private static Value Combine(ushort code, Value left, Value right) => code switch
    {
        Opcode.I32Add => Value.Of(unchecked(left.I32 + right.I32)),
        Opcode.I32Sub => Value.Of(unchecked(left.I32 - right.I32)),
        Opcode.I32Mul => Value.Of(unchecked(left.I32 * right.I32)),
        Opcode.I64Add => Value.Of(unchecked(left.I64 + right.I64)),
        Opcode.I64Sub => Value.Of(unchecked(left.I64 - right.I64)),
        Opcode.I64Mul => Value.Of(unchecked(left.I64 * right.I64)),
        _ => throw new UnreachableException(),
    };

    private static Value Leaf(in Instruction at, InstanceState instance) => at.Code switch
    {
        Opcode.RefNull => Value.Zero(at.Kind),
        Opcode.RefFunc => Value.Of(instance.FunctionAt((int)at.Index)),
        Opcode.GlobalGet => instance.Globals[at.Index].Value,
        _ => Value.FromBits(at.Row.Signature!.Results[0], at.Bits, at.HighBits),
    };
}
