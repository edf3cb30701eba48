using System.Runtime.CompilerServices;
using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

public sealed class EngineTests
{
    [Fact]
    public void A_module_that_was_compiled_is_found_again_by_its_bytes()
    {
        using var engine = new Engine(new EngineOptions { ModuleCacheSize = 2 });
        byte[] Numbered(int number) => OneFunction(":i", $"i32.const {number}");
        var first = engine.Compile(Numbered(1));
        Assert.Same(first, engine.Compile(Numbered(1)));
        var second = engine.Compile(Numbered(2));
        Assert.Same(first, engine.Compile(Numbered(1)));

        // The one that was not asked for longest makes room.
        engine.Compile(Numbered(3));
        Assert.Same(first, engine.Compile(Numbered(1)));
        Assert.NotSame(second, engine.Compile(Numbered(2)));
    }

    [Fact]
    public void Without_a_cache_every_compile_is_new()
    {
        using var engine = new Engine(new EngineOptions { ModuleCacheSize = 0 });
        var bytes = OneFunction(":", "");
        Assert.NotSame(engine.Compile(bytes), engine.Compile(bytes));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Eager_and_lazy_modules_do_the_same(bool lazy)
    {
        using var engine = new Engine(new EngineOptions { Lazy = lazy });
        using var store = new Store(engine);
        var writer = new ModuleWriter().Function(null, "i:i", "local.get 0; i32.const 2; i32.mul")
            .Function("run", "i:i", "local.get 0; call 0; call 0");
        Assert.Equal(20, Run(Instantiate(store, writer), Value.Of(5))[0].I32);
    }

    [Fact]
    public async Task Modules_are_shared_by_threads()
    {
        using var engine = new Engine();
        var writer = new ModuleWriter().Memory(1)
            .Function("run", "i:i", "i32.const 0; local.get 0; i32.store; i32.const 0; i32.load");
        var module = engine.Compile(writer.Build());
        await Task.WhenAll(Enumerable.Range(0, 8).Select(worker => Task.Run(() =>
        {
            for (var i = 0; i < 200; i++)
            {
                using var store = new Store(engine);
                Assert.Equal(worker * i, Run(Instance.Create(store, module), Value.Of(worker * i))[0].I32);
            }
        })));
    }

    [Fact]
    public void Two_thousand_modules_come_and_go()
    {
        using var engine = new Engine(new EngineOptions { ModuleCacheSize = 0, Lazy = true });
        var modules = new List<WeakReference>();
        for (var i = 0; i < 2_000; i++)
            modules.Add(CompileAndRun(engine, i));
        for (var i = 0; i < 20 && modules.Exists(module => module.IsAlive); i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }

        Assert.DoesNotContain(modules, module => module.IsAlive);
    }

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference CompileAndRun(Engine engine, int number)
    {
        using var store = new Store(engine);
        var writer = new ModuleWriter().Memory(1).Table(1).Elements("i32.const 0", 0)
            .Function("run", ":i", $"i32.const {number}");
        var instance = Instantiate(store, writer);
        Assert.Equal(number, Run(instance)[0].I32);

        // The module's own assembly is what must go, not only the object that stands for it.
        return new WeakReference(instance.Module.Code.Assembly);
    }

    [Fact]
    public void A_store_runs_one_call_at_a_time()
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        Instance? instance = null;
        Exception? found = null;
        var imports = new Imports().Add("h", "f", ModuleWriter.Signature(":"), (_, _, _) =>
        {
            var thread = new Thread(() => found = Record.Exception(() => Run(instance!)));
            thread.Start();
            thread.Join();
        });
        instance = Instantiate(
            store, new ModuleWriter().ImportFunction("h", "f", ":").Function("run", ":", "call 0"), imports);
        Run(instance);
        Assert.IsType<InvalidOperationException>(found);
    }

    [Fact]
    public void A_store_that_is_gone_answers_no_calls()
    {
        using var engine = new Engine();
        var store = new Store(engine);
        var instance = Instantiate(store, new ModuleWriter().Memory(1).Function("run", ":", ""));
        var memory = instance.Memory()!;
        store.Dispose();
        Assert.Throws<ObjectDisposedException>(() => Run(instance));
        Assert.Throws<ObjectDisposedException>(() => memory.Span.Length);
        Assert.Throws<ObjectDisposedException>(() => Instantiate(store, new ModuleWriter()));
        store.Dispose();
    }

    [Fact]
    public void A_store_is_not_disposed_of_while_a_call_runs()
    {
        using var engine = new Engine();
        using var store = new Store(engine);
        var imports = new Imports()
            .Add("h", "f", ModuleWriter.Signature(":"), (caller, _, _) => caller.Store.Dispose());
        var writer = new ModuleWriter().ImportFunction("h", "f", ":").Function("run", ":", "call 0");
        var instance = Instantiate(store, writer, imports);
        Assert.Throws<InvalidOperationException>(() => Run(instance));
    }
}
