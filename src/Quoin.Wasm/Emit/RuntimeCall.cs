using System.Reflection;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes the call of a runtime function for an instruction: its operands, the instance, the immediates, and the site
/// for its trap. The store has the fuel while it runs.
/// </summary>
internal static class RuntimeCall
{
    public static void Emit(
        CodeWriter writer, in Instruction at, MethodInfo method, ReadOnlySpan<int> immediates = default)
    {
        var parameters = method.GetParameters();
        var operands = parameters.Length - 2 - immediates.Length;
        var site = writer.Traps.Site(default);
        writer.LendFuel();
        writer.Load(operands);
        writer.LoadInstance();
        foreach (var immediate in immediates)
            writer.Il.LoadInt(immediate);
        writer.Il.LoadInt(site);
        writer.Call(method);
        if (ResultOf(at, method) is var kind and not ValueKind.Unknown)
            writer.Push(kind);
        writer.TakeFuelBack();
        writer.Reload();
    }

    private static ValueKind ResultOf(in Instruction at, MethodInfo method)
    {
        if (method.ReturnType == typeof(void))
            return ValueKind.Unknown;
        if (method.ReturnType == typeof(int))
            return ValueKind.I32;
        return at.Kind;
    }
}
