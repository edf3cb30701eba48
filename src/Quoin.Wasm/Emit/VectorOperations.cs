using System.Reflection;
using System.Runtime.Intrinsics;

namespace Quoin.Wasm.Emit;

/// <summary>The methods that instructions on vectors are, found by the instruction's name.</summary>
internal static class VectorOperations
{
    public static readonly MethodInfo ConstantMethod =
        RuntimeMembers.Method(typeof(VectorOperations), nameof(Constant));

    private static readonly Dictionary<string, MethodInfo> Methods = new[]
    {
        typeof(VectorComparisons), typeof(VectorConversions), typeof(VectorFloats), typeof(VectorIntegers),
        typeof(VectorLanes),
    }.SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public))
        .ToDictionary(method => method.Name, StringComparer.Ordinal);

    public static Vector128<byte> Constant(ulong low, ulong high) => Vector128.Create(low, high).AsByte();

    /// <summary><c>i8x16.add_sat_s</c> is <c>I8x16AddSatS</c>.</summary>
    public static MethodInfo MethodFor(string instruction) =>
        Methods[string.Concat(instruction.Split('.', '_').Select(part => char.ToUpperInvariant(part[0]) + part[1..]))];
}
