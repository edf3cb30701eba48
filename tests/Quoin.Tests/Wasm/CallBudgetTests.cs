using Quoin.Fuzz.Wasm;
using Quoin.Tests.Fakes;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

public sealed class CallBudgetTests : IDisposable
{
    private readonly Engine _engine = new();
    private readonly Store _store;

    public CallBudgetTests() => _store = new Store(_engine);

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    /// <summary>Each round costs get 1, const 1, sub 1, tee 1, br_if 1; before and after nothing.</summary>
    private const string CountDown = "loop; local.get 0; i32.const 1; i32.sub; local.tee 0; br_if 0; end";

    [Theory]
    [InlineData("i32.const 5; drop", 1)]
    [InlineData("nop; i32.const 5; i32.const 6; i32.add; drop", 3)]
    [InlineData("i32.const 100; i32.const 7; i32.div_s; drop", 6)]
    [InlineData("i32.const 1; if; i32.const 5; drop; else; i32.const 5; drop; i32.const 5; drop; end", 3)]
    [InlineData("i32.const 0; if; i32.const 5; drop; else; i32.const 5; drop; i32.const 5; drop; end", 4)]
    [InlineData("i32.const 100; local.set 0;" + CountDown, 502)]
    [InlineData("block; block; i32.const 1; br_table 0 1; end; i32.const 5; drop; end", 3)]
    public void Fuel_is_the_sum_of_what_the_instructions_cost(string body, long cost)
    {
        var instance = Instantiate(_store, new ModuleWriter().Function("run", ":", body, "i"));
        instance.Function("run")!.Call([], new CallBudget { Fuel = cost });
        Assert.Equal(0, _store.FuelLeft);
        Assert.Equal(TrapKind.OutOfFuel, TrapOf(instance, new CallBudget { Fuel = cost - 1 }).Kind);
    }

    [Fact]
    public void Calls_spend_from_one_account()
    {
        // call 4, get 1 and, inside, const 1.
        var writer = new ModuleWriter()
            .Function(null, ":i", "i32.const 5").Function("run", ":i", "call 0; call 0; i32.add");
        var instance = Instantiate(_store, writer);
        instance.Function("run")!.Call([], new CallBudget { Fuel = 100 });
        Assert.Equal(100 - 4 - 1 - 4 - 1 - 1, _store.FuelLeft);
    }

    [Fact]
    public void A_trap_has_spent_what_came_before_it()
    {
        var writer = new ModuleWriter().Memory(1)
            .Function("run", ":i", "i32.const 1; i32.const 2; i32.add; drop; i32.const -8; i32.load");
        var instance = Instantiate(_store, writer);
        Assert.Equal(TrapKind.MemoryOutOfBounds, TrapOf(instance, new CallBudget { Fuel = 100 }).Kind);
        Assert.Equal(100 - 3 - 2, _store.FuelLeft);
    }

    [Theory]
    [InlineData("i32.const 0; i32.const 1; i32.const 65536; memory.fill", 65536 / 8)]
    [InlineData("i32.const 0; i32.const 8; i32.const 1024; memory.copy", 1024 / 8)]
    [InlineData("i32.const 0; i32.const 0; i32.const 16; memory.init 0", 16 / 8)]
    public void Instructions_on_many_bytes_cost_by_the_byte(string body, long bytes)
    {
        var writer = new ModuleWriter().Memory(1).PassiveData(new byte[16]).Function("run", ":", body);
        var instance = Instantiate(_store, writer);
        instance.Function("run")!.Call([], new CallBudget { Fuel = 7 + bytes });
        Assert.Equal(0, _store.FuelLeft);
        Assert.Equal(TrapKind.OutOfFuel, TrapOf(instance, new CallBudget { Fuel = 6 + bytes }).Kind);
    }

    [Theory]
    [InlineData(Forever)]
    [InlineData("loop; call 1; br 0; end")]
    [InlineData("call 0")]
    [InlineData("return_call 0")]
    [InlineData("loop; i32.const 0; i32.const 1; i32.const 65536; memory.fill; br 0; end")]
    public void Nothing_runs_on_without_fuel(string body)
    {
        var writer = new ModuleWriter().Memory(1).Function("run", ":", body).Function(null, ":", "nop");
        var trap = TrapOf(Instantiate(_store, writer), new CallBudget { Fuel = 20_000 });
        Assert.Equal(TrapKind.OutOfFuel, trap.Kind);
        Assert.Equal("run", trap.Function);
    }

    [Fact]
    public async Task A_deadline_stops_a_program_that_runs()
    {
        var clock = new ManualClock();
        using var engine = new Engine(new EngineOptions { Time = clock });
        using var store = new Store(engine);
        var began = new TaskCompletionSource();
        var writer = new ModuleWriter().ImportFunction("host", "began", ":").Function("run", ":", "call 0;" + Forever);
        var imports = new Imports()
            .Add("host", "began", ModuleWriter.Signature(":"), (_, _, _) => began.TrySetResult());
        var instance = Instantiate(store, writer, imports);
        var budget = new CallBudget { Fuel = long.MaxValue, Deadline = TimeSpan.FromSeconds(5) };
        var running = Task.Run(() => TrapOf(instance, budget));
        await began.Task;
        clock.Advance(TimeSpan.FromSeconds(5));
        Assert.Equal(TrapKind.DeadlineExceeded, (await running).Kind);

        // The next call has its own time.
        Assert.Equal(TrapKind.OutOfFuel, TrapOf(instance, new CallBudget { Fuel = 0 }).Kind);
    }

    [Fact]
    public void A_deadline_that_fires_late_does_not_stop_the_next_call()
    {
        var time = new LateTime();
        using var engine = new Engine(new EngineOptions { Time = time });
        using var store = new Store(engine);
        var writer = new ModuleWriter().ImportFunction("host", "f", ":").Function("run", ":i", "call 0; i32.const 5");
        Action during = () => { };
        var imports = new Imports().Add("host", "f", ModuleWriter.Signature(":"), (_, _, _) => during());
        var instance = Instantiate(store, writer, imports);
        var budget = new CallBudget { Deadline = TimeSpan.FromSeconds(5) };
        Assert.Equal(5, instance.Function("run")!.Call([], budget)[0].I32);
        var late = time.Fire!;
        during = () => late();
        Assert.Equal(5, instance.Function("run")!.Call([], budget)[0].I32);
        during = () => time.Fire!();
        Assert.Equal(TrapKind.DeadlineExceeded, TrapOf(instance, budget).Kind);
    }

    /// <summary>Timers that fire when a test says so, even those that were disposed of.</summary>
    private sealed class LateTime : TimeProvider
    {
        public Action? Fire { get; private set; }

        public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
        {
            Fire = () => callback(state);
            return System.CreateTimer(_ => { }, null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        }
    }

    [Fact]
    public async Task Cancelling_stops_a_program_that_runs()
    {
        using var cancel = new CancellationTokenSource();
        var began = new TaskCompletionSource();
        var writer = new ModuleWriter().ImportFunction("host", "began", ":").Function("run", ":", "call 0;" + Forever);
        var imports = new Imports()
            .Add("host", "began", ModuleWriter.Signature(":"), (_, _, _) => began.TrySetResult());
        var instance = Instantiate(_store, writer, imports);
        var running = Task.Run(() => Assert.Throws<Trap>(() =>
            instance.Function("run")!.Call([], new CallBudget { Fuel = long.MaxValue }, cancel.Token)));
        await began.Task;
        await cancel.CancelAsync();
        Assert.Equal(TrapKind.Cancelled, (await running).Kind);
    }

    [Fact]
    public void Deep_recursion_is_stopped_and_the_instance_goes_on()
    {
        const string body = "local.get 0; if i32; local.get 0; i32.const 1; i32.sub; call 0; else; i32.const 7; end";
        var writer = new ModuleWriter().Function("run", "i:i", body);
        var instance = Instantiate(_store, writer);
        var trap = TrapOf(instance, new CallBudget { StackBytes = 128 << 10 }, Value.Of(-1));
        Assert.Equal((TrapKind.StackExhausted, "run"), (trap.Kind, trap.Function));
        Assert.Equal(7, Run(instance, Value.Of(500))[0].I32);
    }

    [Fact]
    public void The_stack_a_call_may_use_bounds_its_depth()
    {
        const string body = "global.get 0; i32.const 1; i32.add; global.set 0; call 0";
        var writer = new ModuleWriter().Global('i', true, "i32.const 0", "depth").Function("run", ":", body);
        var instance = Instantiate(_store, writer);
        var depths = new List<int>();
        foreach (var bytes in new[] { 64 << 10, 128 << 10 })
        {
            instance.Global("depth")!.Value = Value.Of(0);
            TrapOf(instance, new CallBudget { StackBytes = bytes });
            depths.Add(instance.Global("depth")!.Value.I32);
        }

        Assert.InRange(depths[1], depths[0] * 1.8, depths[0] * 2.2);
    }

    [Fact]
    public void A_large_frame_is_refused_before_it_is_there()
    {
        // Thousands of vectors live at once take a frame of some 200 KB; a few calls of it would be the end of a
        // thread.
        const int values = 2_500;
        var vectors = string.Concat(Enumerable.Repeat("local.get 0; i32x4.splat; i8x16.popcnt;", values));
        var sum = string.Concat(Enumerable.Repeat("v128.xor;", values - 1));
        var writer = new ModuleWriter().Function("run", "i:v", $"{vectors}{sum} local.get 0; call 0; v128.xor");
        var instance = Instantiate(_store, writer);
        Assert.Equal(TrapKind.StackExhausted, TrapOf(instance, null, Value.Of(1)).Kind);
    }

    [Fact]
    public void Host_calls_are_counted()
    {
        var calls = 0;
        var writer = new ModuleWriter().ImportFunction("host", "f", ":")
            .Function("run", ":", "loop; call 0; br 0; end");
        var instance = Instantiate(
            _store, writer, new Imports().Add("host", "f", ModuleWriter.Signature(":"), (_, _, _) => calls++));
        var trap = TrapOf(instance, new CallBudget { HostCalls = 10 });
        Assert.Equal((TrapKind.HostCallLimit, 10), (trap.Kind, calls));
    }

    [Fact]
    public void Bytes_that_the_host_copies_are_counted()
    {
        var writer = new ModuleWriter().ImportFunction("host", "f", "ii:").Memory(1)
            .Function("run", ":", "loop; i32.const 0; i32.const 100; call 0; br 0; end");
        var copied = 0;
        var imports = new Imports().Add("host", "f", ModuleWriter.Signature("ii:"),
            (caller, arguments, _) => copied += caller.Bytes(arguments[0].I32, arguments[1].I32).Length);
        var trap = TrapOf(Instantiate(_store, writer, imports), new CallBudget { HostBytes = 1_000 });
        Assert.Equal((TrapKind.HostByteLimit, 1_000), (trap.Kind, copied));
    }

    [Fact]
    public void The_start_function_has_a_budget_too()
    {
        var module = _engine.Compile(new ModuleWriter().Function(null, ":", Forever).Start(0).Build());
        var trap = Assert.Throws<Trap>(() => Instance.Create(_store, module, null, new CallBudget { Fuel = 1_000 }));
        Assert.Equal((TrapKind.OutOfFuel, "func[0]"), (trap.Kind, trap.Function));
    }
}
