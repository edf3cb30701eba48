using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

/// <summary>Each limit lets through what is exactly as large as it says, and refuses what is one larger.</summary>
public sealed class WasmLimitsTests
{
    private const int Most = 20;

    public static TheoryData<string> ModuleLimits() => new(Cases.Keys);

    private static readonly Dictionary<string, (WasmLimits Limits, Func<int, byte[]> Module)> Cases = new()
    {
        ["bytes of the module"] = (new WasmLimits { ModuleBytes = Most }, n => Sized(n)),
        ["types"] = (new WasmLimits { SectionEntries = Most }, n => With(n, (writer, i) =>
            writer.Type(ModuleWriter.Signature(new string('i', i) + ":")))),
        ["imports"] = (new WasmLimits { SectionEntries = Most }, n => With(n, (writer, _) =>
            writer.ImportFunction("m", "f", ":"))),
        ["exports"] = (new WasmLimits { SectionEntries = Most }, n => With(n, (writer, i) =>
            writer.Export($"m{i}", 2, 0), new ModuleWriter().Memory(1, null, null))),
        ["globals"] = (new WasmLimits { SectionEntries = Most }, n => With(n, (writer, _) =>
            writer.Global('i', false, "i32.const 0"))),
        ["element segments"] = (new WasmLimits { SectionEntries = Most }, n => With(n, (writer, _) =>
            writer.Elements("i32.const 0"), new ModuleWriter().Table(1))),
        ["data segments"] = (new WasmLimits { SectionEntries = Most }, n => With(n, (writer, _) =>
            writer.Data("i32.const 0", []), new ModuleWriter().Memory(1))),
        ["functions"] = (new WasmLimits { Functions = Most }, n => With(n, (writer, _) =>
            writer.Function(null, ":", ""))),
        ["bytes of a function"] = (new WasmLimits { FunctionBytes = Most }, n =>
            OneFunction(":", string.Concat(Enumerable.Repeat("nop;", n - 2)))),
        ["locals"] = (new WasmLimits { Locals = Most }, n => OneFunction(":", "", new string('l', n))),
        ["locals with parameters"] = (new WasmLimits { Locals = Most }, n =>
            OneFunction("iii:", "", new string('l', n - 3))),
        ["values of a function type"] = (new WasmLimits { Parameters = Most }, n =>
            OneFunction(new string('i', n) + ":", "")),
        ["blocks inside each other"] = (new WasmLimits { Nesting = Most }, n => OneFunction(
            ":", string.Concat(Enumerable.Repeat("block;", n)) + string.Concat(Enumerable.Repeat("end;", n)))),
        ["values on the operand stack"] = (new WasmLimits { OperandStack = Most }, n => OneFunction(
            ":", string.Concat(Enumerable.Repeat("i32.const 1;", n)) + string.Concat(Enumerable.Repeat("drop;", n)))),
        ["targets of br_table"] = (new WasmLimits { BranchTargets = Most }, n => OneFunction(
            "i:", "local.get 0; br_table " + string.Join(' ', Enumerable.Repeat("0", n + 1)))),
        ["entries of an element segment"] = (new WasmLimits { TableEntries = Most }, n =>
            new ModuleWriter().Table(1).Function(null, ":", "").Elements("i32.const 0", new uint[n]).Build()),
        ["instructions of constants"] = (new WasmLimits { ConstantInstructions = Most }, n =>
            new ModuleWriter().Table(1).Function(null, ":", "").Elements("i32.const 0", new uint[n - 1]).Build()),
        ["tables"] = (new WasmLimits { Tables = Most }, n => With(n, (writer, _) => writer.Table(0))),
        ["instructions of a constant"] = (new WasmLimits { OperandStack = Most }, n => new ModuleWriter()
            .Global('i', false, "i32.const 0;" + string.Concat(Enumerable.Repeat("i32.const 1; i32.add;", (n - 1) / 2)))
            .Build()),
    };

    [Theory]
    [MemberData(nameof(ModuleLimits))]
    public void A_module_may_be_as_large_as_the_limit_and_not_larger(string what)
    {
        var (limits, module) = Cases[what];
        var step = what == "instructions of a constant" ? 2 : 1;
        var most = step == 2 ? Most - 1 : Most;
        using var engine = new Engine(new EngineOptions { Limits = limits });
        Assert.Null(engine.Validate(module(most)));
        var fault = Assert.Throws<ModuleException>(() => engine.Compile(module(most + step))).Fault;
        Assert.Equal(ModuleFaultKind.OverLimit, fault.Kind);
        Assert.StartsWith($"{what}: ", fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_memory_begins_and_grows_up_to_the_limit()
    {
        using var engine = new Engine(new EngineOptions { Limits = new WasmLimits { MemoryPages = 3 } });
        using var store = new Store(engine);
        var writer = new ModuleWriter().Memory(1).Function("run", "i:i", "local.get 0; memory.grow");
        var instance = Instantiate(store, writer);
        Assert.Equal(-1, Run(instance, Value.Of(3))[0].I32);
        Assert.Equal(1, Run(instance, Value.Of(2))[0].I32);
        Assert.Equal(-1, Run(instance, Value.Of(1))[0].I32);
        Assert.Equal(-1, Run(instance, Value.Of(-1))[0].I32);
        Assert.Throws<LinkException>(() => Instantiate(store, new ModuleWriter().Memory(4)));
    }

    [Fact]
    public void A_table_begins_and_grows_up_to_the_limit()
    {
        using var engine = new Engine(new EngineOptions { Limits = new WasmLimits { TableEntries = 3 } });
        using var store = new Store(engine);
        var writer = new ModuleWriter().Table(1).Function("run", "i:i", "ref.null funcref; local.get 0; table.grow 0");
        var instance = Instantiate(store, writer);
        Assert.Equal(-1, Run(instance, Value.Of(3))[0].I32);
        Assert.Equal(1, Run(instance, Value.Of(2))[0].I32);
        Assert.Equal(-1, Run(instance, Value.Of(1))[0].I32);
        Assert.Equal(-1, Run(instance, Value.Of(-1))[0].I32);
        Assert.Throws<LinkException>(() => Instantiate(store, new ModuleWriter().Table(4)));
    }

    [Fact]
    public void A_store_holds_instances_up_to_the_limit()
    {
        using var engine = new Engine(new EngineOptions { Limits = new WasmLimits { Instances = 2 } });
        using var store = new Store(engine);
        Instantiate(store, new ModuleWriter());
        Instantiate(store, new ModuleWriter());
        Assert.Throws<LinkException>(() => Instantiate(store, new ModuleWriter()));
    }

    [Fact]
    public void Compiling_ends_when_its_time_is_over()
    {
        using var engine = new Engine(new EngineOptions { Limits = new WasmLimits { CompileTime = TimeSpan.Zero } });
        var fault = Assert.Throws<ModuleException>(() => engine.Compile(OneFunction(":", ""))).Fault;
        Assert.Equal(ModuleFaultKind.CompileTime, fault.Kind);
    }

    [Fact]
    public void Validating_ends_when_its_time_is_over()
    {
        using var engine = new Engine(new EngineOptions { Limits = new WasmLimits { CompileTime = TimeSpan.Zero } });
        Assert.Equal(ModuleFaultKind.CompileTime, engine.Validate(OneFunction(":", ""))?.Kind);
    }

    private static byte[] With(int count, Action<ModuleWriter, int> add, ModuleWriter? writer = null)
    {
        writer ??= new ModuleWriter();
        for (var i = 0; i < count; i++)
            add(writer, i);
        return writer.Build();
    }

    /// <summary>A module of one custom section.</summary>
    private static byte[] Sized(int bytes) =>
        new ByteWriter().Bytes(new ModuleWriter().Build()).Byte(0)
            .Sized(new ByteWriter().Name("").Bytes(new byte[bytes - 11])).ToArray();
}
