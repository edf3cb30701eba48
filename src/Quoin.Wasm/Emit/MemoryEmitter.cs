using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.Intrinsics;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes loads and stores. An access of n bytes at offset o is inside if <c>address &lt;= length - (n + o)</c>, signed
/// with 64 bits: address and offset have 32, so nothing wraps. What a local holds is checked once for all accesses that
/// follow, until the local is set or paths join: memories do not shrink.
/// </summary>
internal sealed class MemoryEmitter(ModuleContext module, CodeWriter writer)
{
    private static readonly Dictionary<string, OpCode[]> Loads = new(StringComparer.Ordinal)
    {
        ["i32.load"] = [OpCodes.Ldind_I4],
        ["i64.load"] = [OpCodes.Ldind_I8],
        ["f32.load"] = [OpCodes.Ldind_R4],
        ["f64.load"] = [OpCodes.Ldind_R8],
        ["i32.load8_s"] = [OpCodes.Ldind_I1],
        ["i32.load8_u"] = [OpCodes.Ldind_U1],
        ["i32.load16_s"] = [OpCodes.Ldind_I2],
        ["i32.load16_u"] = [OpCodes.Ldind_U2],
        ["i64.load8_s"] = [OpCodes.Ldind_I1, OpCodes.Conv_I8],
        ["i64.load8_u"] = [OpCodes.Ldind_U1, OpCodes.Conv_U8],
        ["i64.load16_s"] = [OpCodes.Ldind_I2, OpCodes.Conv_I8],
        ["i64.load16_u"] = [OpCodes.Ldind_U2, OpCodes.Conv_U8],
        ["i64.load32_s"] = [OpCodes.Ldind_I4, OpCodes.Conv_I8],
        ["i64.load32_u"] = [OpCodes.Ldind_U4, OpCodes.Conv_U8],
    };

    private static readonly Dictionary<string, OpCode> Stores = new(StringComparer.Ordinal)
    {
        ["i32.store"] = OpCodes.Stind_I4,
        ["i64.store"] = OpCodes.Stind_I8,
        ["f32.store"] = OpCodes.Stind_R4,
        ["f64.store"] = OpCodes.Stind_R8,
        ["i32.store8"] = OpCodes.Stind_I1,
        ["i32.store16"] = OpCodes.Stind_I2,
        ["i64.store8"] = OpCodes.Stind_I1,
        ["i64.store16"] = OpCodes.Stind_I2,
        ["i64.store32"] = OpCodes.Stind_I4,
    };

    private static readonly MethodInfo Grow = Method(nameof(BulkOperations.MemoryGrow));
    private static readonly MethodInfo Copy = Method(nameof(BulkOperations.MemoryCopy));
    private static readonly MethodInfo Fill = Method(nameof(BulkOperations.MemoryFill));
    private static readonly MethodInfo Init = Method(nameof(BulkOperations.MemoryInit));
    private static readonly MethodInfo Drop = Method(nameof(BulkOperations.DataDrop));

    private readonly ILGenerator _il = writer.Il;

    public bool TryEmit(in Instruction at)
    {
        switch (at.Row.Immediate)
        {
            case ImmediateKind.Memory:
                EmitAccess(in at);
                return true;
            case ImmediateKind.MemoryLane:
                EmitLane(in at);
                return true;
        }

        switch (at.Code)
        {
            case Opcode.MemorySize:
                writer.Memory.LoadLength();
                _il.LoadInt(16);
                _il.Emit(OpCodes.Shr_Un);
                _il.Emit(OpCodes.Conv_I4);
                writer.Push(ValueKind.I32);
                return true;
            case Opcode.MemoryGrow: RuntimeCall.Emit(writer, in at, Grow); return true;
            case Opcode.MemoryCopy: RuntimeCall.Emit(writer, in at, Copy); return true;
            case Opcode.MemoryFill: RuntimeCall.Emit(writer, in at, Fill); return true;
            case Opcode.MemoryInit: RuntimeCall.Emit(writer, in at, Init, [(int)at.Index]); return true;
            case Opcode.DataDrop: RuntimeCall.Emit(writer, in at, Drop, [(int)at.Index]); return true;
            default: return false;
        }
    }

    private static MethodInfo Method(string name) => RuntimeMembers.Method(typeof(BulkOperations), name);

    private void EmitAccess(in Instruction at)
    {
        if (Loads.TryGetValue(at.Row.Name, out var load))
        {
            LoadAddress(in at);
            Unaligned();
            foreach (var code in load)
                _il.Emit(code);
            writer.Push(at.Row.Signature!.Results[0]);
        }
        else if (Stores.TryGetValue(at.Row.Name, out var store))
        {
            var value = writer.Pop();
            LoadAddress(in at);
            writer.Load(in value);
            Unaligned();
            _il.Emit(store);
        }
        else
        {
            EmitVectorAccess(in at);
        }
    }

    private void EmitVectorAccess(in Instruction at)
    {
        if (at.Row.Name == "v128.store")
        {
            var value = writer.Pop();
            LoadAddress(in at);
            writer.Load(in value);
            Unaligned();
            _il.Emit(OpCodes.Stobj, typeof(Vector128<byte>));
            return;
        }

        LoadAddress(in at);
        Unaligned();
        if (at.Row.Name == "v128.load")
        {
            _il.Emit(OpCodes.Ldobj, typeof(Vector128<byte>));
        }
        else
        {
            _il.Emit(LoadOf(at.Row.Width));
            _il.Emit(OpCodes.Call, VectorOperations.MethodFor(at.Row.Name));
        }

        writer.Push(ValueKind.V128);
    }

    private void EmitLane(in Instruction at)
    {
        var vector = writer.Pop();
        LoadAddress(in at);
        var isLoad = at.Row.Signature!.Results.Length > 0;
        if (isLoad)
        {
            Unaligned();
            _il.Emit(LoadOf(at.Row.Width));
        }

        writer.Load(in vector);
        _il.LoadInt(at.Lane);
        _il.Emit(OpCodes.Call, VectorOperations.MethodFor(at.Row.Name));
        if (isLoad)
        {
            writer.Push(ValueKind.V128);
            return;
        }

        Unaligned();
        _il.Emit(at.Row.Width switch
        {
            0 => OpCodes.Stind_I1,
            1 => OpCodes.Stind_I2,
            2 => OpCodes.Stind_I4,
            _ => OpCodes.Stind_I8,
        });
    }

    private static OpCode LoadOf(int width) => width switch
    {
        0 => OpCodes.Ldind_U1,
        1 => OpCodes.Ldind_U2,
        2 => OpCodes.Ldind_I4,
        _ => OpCodes.Ldind_I8,
    };

    private void Unaligned() => _il.Emit(OpCodes.Unaligned, (byte)1);

    /// <summary>Takes the address, checks the access and loads its machine address.</summary>
    private void LoadAddress(in Instruction at)
    {
        var bytes = 1L << at.Row.Width;
        if (writer.Peek() is { Place: Place.Constant } constant)
        {
            writer.Drop();
            LoadConstantAddress((uint)constant.Bits + (long)at.Bits, bytes);
            return;
        }

        // The address is extended once, for the comparison and for the access.
        var extended = writer.Memory.TakeAddress((long)at.Bits + bytes, out var isChecked);
        if (!isChecked)
        {
            _il.Emit(OpCodes.Ldloc, extended);
            writer.Memory.LoadLimit((long)at.Bits + bytes);
            _il.Emit(OpCodes.Bgt, writer.Traps.Label(TrapKind.MemoryOutOfBounds));
        }

        writer.Memory.LoadBase();
        _il.Emit(OpCodes.Ldloc, extended);
        _il.Emit(OpCodes.Add);
        if (at.Bits == 0)
            return;
        _il.LoadLong((long)at.Bits);
        _il.Emit(OpCodes.Add);
    }

    private void LoadConstantAddress(long address, long bytes)
    {
        if (address + bytes > module.LeastMemory)
        {
            writer.SpillAll();
            writer.Memory.LoadLength();
            _il.LoadLong(address + bytes);
            _il.Emit(OpCodes.Blt, writer.Traps.Label(TrapKind.MemoryOutOfBounds));
        }

        writer.Memory.LoadBase();
        _il.LoadLong(address);
        _il.Emit(OpCodes.Add);
    }
}
