using System.Reflection;
using System.Reflection.Emit;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>Writes the instructions on globals, tables and references.</summary>
internal sealed class TableEmitter(ModuleContext module, CodeWriter writer)
{
    private static readonly Dictionary<ushort, MethodInfo> Methods = new()
    {
        [Opcode.TableGet] = Method(nameof(BulkOperations.TableGet)),
        [Opcode.TableSet] = Method(nameof(BulkOperations.TableSet)),
        [Opcode.TableSize] = Method(nameof(BulkOperations.TableSize)),
        [Opcode.TableGrow] = Method(nameof(BulkOperations.TableGrow)),
        [Opcode.TableFill] = Method(nameof(BulkOperations.TableFill)),
        [Opcode.TableCopy] = Method(nameof(BulkOperations.TableCopy)),
        [Opcode.TableInit] = Method(nameof(BulkOperations.TableInit)),
        [Opcode.ElementDrop] = Method(nameof(BulkOperations.ElementDrop)),
    };

    private readonly ILGenerator _il = writer.Il;

    public bool TryEmit(in Instruction at)
    {
        switch (at.Code)
        {
            case Opcode.GlobalGet: EmitGlobalGet(in at); return true;
            case Opcode.GlobalSet: EmitGlobalSet(in at); return true;
            case Opcode.RefIsNull:
                writer.Load(1);
                _il.Emit(OpCodes.Ldnull);
                _il.Emit(OpCodes.Ceq);
                writer.Push(ValueKind.I32);
                return true;
            case Opcode.RefFunc:
                writer.LoadInstance();
                _il.LoadInt((int)at.Index);
                writer.Call(RuntimeMembers.FunctionAt);
                writer.Push(ValueKind.FuncRef);
                return true;
        }

        if (!Methods.TryGetValue(at.Code, out var method))
            return false;
        var call = at;
        if (at.Code == Opcode.TableGet)
            call.Kind = module.Syntax.Tables[at.Index].Element;
        if (at.Row.Immediate is ImmediateKind.ElementTable or ImmediateKind.TableTable)
            RuntimeCall.Emit(writer, in call, method, [(int)at.Index, (int)at.Second]);
        else
            RuntimeCall.Emit(writer, in call, method, [(int)at.Index]);
        return true;
    }

    private static MethodInfo Method(string name) => RuntimeMembers.Method(typeof(BulkOperations), name);

    private void EmitGlobalGet(in Instruction at)
    {
        var type = module.Syntax.Globals[at.Index];
        LoadGlobalAddress((int)at.Index, type);
        switch (type.Kind)
        {
            case ValueKind.I32: _il.Emit(OpCodes.Ldind_I4); break;
            case ValueKind.I64: _il.Emit(OpCodes.Ldind_I8); break;
            case ValueKind.F32: _il.Emit(OpCodes.Ldind_R4); break;
            case ValueKind.F64: _il.Emit(OpCodes.Ldind_R8); break;
            case ValueKind.V128: _il.Emit(OpCodes.Ldobj, RuntimeMembers.TypeOf(type.Kind)); break;
            default: _il.Emit(OpCodes.Ldind_Ref); break;
        }

        writer.Push(type.Kind);
    }

    private void EmitGlobalSet(in Instruction at)
    {
        var type = module.Syntax.Globals[at.Index];
        var value = writer.Pop();
        LoadGlobalAddress((int)at.Index, type);
        writer.Load(in value);
        switch (type.Kind)
        {
            case ValueKind.I32: _il.Emit(OpCodes.Stind_I4); break;
            case ValueKind.I64: _il.Emit(OpCodes.Stind_I8); break;
            case ValueKind.F32: _il.Emit(OpCodes.Stind_R4); break;
            case ValueKind.F64: _il.Emit(OpCodes.Stind_R8); break;
            case ValueKind.V128: _il.Emit(OpCodes.Stobj, RuntimeMembers.TypeOf(type.Kind)); break;
            default: _il.Emit(OpCodes.Stind_Ref); break;
        }
    }

    /// <summary>An imported variable is where its owner has it, everything else is the instance's.</summary>
    private void LoadGlobalAddress(int index, GlobalType type)
    {
        writer.LoadInstance();
        if (type.Mutable && index < module.Syntax.ImportedGlobals)
        {
            _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceImportedVariables);
            _il.LoadInt(index);
            _il.Emit(OpCodes.Ldelem_Ref);
            writer.Call(type.Kind.IsReference() ? RuntimeMembers.GlobalReferenceAddress : RuntimeMembers.GlobalAddress);
        }
        else if (type.Kind.IsReference())
        {
            _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceReferences);
            _il.LoadInt(index);
            _il.Emit(OpCodes.Ldelema, typeof(object));
        }
        else
        {
            _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceCells);
            writer.Call(RuntimeMembers.CellData);
            _il.LoadInt(index * 16);
            _il.Emit(OpCodes.Add);
        }
    }
}
