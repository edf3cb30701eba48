using System.Reflection;
using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using Quoin.Wasm.Binary;

namespace Quoin.Tests.Wasm;

public sealed class OpcodeTableTests
{
    [Fact]
    public void The_names_that_the_code_uses_are_of_the_instructions_meant()
    {
        var named = typeof(Opcode).GetFields(BindingFlags.Public | BindingFlags.Static)
            .Select(field => $"{field.Name} {OpcodeTable.Find((ushort)field.GetRawConstantValue()!)?.Name}");
        Assert.Equal(
            [
                "Unreachable unreachable", "Nop nop", "Block block", "Loop loop", "If if", "Else else", "End end",
                "Branch br", "BranchIf br_if", "BranchTable br_table", "Return return", "Call call",
                "CallIndirect call_indirect", "ReturnCall return_call", "ReturnCallIndirect return_call_indirect",
                "Drop drop", "Select select", "SelectTyped select_t", "LocalGet local.get", "LocalSet local.set",
                "LocalTee local.tee", "GlobalGet global.get", "GlobalSet global.set", "TableGet table.get",
                "TableSet table.set", "MemorySize memory.size", "MemoryGrow memory.grow", "I32Const i32.const",
                "I64Const i64.const", "F32Const f32.const", "F64Const f64.const", "I32Add i32.add",
                "I32Sub i32.sub", "I32Mul i32.mul", "I64Add i64.add", "I64Sub i64.sub", "I64Mul i64.mul",
                "RefNull ref.null", "RefIsNull ref.is_null", "RefFunc ref.func", "MemoryInit memory.init",
                "DataDrop data.drop", "MemoryCopy memory.copy", "MemoryFill memory.fill", "TableInit table.init",
                "ElementDrop elem.drop", "TableCopy table.copy", "TableGrow table.grow", "TableSize table.size",
                "TableFill table.fill", "V128Const v128.const", "Shuffle i8x16.shuffle",
            ],
            named);
    }

    [Fact]
    public void There_are_all_instructions_of_the_specification()
    {
        Assert.Equal(201, OpcodeTable.All.Count(row => row.Code < OpcodeTable.VectorBase) - 2);
        Assert.Equal(236, OpcodeTable.All.Count(row => row.Code >= OpcodeTable.VectorBase));
    }

    /// <summary>Loops and calls must cost something, or a program could run on for nothing.</summary>
    [Fact]
    public void Only_what_does_nothing_is_free() => Assert.Equal(
        ["nop", "block", "loop", "else", "end", "drop"],
        OpcodeTable.All.Where(row => row.Fuel == 0).Select(row => row.Name));

    /// <summary>Every instruction with a fixed signature compiles and runs on zeros, or traps.</summary>
    [Fact]
    public void Every_instruction_has_code()
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var writer = new ModuleWriter().Memory(1).PassiveData([1]).Table(1).Elements("i32.const 0");
        var rows = OpcodeTable.All.Where(row => row.Signature is not null).ToList();
        foreach (var row in rows)
        {
            var locals = row.Signature!.Parameters;
            var body = new ByteWriter();
            for (var i = 0; i < locals.Length; i++)
                body.Byte(Opcode.LocalGet).U32((uint)i);
            body.Bytes(BodyText.Assemble(row.Name + Immediates(row.Immediate)));
            writer.Function(row.Name, new FunctionType(locals, row.Signature.Results), body.ToArray(), []);
        }

        var instance = TestModules.Instantiate(store, writer);
        foreach (var row in rows)
        {
            var arguments = row.Signature!.Parameters.Select(Value.Zero).ToArray();
            var fault = Record.Exception(() => instance.Function(row.Name)!.Call(arguments));
            var divides = row.Name.Contains(".div_", StringComparison.Ordinal)
                || row.Name.Contains(".rem_", StringComparison.Ordinal);
            Assert.True(divides ? fault is Trap : fault is null, $"{row.Name}: {fault}");
        }
    }

    private static string Immediates(ImmediateKind kind) => kind switch
    {
        ImmediateKind.I32 or ImmediateKind.I64 or ImmediateKind.F32 or ImmediateKind.F64 => " 0",
        ImmediateKind.V128 or ImmediateKind.Lanes => " 00000000000000000000000000000000",
        ImmediateKind.ElementTable or ImmediateKind.TableTable => " 0 0",
        _ => "",
    };
}
