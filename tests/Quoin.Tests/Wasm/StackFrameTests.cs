using System.Globalization;
using System.Text;
using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Emit;
using Quoin.Wasm.Running;
using Quoin.Wasm.Validation;

namespace Quoin.Tests.Wasm;

/// <summary>
/// A function's frame is there before its own check of the stack, so large ones are estimated and asked for first. Here
/// frames are measured: a host function notes its own place in each round of a recursion.
/// </summary>
public sealed class StackFrameTests : IDisposable
{
    private const int Rounds = 3;

    /// <summary>Up to this no estimate is needed: so much always stays free.</summary>
    private const int UsualFrame = 64 << 10;

    private static readonly WasmLimits Limits = new() { Locals = 50_000, FunctionBytes = 1 << 20 };

    private readonly Engine _engine = new(new EngineOptions { Limits = Limits });
    private readonly Store _store;

    public StackFrameTests() => _store = new Store(_engine);

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    /// <summary>Results, locals and body of <c>run</c>; it goes on with the next round at the @.</summary>
    public static TheoryData<string, string, string, string> Shapes() => new()
    {
        { "nothing", "", "", "@" },
        { "50,000 numbers that live on", "", new string('l', 49_999), LivingOn(49_999, "i64.extend_i32_u", "i64.add") },
        { "2,000 vectors that live on", "", new string('v', 1_999), LivingOn(1_999, "i32x4.splat", "i32x4.add") },
        { "operands below the call", "", "", Repeat("local.get 0; i32.load;", 1_500) + "@" + Repeat("drop;", 1_500) },
        { "returns", "v", "v", "@" + Repeat("local.get 1; local.get 0; br_if 0; drop;", 12_000) + "local.get 1" },
        { "expressions of vectors", "", "v", "@" + Repeat("local.get 1; i32x4.abs; i32x4.neg; local.set 1;", 8_000) },
        { "addresses", "", new string('i', 1_999), Addresses(1_999) },
        { "calls with 20 arguments", "", "", "@" + Repeat(Repeat("local.get 0;", 20) + "call 2; drop;", 1_000) },
        { "small functions inside", "", "", "@" + Repeat("local.get 0; call 3; drop;", 1_000) },
    };

    [Theory]
    [MemberData(nameof(Shapes), DisableDiscoveryEnumeration = true)]
    public void A_frame_is_not_larger_than_was_asked_for(string what, string results, string locals, string body)
    {
        var places = new List<nint>();
        var module = Module(results, locals, body);
        var imports = new Imports().Add("h", "mark", new FunctionType([], []),
            (_, _, _) => places.Add((nint)ThreadStack.LimitFor(0)));
        var instance = Instance.Create(_store, _engine.Compile(module), imports);
        var fault = OnLargeStack(instance, Rounds);
        Assert.True(fault is null, $"{what}: {fault}");
        Assert.Equal(Rounds + 1, places.Count);
        var asked = Math.Max(UsualFrame, Plan(module).FrameBytes);
        for (var i = 1; i < places.Count; i++)
            Assert.True(places[i - 1] - places[i] <= asked, $"{what}: {places[i - 1] - places[i]} of {asked}");
    }

    [Fact]
    public void A_recursion_with_50_000_locals_is_stopped_before_the_stack_is_full()
    {
        var count = new FunctionType([], []);
        var calls = 0;
        var body = LivingOn(49_999, "i64.extend_i32_u", "i64.add");
        var module = _engine.Compile(Module("", new string('l', 49_999), body));
        var instance = Instance.Create(_store, module, new Imports().Add("h", "mark", count, (_, _, _) => calls++));
        Assert.Equal(TrapKind.StackExhausted, Assert.IsType<Trap>(OnLargeStack(instance, 1_000_000)).Kind);
        Assert.True(calls > 0);
    }

    /// <summary>All of a large stack may be used, but for what stays free.</summary>
    private static Exception? OnLargeStack(Instance instance, int rounds)
    {
        Exception? fault = null;
        var budget = new CallBudget { StackBytes = int.MaxValue };
        var thread = new Thread(
            () => fault = Record.Exception(() => instance.Function("run")!.Call([Value.Of(rounds)], budget)), 16 << 20);
        thread.Start();
        thread.Join();
        return fault;
    }

    private static byte[] Module(string results, string locals, string body)
    {
        var step = "call 0; local.get 0; if; local.get 0; i32.const 1; i32.sub; call 1; "
            + (results.Length > 0 ? "drop; end;" : "end;");
        return new ModuleWriter().ImportFunction("h", "mark", ":").Memory(1)
            .Function("run", "i:" + results, body.Replace("@", step, StringComparison.Ordinal), locals)
            .Function(null, new string('i', 20) + ":i", "local.get 19; return_call 3", "")
            .Function(null, "i:i", "local.get 0; i32.const 3; i32.mul", "ll")
            .Build();
    }

    private static FunctionPlan Plan(byte[] module)
    {
        var syntax = ModuleDecoder.Decode(module, Limits);
        ModuleValidator.Validate(syntax, Limits, () => { });
        return new FunctionPlan(FactsOf(1), FactsOf);

        FunctionFacts FactsOf(int index) => new(syntax, Limits, index);
    }

    private static string Repeat(string text, int count) =>
        new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    /// <summary>Sets every local, goes on with the next round, and then needs them all.</summary>
    private static string LivingOn(int count, string convert, string add)
    {
        var body = new StringBuilder();
        for (var i = 1; i <= count; i++)
            body.Append(CultureInfo.InvariantCulture, $"local.get 0; {convert}; local.set {i};");
        body.Append("@local.get 1;");
        for (var i = 2; i <= count; i++)
            body.Append(CultureInfo.InvariantCulture, $"local.get {i}; {add};");
        return body.Append("drop").ToString();
    }

    /// <summary>Uses every local as an address.</summary>
    private static string Addresses(int count)
    {
        var body = new StringBuilder("@");
        for (var i = 1; i <= count; i++)
        {
            body.Append(
                CultureInfo.InvariantCulture, $"local.get {i}; i32.load; local.get {i}; i32.load 4; drop; drop;");
        }

        return body.ToString();
    }
}
