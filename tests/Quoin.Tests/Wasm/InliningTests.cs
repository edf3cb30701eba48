using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

/// <summary>Small functions go into their callers; nothing of what can be seen tells.</summary>
public sealed class InliningTests : IDisposable
{
    private readonly Engine _engine = new();
    private readonly Store _store;

    public InliningTests() => _store = new Store(_engine);

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    /// <summary>Bodies of a function of two numbers, called with 7 and 3, and what they give.</summary>
    [Theory]
    [InlineData("local.get 0; local.get 1; i32.sub", "", 4)]
    [InlineData("local.get 0; local.get 1; i32.sub; return", "", 4)]
    [InlineData("local.get 1; if; local.get 0; return; end; i32.const 9", "", 7)]
    [InlineData("i32.const 5; local.get 0; br_if 0; drop; i32.const 6", "", 5)]
    [InlineData("block; block; local.get 1; br_table 0 1 1; end; i32.const 1; return; end; i32.const 2", "", 2)]
    [InlineData("i32.const 8; local.get 1; br_table 0 0", "", 8)]
    [InlineData("local.get 1; local.get 0; local.set 1; local.get 1; i32.add", "", 10)]
    [InlineData("local.get 2; local.get 0; local.set 2; local.get 2; i32.add", "i", 7)]
    [InlineData("loop; local.get 2; local.get 0; i32.add; local.set 2; local.get 1; i32.const 1; i32.sub; local.tee 1; "
        + "br_if 0; end; local.get 2", "i", 21)]
    [InlineData("i32.const 16; local.get 0; i32.store; i32.const 16; i32.load", "", 7)]
    public void A_body_in_place_of_its_call_gives_and_costs_the_same(string body, string locals, int result)
    {
        // Twice, the second time in a loop and with a value below: locals begin at zero each time.
        const string twice = "i32.const 100; i32.const 7; i32.const 3; CALL; i32.add; local.set 0; "
            + "loop i32; local.get 0; i32.const 7; i32.const 3; CALL; i32.add; i32.const 0; br_if 0; end";
        var inlined = Run(body, locals, twice, "call 0", out var cost);
        Assert.Equal(100 + result + result, inlined);
        Assert.Equal(inlined, Run(body, locals, twice, "i32.const 0; call_indirect 0 0", out var costOfCall));
        Assert.Equal(costOfCall - CostOfIndirect, cost);
    }

    /// <summary>Two indirect calls cost so much more than two direct ones, with their indices.</summary>
    private long CostOfIndirect
    {
        get
        {
            const string once = "i32.const 7; i32.const 3; CALL";
            Run("i32.const 0", "", once, "call 0", out var direct);
            Run("i32.const 0", "", once, "i32.const 0; call_indirect 0 0", out var indirect);
            return 2 * (indirect - direct);
        }
    }

    [Fact]
    public void A_trap_tells_the_function_that_stands_in_the_other()
    {
        var writer = new ModuleWriter()
            .Function("inner", "i:i", "i32.const 1; local.get 0; i32.div_s")
            .Function("run", ":i", "nop; i32.const 0; call 0");
        var trap = TrapOf(Instantiate(_store, writer), new CallBudget { Fuel = 100 });
        Assert.Equal((TrapKind.DivisionByZero, "inner"), (trap.Kind, trap.Function));
        var outside = TrapOf(Instantiate(_store, new ModuleWriter()
            .Function("inner", "i:i", "i32.const 1; local.get 0; i32.div_s")
            .Function("run", ":i", "nop; i32.const 0; i32.const 0; call_indirect 0 0")
            .Table(1).Elements("i32.const 0", 0)));
        Assert.Equal("inner", outside.Function);
    }

    [Fact]
    public void A_function_that_never_returns_ends_its_caller_there()
    {
        var writer = new ModuleWriter().Function("inner", ":i", "unreachable")
            .Function("run", ":i", "i32.const 4; call 0; i32.add");
        Assert.Equal(TrapKind.Unreachable, TrapOf(Instantiate(_store, writer)).Kind);
    }

    [Fact]
    public void A_recursion_through_bodies_inside_each_other_is_stopped()
    {
        var writer = new ModuleWriter().Function("run", "i:i", "local.get 0; call 0; local.get 0; call 0; i32.add");
        var instance = Instantiate(_store, writer);
        Assert.Equal(TrapKind.StackExhausted, TrapOf(instance, null, Value.Of(1)).Kind);
        Assert.Equal(TrapKind.OutOfFuel, TrapOf(instance, new CallBudget { Fuel = 1_000 }, Value.Of(1)).Kind);
    }

    private int Run(string body, string locals, string text, string call, out long cost)
    {
        // The body's type is number 0.
        var writer = new ModuleWriter().Memory(1).Table(1)
            .Function("inner", "ii:i", body, locals)
            .Function("run", ":i", text.Replace("CALL", call, StringComparison.Ordinal), "i")
            .Elements("i32.const 0", 0);
        var found = TestModules.Run(Instantiate(_store, writer))[0].I32;
        cost = CallBudget.Default.Fuel - _store.FuelLeft;
        return found;
    }
}
