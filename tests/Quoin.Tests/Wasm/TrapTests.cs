using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

public sealed class TrapTests : IDisposable
{
    private readonly Engine _engine = new();
    private readonly Store _store;

    public TrapTests() => _store = new Store(_engine);

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    [Theory]
    [InlineData("unreachable", TrapKind.Unreachable)]
    [InlineData("i32.const -1; i32.load; drop", TrapKind.MemoryOutOfBounds)]
    [InlineData("i32.const 65533; i32.load; drop", TrapKind.MemoryOutOfBounds)]
    [InlineData("i32.const 0; i32.load 65533; drop", TrapKind.MemoryOutOfBounds)]
    [InlineData("i32.const -4; i32.load 4294967295; drop", TrapKind.MemoryOutOfBounds)]
    [InlineData("i32.const 65535; i32.const 0; i32.store16", TrapKind.MemoryOutOfBounds)]
    [InlineData("local.get 0; i64.load 65529; drop", TrapKind.MemoryOutOfBounds)]
    [InlineData("i32.const 65536; i32.const 0; i32.const 1; memory.fill", TrapKind.MemoryOutOfBounds)]
    [InlineData("i32.const 10; table.get 0; drop", TrapKind.TableOutOfBounds)]
    [InlineData("i32.const 10; call_indirect 0 0", TrapKind.UndefinedElement)]
    [InlineData("i32.const 1; call_indirect 0 0", TrapKind.UninitializedElement)]
    [InlineData("i32.const 0; call_indirect 1 0", TrapKind.IndirectCallTypeMismatch)]
    [InlineData("i32.const 1; local.get 0; i32.div_s; drop", TrapKind.DivisionByZero)]
    [InlineData("i64.const 1; i64.const 0; i64.rem_u; drop", TrapKind.DivisionByZero)]
    [InlineData("i32.const -2147483648; i32.const -1; i32.div_s; drop", TrapKind.IntegerOverflow)]
    [InlineData("f64.const 1e10; i32.trunc_f64_s; drop", TrapKind.IntegerOverflow)]
    [InlineData("f32.const NaN; i64.trunc_f32_u; drop", TrapKind.InvalidConversion)]
    public void A_trap_tells_its_kind_its_function_and_its_instruction(string body, TrapKind kind)
    {
        // Table entry 0 is a function of type 0. The trapping instruction is the last, or before drop.
        if (kind == TrapKind.IndirectCallTypeMismatch)
            body += "; drop";
        var writer = new ModuleWriter().Memory(1).Table(10);
        writer.Type(ModuleWriter.Signature(":"));
        writer.Type(ModuleWriter.Signature(":i"));
        writer.Function("run", ":", "nop;" + body, "i").Function(null, ":", "nop").Elements("i32.const 0", 1);
        var bytes = writer.Build();
        var trap = TrapOf(Instance.Create(_store, _engine.Compile(bytes)));
        Assert.Equal((kind, "run"), (trap.Kind, trap.Function));
        var last = body.Split(';', StringSplitOptions.TrimEntries).Last(line => line != "drop");
        var instruction = BodyText.Assemble(last)[..^1];
        Assert.Equal(instruction, bytes[trap.Offset..(trap.Offset + instruction.Length)]);
    }

    [Fact]
    public void Large_functions_tell_the_instruction_too()
    {
        var filler = string.Concat(Enumerable.Repeat("local.get 0; i32.load; drop;", 1_500));
        var bytes = new ModuleWriter().Memory(1)
            .Function("run", "i:", filler + "local.get 0; i32.load 8; drop;" + filler).Build();
        var instance = Instance.Create(_store, _engine.Compile(bytes));
        var trap = TrapOf(instance, null, Value.Of(65_530));
        Assert.Equal(BodyText.Assemble("i32.load 8")[..^1], bytes[trap.Offset..(trap.Offset + 3)]);
    }

    [Fact]
    public void The_innermost_function_is_named_and_all_above_are_left()
    {
        var writer = new ModuleWriter().Function("inner", ":", "unreachable").Function("run", ":", "call 0; call 0");
        Assert.Equal("inner", TrapOf(Instantiate(_store, writer)).Function);
    }

    [Fact]
    public void A_function_is_named_by_its_export_or_its_index()
    {
        var writer = new ModuleWriter().Function(null, ":", "unreachable").Function("run", ":", "call 0");
        Assert.Equal("func[0]", TrapOf(Instantiate(_store, writer)).Function);
    }

    [Fact]
    public void An_exception_of_the_host_comes_out_as_it_is()
    {
        var writer = new ModuleWriter().ImportFunction("host", "f", ":").Function("run", ":", "call 0");
        var imports = new Imports().Add("host", "f", ModuleWriter.Signature(":"),
            (_, _, _) => throw new InvalidOperationException("of the host"));
        var instance = Instantiate(_store, writer, imports);
        var fault = Assert.Throws<InvalidOperationException>(() => Run(instance));
        Assert.Equal("of the host", fault.Message);
        Assert.Throws<InvalidOperationException>(() => Run(instance));
    }

    [Fact]
    public void The_host_refuses_with_a_trap()
    {
        var writer = new ModuleWriter().ImportFunction("host", "f", ":").Function("run", ":", "call 0");
        var imports = new Imports().Add(
            "host", "f", ModuleWriter.Signature(":"), (_, _, _) => throw Trap.Refuse("not granted"));
        var trap = TrapOf(Instantiate(_store, writer, imports));
        Assert.Equal((TrapKind.HostRefused, "not granted"), (trap.Kind, trap.Message));
    }
}
