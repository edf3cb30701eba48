using System.Reflection;
using System.Reflection.Emit;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>
/// A function whose frame may be larger than what stays free below the stack's limit is entered through another that
/// asks for room first: in the function itself the frame would be there before the check.
/// </summary>
internal static class StackGuard
{
    /// <summary>Writes the outer function; answers the inner, whose code is to be written.</summary>
    public static MethodBuilder Define(
        ModuleContext context, FunctionPlan plan, TypeBuilder type, MethodBuilder outer)
    {
        var facts = plan.Facts;
        var inner = type.DefineMethod(
            "b" + outer.Name[1..], outer.Attributes, CallEmitter.ReturnType(facts.Type),
            CallEmitter.ParameterTypes(facts.Type, typeof(InstanceState)));
        inner.InitLocals = false;
        inner.SetImplementationFlags(MethodImplAttributes.NoInlining);
        var il = outer.GetILGenerator();
        var fuel = facts.Type.Parameters.Length;
        var instance = fuel + 1;
        var here = il.DeclareLocal(typeof(int));
        var full = il.DefineLabel();
        il.Emit(OpCodes.Ldloca, here);
        il.Emit(OpCodes.Conv_U);
        il.LoadInt(plan.FrameBytes);
        il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Sub);
        il.LoadArgument(instance);
        il.Emit(OpCodes.Ldfld, RuntimeMembers.ContextStore);
        il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreStackLimit);
        il.Emit(OpCodes.Blt_Un, full);
        for (var i = 0; i <= instance; i++)
            il.LoadArgument(i);
        il.Emit(OpCodes.Tailcall);
        il.Emit(OpCodes.Call, inner);
        il.Emit(OpCodes.Ret);
        il.MarkLabel(full);
        il.LoadArgument(fuel);
        il.LoadArgument(instance);
        il.LoadInt(context.AddSite(new TrapSite(TrapKind.StackExhausted, false, facts.Index, facts.Body.Offset, 0)));
        il.Emit(OpCodes.Call, RuntimeMembers.MakeTrap);
        il.Emit(OpCodes.Throw);
        return inner;
    }
}
