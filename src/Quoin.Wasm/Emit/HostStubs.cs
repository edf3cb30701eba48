using System.Reflection;
using System.Reflection.Emit;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>Writes what stands between values of the host and arguments of compiled code.</summary>
internal static class HostStubs
{
    /// <summary>
    /// <c>void (ref Value slots, nint code, FunctionContext context)</c>: takes the arguments out of the slots, calls,
    /// and puts the results into them.
    /// </summary>
    public static void DefineEntry(TypeBuilder type, string name, FunctionType signature)
    {
        var method = type.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static, typeof(void),
            [typeof(Value).MakeByRefType(), typeof(nint), typeof(FunctionContext)]);
        var il = method.GetILGenerator();
        for (var i = 0; i < signature.Parameters.Length; i++)
            ReadSlot(il, i, signature.Parameters[i]);
        LoadStore(il, 2);
        il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreFuel);
        il.Emit(OpCodes.Ldarg_2);
        il.Emit(OpCodes.Ldarg_1);
        il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, CallEmitter.ReturnType(signature),
            CallEmitter.ParameterTypes(signature, typeof(FunctionContext)), null);
        var outcome = il.DeclareLocal(CallEmitter.ReturnType(signature));
        il.Emit(OpCodes.Stloc, outcome);
        LoadStore(il, 2);
        il.Emit(OpCodes.Ldloc, outcome);
        if (signature.Results.Length > 0)
            il.Emit(OpCodes.Ldfld, RuntimeMembers.OutcomeFuel(signature.Results[0]));
        il.Emit(OpCodes.Stfld, RuntimeMembers.StoreFuel);
        if (signature.Results.Length > 0)
        {
            LoadSlot(il, 0);
            il.Emit(OpCodes.Ldloc, outcome);
            il.Emit(OpCodes.Ldfld, RuntimeMembers.OutcomeValue(signature.Results[0]));
            MakeValue(il, signature.Results[0]);
            il.Emit(OpCodes.Stobj, typeof(Value));
        }

        for (var i = 1; i < signature.Results.Length; i++)
        {
            LoadSlot(il, i);
            LoadReturn(il, i, 2);
            il.Emit(OpCodes.Ldobj, typeof(Value));
            il.Emit(OpCodes.Stobj, typeof(Value));
        }

        il.Emit(OpCodes.Ret);
    }

    /// <summary>
    /// <c>R (p…, long fuel, HostBinding binding)</c>: puts the arguments into slots, runs the host function, and takes
    /// its results out of the slots behind them. The store has the fuel meanwhile.
    /// </summary>
    public static void DefineHostCall(TypeBuilder type, string name, FunctionType signature)
    {
        var method = type.DefineMethod(name, MethodAttributes.Public | MethodAttributes.Static,
            CallEmitter.ReturnType(signature), CallEmitter.ParameterTypes(signature, typeof(HostBinding)));
        var il = method.GetILGenerator();
        var parameters = signature.Parameters.Length;
        var context = parameters + 1;
        var mark = il.DeclareLocal(typeof(HostArgumentStack.Mark));
        var slots = il.DeclareLocal(typeof(Value).MakeByRefType());
        var outcome = il.DeclareLocal(CallEmitter.ReturnType(signature));
        LoadStore(il, context);
        il.LoadArgument(parameters);
        il.Emit(OpCodes.Stfld, RuntimeMembers.StoreFuel);
        il.LoadArgument(context);
        il.Emit(OpCodes.Ldloca, mark);
        il.Emit(OpCodes.Call, RuntimeMembers.HostBegin);
        il.Emit(OpCodes.Stloc, slots);
        for (var i = 0; i < parameters; i++)
        {
            LoadSlot(il, i, slots);
            il.LoadArgument(i);
            MakeValue(il, signature.Parameters[i]);
            il.Emit(OpCodes.Stobj, typeof(Value));
        }

        il.LoadArgument(context);
        il.Emit(OpCodes.Ldloc, slots);
        il.Emit(OpCodes.Call, RuntimeMembers.HostRun);
        for (var i = 1; i < signature.Results.Length; i++)
        {
            LoadReturn(il, i, context);
            LoadSlot(il, parameters + i, slots);
            il.Emit(OpCodes.Ldobj, typeof(Value));
            il.Emit(OpCodes.Stobj, typeof(Value));
        }

        if (signature.Results.Length > 0)
        {
            il.Emit(OpCodes.Ldloca, outcome);
            LoadSlot(il, parameters, slots);
            il.Emit(OpCodes.Call, RuntimeMembers.ReadValue(signature.Results[0]));
            il.Emit(OpCodes.Stfld, RuntimeMembers.OutcomeValue(signature.Results[0]));
        }

        il.LoadArgument(context);
        il.Emit(OpCodes.Ldloca, mark);
        il.Emit(OpCodes.Call, RuntimeMembers.HostEnd);
        if (signature.Results.Length > 0)
        {
            il.Emit(OpCodes.Ldloca, outcome);
            LoadStore(il, context);
            il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreFuel);
            il.Emit(OpCodes.Stfld, RuntimeMembers.OutcomeFuel(signature.Results[0]));
            il.Emit(OpCodes.Ldloc, outcome);
        }
        else
        {
            LoadStore(il, context);
            il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreFuel);
        }

        il.Emit(OpCodes.Ret);
    }

    private static void LoadSlot(ILGenerator il, int index, LocalBuilder? slots = null)
    {
        if (slots is null)
            il.Emit(OpCodes.Ldarg_0);
        else
            il.Emit(OpCodes.Ldloc, slots);
        if (index == 0)
            return;
        il.LoadInt(index * RuntimeMembers.ValueBytes);
        il.Emit(OpCodes.Add);
    }

    private static void ReadSlot(ILGenerator il, int index, ValueKind kind)
    {
        LoadSlot(il, index);
        il.Emit(OpCodes.Call, RuntimeMembers.ReadValue(kind));
    }

    /// <summary>The validator knows which references are functions, so they are not asked.</summary>
    private static void MakeValue(ILGenerator il, ValueKind kind) =>
        il.Emit(OpCodes.Call, RuntimeMembers.MakeValue(kind));

    private static void LoadStore(ILGenerator il, int context)
    {
        il.LoadArgument(context);
        il.Emit(OpCodes.Ldfld, RuntimeMembers.ContextStore);
    }

    private static void LoadReturn(ILGenerator il, int result, int context)
    {
        LoadStore(il, context);
        il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreReturns);
        il.LoadInt(result - 1);
        il.Emit(OpCodes.Ldelema, typeof(Value));
    }
}
