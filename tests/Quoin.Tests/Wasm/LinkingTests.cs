using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

/// <summary>Instances share what they import from each other, and nothing else.</summary>
public sealed class LinkingTests : IDisposable
{
    private readonly Engine _engine = new();
    private readonly Store _store;

    public LinkingTests() => _store = new Store(_engine);

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    private Imports From(ModuleWriter writer) => new Imports().Add("a", Instantiate(_store, writer));

    [Fact]
    public void A_memory_is_one_for_all_that_import_it()
    {
        var imports = From(new ModuleWriter().Memory(1, 3)
            .Function("read", "i:i", "local.get 0; i32.load").Function("size", ":i", "memory.size"));
        var writer = new ModuleWriter().ImportFunction("a", "read", "i:i").ImportFunction("a", "size", ":i")
            .ImportMemory("a", "memory", 1, 3)
            .Function("run", ":i", """
                i32.const 8; i32.const 42; i32.store
                i32.const 1; memory.grow; drop
                i32.const 70000; i32.const 1; i32.store
                i32.const 8; call 0; call 1; i32.add; memory.size; i32.add
                """);
        Assert.Equal(42 + 2 + 2, Run(Instantiate(_store, writer, imports))[0].I32);
    }

    [Fact]
    public void A_memory_that_grew_in_a_callee_has_its_new_size_after_the_call()
    {
        var imports = From(new ModuleWriter().Memory(1).Function("grow", ":", "i32.const 1; memory.grow; drop"));
        var writer = new ModuleWriter().ImportFunction("a", "grow", ":").ImportMemory("a", "memory", 1)
            .Function("run", ":i", "i32.const 0; i32.load; drop; call 0; i32.const 131068; i32.load");
        Assert.Equal(0, Run(Instantiate(_store, writer, imports))[0].I32);
    }

    [Fact]
    public void A_variable_is_one_for_all_that_import_it()
    {
        var imports = From(new ModuleWriter().Global('l', true, "i64.const 5", "g")
            .Function("get", ":l", "global.get 0"));
        var writer = new ModuleWriter().ImportFunction("a", "get", ":l").ImportGlobal("a", "g", 'l', true)
            .Function("run", ":l", "global.get 0; i64.const 2; i64.add; global.set 0; call 0");
        Assert.Equal(7, Run(Instantiate(_store, writer, imports))[0].I64);
    }

    [Theory]
    [InlineData('i', "i32.const 7")]
    [InlineData('d', "f64.const 7.5")]
    [InlineData('v', "v128.const 000102030405060708090a0b0c0d0e0f")]
    [InlineData('x', "ref.null externref")]
    public void A_constant_comes_in_as_it_is(char kind, string value)
    {
        var imports = From(new ModuleWriter().Global(kind, false, value, "g"));
        var writer = new ModuleWriter().ImportGlobal("a", "g", kind).Function("run", ":" + kind, "global.get 0")
            .Function("own", ":" + kind, "global.get 1").Global(kind, true, "global.get 0");
        var instance = Instantiate(_store, writer, imports);
        Assert.Equal(imports.Find("a", "g")!.Target is Global global ? global.Value : default, Run(instance)[0]);
        Assert.Equal(Run(instance)[0], instance.Function("own")!.Call([])[0]);
    }

    [Fact]
    public void Functions_in_a_shared_table_run_in_their_own_instance()
    {
        var imports = From(new ModuleWriter().Table(2, null, 'r', "t").Global('i', true, "i32.const 10", "g")
            .Function(null, ":i", "global.get 0").Elements("i32.const 0", 0));
        var writer = new ModuleWriter().ImportTable("a", "t", 'r', 2).Global('i', true, "i32.const 20")
            .Function(null, ":i", "global.get 0")
            .Function("run", "i:i", "local.get 0; call_indirect 0 0").Elements("i32.const 1", 0);
        var instance = Instantiate(_store, writer, imports);
        Assert.Equal(10, Run(instance, Value.Of(0))[0].I32);
        Assert.Equal(20, Run(instance, Value.Of(1))[0].I32);
    }

    [Fact]
    public void A_function_keeps_its_instance_alive_in_the_table_of_another()
    {
        var table = Table.Create(_store, new TableType(ValueKind.FuncRef, new SizeRange(1, null)));
        Fill(table);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        GC.Collect();
        var writer = new ModuleWriter().ImportTable("h", "t", 'r', 1)
            .Function("run", ":i", "i32.const 0; call_indirect 0 0");
        Assert.Equal(77, Run(Instantiate(_store, writer, new Imports().Add("h", "t", Import.Of(table))))[0].I32);

        [System.Runtime.CompilerServices.MethodImpl(System.Runtime.CompilerServices.MethodImplOptions.NoInlining)]
        void Fill(Table into)
        {
            using var other = new Engine(new EngineOptions { ModuleCacheSize = 0 });
            var module = other.Compile(new ModuleWriter().Memory(1).Data("i32.const 0", [77])
                .Function("f", ":i", "i32.const 0; i32.load").Build());
            into[0] = Instance.Create(_store, module).Function("f");
        }
    }

    [Fact]
    public void Many_results_come_through_calls_of_all_kinds()
    {
        var imports = From(new ModuleWriter()
            .Function("f", ":ildr", "i32.const 1; i64.const 2; f64.const 3; ref.null funcref"));
        imports.Add("h", "f", ModuleWriter.Signature(":ildr"), (_, _, results) =>
        {
            (results[0], results[1], results[2]) = (Value.Of(4), Value.Of(5L), Value.Of(6.0));
        });
        foreach (var module in new[] { "a", "h" })
        {
            var writer = new ModuleWriter().ImportFunction(module, "f", ":ildr").Function("run", ":rdli", """
                call 0; local.set 3; local.set 2; local.set 1; local.set 0
                local.get 3; local.get 2; local.get 1; local.get 0
                """, "ildr");
            var results = Run(Instantiate(_store, writer, imports));
            var first = module == "a" ? 1 : 4;
            var none = Value.Of((Function?)null);
            Assert.Equal([none, Value.Of(first + 2.0), Value.Of(first + 1L), Value.Of(first)], results);
        }
    }

    [Fact]
    public void A_host_function_may_call_back()
    {
        Instance? instance = null;
        var writer = new ModuleWriter().ImportFunction("h", "f", "i:i")
            .Function("run", "i:i", "local.get 0; if i32; local.get 0; call 0; else; i32.const 0; end");
        var imports = new Imports().Add("h", "f", ModuleWriter.Signature("i:i"), (_, arguments, results) =>
        {
            var below = Run(instance!, Value.Of(arguments[0].I32 - 1))[0].I32;
            results[0] = Value.Of(arguments[0].I32 + below);
        });
        instance = Instantiate(_store, writer, imports);
        Assert.Equal(55, Run(instance, Value.Of(10))[0].I32);
    }

    [Fact]
    public void A_host_function_sees_the_memory_of_the_instance_that_imported_it()
    {
        var writer = new ModuleWriter().ImportFunction("h", "f", "ii:").Memory(1).Data("i32.const 5", "hello"u8)
            .Function("run", ":", "i32.const 5; i32.const 5; call 0");
        var text = "";
        var imports = new Imports().Add("h", "f", ModuleWriter.Signature("ii:"), (caller, arguments, _) =>
            text = System.Text.Encoding.UTF8.GetString(caller.Bytes(arguments[0].I32, arguments[1].I32)));
        Run(Instantiate(_store, writer, imports));
        Assert.Equal("hello", text);
    }

    [Theory]
    [InlineData(65_530, 7)]
    [InlineData(-1, 1)]
    [InlineData(0, -1)]
    public void A_host_function_gets_nothing_outside_the_memory(int address, int length)
    {
        var writer = new ModuleWriter().ImportFunction("h", "f", "ii:").Memory(1)
            .Function("run", "ii:", "local.get 0; local.get 1; call 0");
        var imports = new Imports().Add("h", "f", ModuleWriter.Signature("ii:"), (caller, arguments, _) =>
            caller.Bytes(arguments[0].I32, arguments[1].I32));
        var budget = new CallBudget { HostBytes = long.MaxValue };
        var trap = TrapOf(Instantiate(_store, writer, imports), budget, Value.Of(address), Value.Of(length));
        Assert.Equal(TrapKind.MemoryOutOfBounds, trap.Kind);
    }

    public static TheoryData<string, Action<ModuleWriter>> Wrong() => new()
    {
        { "unknown import a.none", writer => writer.ImportFunction("a", "none", ":") },
        { "incompatible import type of a.f", writer => writer.ImportFunction("a", "f", "i:") },
        { "incompatible import type of a.g", writer => writer.ImportFunction("a", "g", ":") },
        { "incompatible import type of a.g", writer => writer.ImportGlobal("a", "g", 'i', true) },
        { "incompatible import type of a.g", writer => writer.ImportGlobal("a", "g", 'l') },
        { "incompatible import type of a.memory", writer => writer.ImportMemory("a", "memory", 2) },
        { "incompatible import type of a.memory", writer => writer.ImportMemory("a", "memory", 1, 1) },
        { "incompatible import type of a.t", writer => writer.ImportTable("a", "t", 'x', 1) },
        { "incompatible import type of a.t", writer => writer.ImportTable("a", "t", 'r', 3) },
    };

    [Theory]
    [MemberData(nameof(Wrong), DisableDiscoveryEnumeration = true)]
    public void What_does_not_fit_is_not_linked(string message, Action<ModuleWriter> import)
    {
        var imports = From(new ModuleWriter().Memory(1, 2).Table(2, null, 'r', "t")
            .Global('i', false, "i32.const 1", "g").Function("f", ":", ""));
        var writer = new ModuleWriter();
        import(writer);
        var fault = Assert.Throws<LinkException>(() => Instantiate(_store, writer, imports));
        Assert.StartsWith(message, fault.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Stores_do_not_mix()
    {
        using var other = new Store(_engine);
        var function = Instantiate(other, new ModuleWriter().Function("f", ":", "")).Function("f")!;
        var writer = new ModuleWriter().ImportFunction("a", "f", ":");
        Assert.Throws<LinkException>(() =>
            Instantiate(_store, writer, new Imports().Add("a", "f", Import.Of(function))));
        var table = Table.Create(_store, new TableType(ValueKind.FuncRef, new SizeRange(1, null)));
        Assert.Throws<ArgumentException>(() => table[0] = function);
        var taker = Instantiate(_store, new ModuleWriter().Function("run", "r:", "")).Function("run")!;
        Assert.Throws<ArgumentException>(() => taker.Call([Value.Of(function)]));
    }
    [Fact]
    public void A_table_of_a_running_program_is_changed_on_its_thread_only()
    {
        var table = Table.Create(_store, new TableType(ValueKind.FuncRef, new SizeRange(1, 1)));
        Exception? elsewhere = null;
        var imports = new Imports().Add("h", "change", ModuleWriter.Signature(":"), (_, _, _) =>
        {
            table[0] = null;
            var other = new Thread(() => elsewhere = Record.Exception(() => table[0] = null));
            other.Start();
            other.Join();
        });
        var writer = new ModuleWriter().ImportFunction("h", "change", ":").Function("run", ":", "call 0");
        TestModules.Run(Instantiate(_store, writer, imports));
        Assert.IsType<InvalidOperationException>(elsewhere);
        table[0] = null;
    }
}
