using System.Reflection;
using System.Reflection.Emit;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes calls. A function takes its parameters and then fuel and its instance, so that operands are in place already.
/// It gives fuel and the first result; the others go through the store. A tail call leaves no frame behind.
/// </summary>
internal sealed class CallEmitter(ModuleContext module, CodeWriter writer)
{
    private readonly ILGenerator _il = writer.Il;
    private readonly Dictionary<ValueKind, LocalBuilder> _outcomes = [];
    private LocalBuilder? _function;
    private LocalBuilder? _entries;
    private LocalBuilder? _entry;

    public static Type ReturnType(FunctionType type) =>
        type.Results.Length == 0 ? typeof(long) : RuntimeMembers.OutcomeOf(type.Results[0]);

    public static Type[] ParameterTypes(FunctionType type, Type context) =>
        [.. type.Parameters.Select(RuntimeMembers.TypeOf), typeof(long), context];

    public void Emit(in Instruction at)
    {
        var isTail = at.Code is Opcode.ReturnCall or Opcode.ReturnCallIndirect;
        if (at.Code is Opcode.CallIndirect or Opcode.ReturnCallIndirect)
        {
            var type = module.Syntax.Types[at.Index];
            FindEntry(in at);
            CheckType(module.Types[at.Index]);
            Begin(type, isTail);
            EmitThrough(_entry!, RuntimeMembers.EntryContext, RuntimeMembers.EntryCode, type, isTail);
            End(type, isTail);
            return;
        }

        var index = (int)at.Index;
        var direct = module.Syntax.TypeOf(index);
        Begin(direct, isTail);
        if (index < module.Syntax.ImportedFunctions)
        {
            FindImport(index);
            EmitThrough(
                _function!, RuntimeMembers.FunctionContextField, RuntimeMembers.FunctionCode, direct, isTail);
        }
        else
        {
            writer.LoadInstance();
            if (isTail)
                _il.Emit(OpCodes.Tailcall);
            _il.Emit(OpCodes.Call, module.Methods[index - module.Syntax.ImportedFunctions]);
        }

        End(direct, isTail);
    }

    /// <summary>Puts a result that is not the first where the caller finds it.</summary>
    public void StoreReturn(int result, in Operand operand)
    {
        LoadReturn(result);
        writer.Load(in operand);
        _il.Emit(OpCodes.Call, RuntimeMembers.MakeValue(operand.Kind));
        _il.Emit(OpCodes.Stobj, typeof(Value));
    }

    private void LoadReturn(int result)
    {
        _il.Emit(OpCodes.Ldloc, writer.Store);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreReturns);
        _il.LoadInt(result - 1);
        _il.Emit(OpCodes.Ldelema, typeof(Value));
    }

    private void Begin(FunctionType type, bool isTail)
    {
        if (isTail)
        {
            // Nothing but the arguments may be on the evaluation stack.
            writer.SpillAll();
        }

        writer.Load(type.Parameters.Length);
        writer.LoadFuelLeft();
    }

    private void End(FunctionType type, bool isTail)
    {
        if (isTail)
        {
            _il.Emit(OpCodes.Ret);
            return;
        }

        TakeOutcome(type);
        writer.Reload();
        if (type.Results.Length < 2)
            return;
        writer.SpillAll();
        for (var i = 1; i < type.Results.Length; i++)
        {
            LoadReturn(i);
            _il.Emit(OpCodes.Call, RuntimeMembers.ReadValue(type.Results[i]));
            writer.Push(type.Results[i]);
            writer.SpillAll();
        }
    }

    private void TakeOutcome(FunctionType type)
    {
        if (type.Results.Length == 0)
        {
            writer.StoreFuel();
            return;
        }

        var kind = type.Results[0];
        if (!_outcomes.TryGetValue(kind, out var outcome))
            _outcomes[kind] = outcome = _il.DeclareLocal(RuntimeMembers.OutcomeOf(kind));
        _il.Emit(OpCodes.Stloc, outcome);
        _il.Emit(OpCodes.Ldloc, outcome);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.OutcomeFuel(kind));
        writer.StoreFuel();
        _il.Emit(OpCodes.Ldloc, outcome);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.OutcomeValue(kind));
        writer.Push(kind);
    }

    private void FindImport(int index)
    {
        _function ??= _il.DeclareLocal(typeof(Function));
        writer.LoadInstance();
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceImportedFunctions);
        _il.LoadInt(index);
        _il.Emit(OpCodes.Ldelem_Ref);
        _il.Emit(OpCodes.Stloc, _function);
    }

    /// <summary>Arguments are loaded; adds the callee's own context and calls.</summary>
    private void EmitThrough(LocalBuilder callee, FieldInfo context, FieldInfo code, FunctionType type, bool isTail)
    {
        _il.Emit(OpCodes.Ldloc, callee);
        _il.Emit(OpCodes.Ldfld, context);
        _il.Emit(OpCodes.Ldloc, callee);
        _il.Emit(OpCodes.Ldfld, code);
        if (isTail)
            _il.Emit(OpCodes.Tailcall);
        _il.EmitCalli(OpCodes.Calli, CallingConventions.Standard, ReturnType(type),
            ParameterTypes(type, typeof(FunctionContext)), null);
    }

    /// <summary>Takes the index off the stack and finds the table's entry.</summary>
    private void FindEntry(in Instruction at)
    {
        _entries ??= _il.DeclareLocal(typeof(TableEntry[]));
        _entry ??= _il.DeclareLocal(typeof(TableEntry).MakeByRefType());
        var index = writer.Pop();
        writer.SpillAll();
        writer.LoadInstance();
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceTables);
        _il.Emit(OpCodes.Call, RuntimeMembers.TableData);
        _il.LoadInt((int)at.Second * nint.Size);
        _il.Emit(OpCodes.Add);
        _il.Emit(OpCodes.Ldind_Ref);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.TableEntries);
        _il.Emit(OpCodes.Stloc, _entries);
        var outside = writer.Traps.Label(TrapKind.UndefinedElement);
        writer.Load(in index);
        _il.Emit(OpCodes.Ldloc, _entries);
        _il.Emit(OpCodes.Ldlen);
        _il.Emit(OpCodes.Conv_I4);
        _il.Emit(OpCodes.Bge_Un, outside);
        _il.Emit(OpCodes.Ldloc, _entries);
        writer.Load(in index);
        _il.Emit(OpCodes.Ldelema, typeof(TableEntry));
        _il.Emit(OpCodes.Stloc, _entry);
    }

    /// <summary>One comparison while all is well; an empty entry has a type of no function.</summary>
    private void CheckType(CanonicalType type)
    {
        var right = _il.DefineLabel();
        _il.Emit(OpCodes.Ldloc, _entry!);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.EntryTypeId);
        _il.LoadLong(type.Id);
        _il.Emit(OpCodes.Beq, right);
        var empty = writer.Traps.Label(TrapKind.UninitializedElement);
        _il.Emit(OpCodes.Ldloc, _entry!);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.EntryTypeId);
        _il.Emit(OpCodes.Brfalse, empty);
        _il.Emit(OpCodes.Br, writer.Traps.Label(TrapKind.IndirectCallTypeMismatch));
        _il.MarkLabel(right);
    }
}
