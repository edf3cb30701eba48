using System.Reflection;
using System.Runtime.Intrinsics;

namespace Quoin.Wasm.Emit;

/// <summary>The instructions on vectors, a method for each, found by the instruction's name.</summary>
internal static partial class VectorOperations
{
    public static readonly MethodInfo ConstantMethod =
        RuntimeMembers.Method(typeof(VectorOperations), nameof(Constant));

    public static Vector128<byte> Constant(ulong low, ulong high) => Vector128.Create(low, high).AsByte();

    public static MethodInfo MethodFor(string instruction) => throw new NotSupportedException(instruction);
}
