using System.Text;
using Quoin.Fuzz.Wasm;
using Quoin.Wasm;
using static Quoin.Tests.Wasm.TestModules;

namespace Quoin.Tests.Wasm;

/// <summary>Modules made to take the host down: each is refused or stopped, and the engine goes on.</summary>
public sealed class HostileProgramTests : IDisposable
{
    private static readonly CallBudget Little = new() { Fuel = 1_000_000, StackBytes = 128 << 10 };

    private readonly Engine _engine = new();
    private readonly Store _store;

    public HostileProgramTests() => _store = new Store(_engine);

    public void Dispose()
    {
        _store.Dispose();
        _engine.Dispose();
    }

    private static string Repeat(string text, int count) =>
        new StringBuilder(text.Length * count).Insert(0, text, count).ToString();

    /// <summary>Programs that never end, or take what they can.</summary>
    [Theory]
    [InlineData("loop; br 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; i32.const 1; br_if 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; i32.const 0; br_table 0 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; block; br 1; end; end", TrapKind.OutOfFuel)]
    [InlineData("loop; i32.const 0; i32.const 0; i32.const 65536; memory.fill; br 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; i32.const 0; i32.const 0; i32.const 65536; memory.copy; br 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; i32.const 1; memory.grow; drop; br 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; ref.null funcref; i32.const 1; table.grow 0; drop; br 0; end", TrapKind.OutOfFuel)]
    [InlineData("loop; i32.const 0; ref.null funcref; i32.const 1; table.fill 0; br 0; end", TrapKind.OutOfFuel)]
    [InlineData("return_call 1", TrapKind.OutOfFuel)]
    [InlineData("i32.const 0; return_call_indirect 0 0", TrapKind.OutOfFuel)]
    [InlineData("call 0", TrapKind.StackExhausted)]
    [InlineData("i32.const 0; call_indirect 0 0", TrapKind.StackExhausted)]
    public void A_program_without_end_is_stopped(string body, TrapKind kind)
    {
        var writer = new ModuleWriter().Memory(1).Table(1)
            .Function("run", ":", body).Function(null, ":", "return_call 0")
            .Elements("i32.const 0", 0);
        Assert.Equal(kind, TrapOf(Instantiate(_store, writer), Little).Kind);
    }

    [Fact]
    public void A_start_function_without_end_is_stopped()
    {
        var module = _engine.Compile(new ModuleWriter().Function(null, ":", Forever).Start(0).Build());
        Assert.Throws<Trap>(() => Instance.Create(_store, module, null, Little));
    }

    public static TheoryData<string, byte[]> Bombs() => new()
    {
        { "50,000 locals", Locals(50_000) },
        { "4 billion locals", Locals(uint.MaxValue) },
        { "60,000 blocks", OneFunction(":", Repeat("block;", 60_000) + Repeat("end;", 60_000)) },
        { "a br_table of 100,000", OneFunction(":", "i32.const 0; br_table " + Repeat("0 ", 100_000)) },
        { "a memory of 4 GiB", new ModuleWriter().Memory(65_536).Build() },
        { "a table of 4 billion", new ModuleWriter().Table(uint.MaxValue).Build() },
        { "30,000 functions", Many(30_000) },
        { "branches that carry 990 values", Carrying(990, 5_000) },
        { "a section of 2^31 entries", [.. "\0asm\u0001\0\0\0"u8, 1, 6, 0xFF, 0xFF, 0xFF, 0xFF, 7, 0x60] },
    };

    [Theory]
    [MemberData(nameof(Bombs), DisableDiscoveryEnumeration = true)]
    public void A_bomb_is_refused(string what, byte[] module)
    {
        var fault = Record.Exception(() => Instance.Create(_store, _engine.Compile(module)));
        Assert.True(fault is ModuleException or LinkException, $"{what}: {fault}");
    }

    private static byte[] Locals(uint count) =>
        new ModuleWriter().Function(null, ModuleWriter.Signature(":"), [0x0B], [(count, ValueKind.V128)]).Build();

    /// <summary>Each branch is four bytes here and moves all the values in the code made.</summary>
    private static byte[] Carrying(int values, int branches)
    {
        var writer = new ModuleWriter();
        var type = writer.Type(ModuleWriter.Signature(":" + new string('i', values)));
        var body = $"block {type}; i32.const 1;" + Repeat("local.get 0;", values)
            + Repeat("local.get 0; br_if 0;", branches) + "br 0; end;" + Repeat("drop;", values);
        return writer.Function(null, "i:", body).Build();
    }

    private static byte[] Many(int functions)
    {
        var writer = new ModuleWriter();
        for (var i = 0; i < functions; i++)
            writer.Function(null, ":", "");
        return writer.Build();
    }

    /// <summary>Bodies within the limits that make compilers slow or recurse.</summary>
    [Theory]
    [InlineData("a sum of 2,000", "local.get 0;", 2_000, "i32.add;", 1_999)]
    [InlineData("a chain of 20,000", "local.get 0;", 1, "i32.const 3; i32.add; i32.const 5; i32.mul;", 10_000)]
    [InlineData("20,000 dependent loads", "local.get 0;", 1, "i32.load;", 20_000)]
    [InlineData("10,000 roots", "local.get 0; f64.convert_i32_s;", 1, "f64.sqrt;", 10_000, "i32.trunc_sat_f64_s")]
    [InlineData("8,000 ifs", "i32.const 0;", 1, "local.get 0; if i32; i32.const 1; else; i32.const 2; end; i32.or;",
        8_000)]
    [InlineData("400 loops", "i32.const 0;", 1, "loop;", 400, "", "end;")]
    [InlineData("10,000 calls", "i32.const 0;", 1, "call 1; i32.add;", 10_000)]
    [InlineData("10,000 divisions", "local.get 0;", 1, "local.get 0; i32.div_s;", 10_000)]
    [InlineData("10,000 selects", "local.get 0;", 1, "local.get 0; local.get 0; select;", 10_000)]
    public void A_body_that_is_hard_to_compile_is_compiled(
        string what, string first, int firsts, string repeated, int count, string last = "", string closing = "")
    {
        var body = Repeat(first, firsts) + Repeat(repeated, count) + Repeat(closing, count) + last;
        var writer = new ModuleWriter().Memory(1).Function("run", "i:i", body).Function(null, ":i", "i32.const 1");
        var module = _engine.Compile(writer.Build());
        var run = Instance.Create(_store, module).Function("run")!;
        var fault = Record.Exception(() => run.Call([Value.Of(1)]));
        Assert.True(fault is null or Trap, $"{what}: {fault}");
    }

    [Fact]
    public async Task Other_work_goes_on_while_programs_spin()
    {
        using var cancel = new CancellationTokenSource();
        var module = _engine.Compile(new ModuleWriter().Function("run", ":", Forever).Build());
        var spinners = Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            using var store = new Store(_engine);
            var run = Instance.Create(store, module).Function("run")!;
            return Assert.Throws<Trap>(() => run.Call([], new CallBudget { Fuel = long.MaxValue }, cancel.Token)).Kind;
        })).ToList();

        // Collections have to stop the spinning threads: loops without calls must be interruptible.
        for (var i = 0; i < 20; i++)
        {
            GC.Collect();
            Assert.Equal(5, Run(Instantiate(_store, new ModuleWriter().Function("run", ":i", "i32.const 5")))[0].I32);
        }

        await cancel.CancelAsync();
        Assert.All(await Task.WhenAll(spinners), kind => Assert.Equal(TrapKind.Cancelled, kind));
    }
}
