using System.Globalization;
using System.Runtime.InteropServices;
using Quoin.Fuzz.Wasm;
using Quoin.Wasm;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// A generated program is valid, compiles, and gives the same results, traps and memory here and, where there is one,
/// in Node; and here the same with the same fuel every time.
/// </summary>
internal sealed class WasmProgramTarget() : FuzzTarget("wasm-program", InputFormat.Text)
{
    private const int CounterStart = 200;

    private static readonly Lazy<NodePeer?> Node = new(NodePeer.TryStart);
    private static readonly Lazy<Engine> Lazy = new(() =>
        new Engine(new EngineOptions { Lazy = true, ModuleCacheSize = 0 }));

    /// <summary>Whether programs are compared with Node's.</summary>
    public static bool Compares => Node.Value is not null;

    public override IEnumerable<byte[]> Corpus()
    {
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var choices = new byte[50 + (i * 5)];
            random.NextBytes(choices);
            yield return choices;
        }
    }

    public override void Run(byte[] input)
    {
        var (bytes, functions) = ModuleGenerator.Generate(input);
        Module module;
        try
        {
            module = Lazy.Value.Compile(bytes);
        }
        catch (ModuleException fault)
        {
            throw new FuzzFailure("a valid module is refused: " + fault.Message);
        }

        var calls = Enumerable.Range(0, functions.Count).SelectMany(i => Calls(i, functions[i])).ToList();
        var here = RunHere(module, calls, out var fuel);
        FuzzFailure.Unless(here.SequenceEqual(RunHere(module, calls, out var fuelAgain)), "not the same every time");
        FuzzFailure.Unless(fuel == fuelAgain, "not the same fuel every time");
        if (Node.Value is not { } node)
            return;
        var there = node.Run(bytes, calls.Select(call => (object)new
        {
            name = call.Name,
            arguments = call.Arguments.Select(value => new[] { value.Kind.ToString(), Decimal(value) }),
            results = call.Type.Results.Select(kind => kind.ToString()),
        }));
        FuzzFailure.Unless(
            here.SequenceEqual(there),
            $"differs from Node: {string.Join(" | ", here)} and {string.Join(" | ", there)}");
    }

    private static IEnumerable<(string Name, FunctionType Type, Value[] Arguments)> Calls(int index, FunctionType type)
    {
        foreach (var number in new[] { 0, 1, -7, 70_000 })
        {
            yield return ($"f{index}", type, [.. type.Parameters.Select(kind => kind switch
            {
                ValueKind.I32 => Value.Of(number),
                ValueKind.I64 => Value.Of((long)number << 20),
                ValueKind.F32 => Value.Of(number + 0.5f),
                _ => Value.Of(number + 0.25),
            })]);
        }
    }

    private static List<string> RunHere(
        Module module, List<(string Name, FunctionType Type, Value[] Arguments)> calls, out long fuel)
    {
        using var store = new Store(Lazy.Value);
        var instance = Instance.Create(store, module);
        var found = new List<string>();
        fuel = 0;
        foreach (var call in calls)
        {
            instance.Global(ModuleGenerator.Counter)!.Value = Value.Of(CounterStart);
            try
            {
                found.Add(string.Join(',', instance.Function(call.Name)!.Call(call.Arguments).Select(Text)));
            }
            catch (Trap trap)
            {
                found.Add("trap " + Kind(trap.Kind));
            }

            fuel += CallBudget.Default.Fuel - store.FuelLeft;
        }

        var hash = 0x811C9DC5;
        foreach (var word in MemoryMarshal.Cast<byte, uint>(instance.Memory()!.Span))
            hash = unchecked((hash ^ word) * 0x01000193);
        found.Add(hash.ToString("x", CultureInfo.InvariantCulture));
        return found;
    }

    /// <summary>Some of these Node does not tell apart.</summary>
    private static string Kind(TrapKind kind) => kind switch
    {
        TrapKind.UndefinedElement or TrapKind.UninitializedElement or TrapKind.IndirectCallTypeMismatch => "Indirect",
        TrapKind.InvalidConversion or TrapKind.IntegerOverflow => "Unrepresentable",
        _ => kind.ToString(),
    };

    private static string Decimal(Value value) => FormattableString.Invariant(value.Kind switch
    {
        ValueKind.I32 => $"{value.I32}",
        ValueKind.I64 => $"{value.I64}",
        ValueKind.F32 => $"{value.F32:R}",
        _ => $"{value.F64:R}",
    });

    /// <summary>Floats as their bits, but for NaN, which JavaScript has but one of.</summary>
    private static string Text(Value value) => value.Kind switch
    {
        ValueKind.F32 when float.IsNaN(value.F32) => "nan",
        ValueKind.F64 when double.IsNaN(value.F64) => "nan",
        ValueKind.F32 => Hexadecimal(BitConverter.SingleToUInt32Bits(value.F32)),
        ValueKind.F64 => Hexadecimal(BitConverter.DoubleToUInt64Bits(value.F64)),
        _ => Decimal(value),
    };

    private static string Hexadecimal(ulong bits) => bits.ToString("x", CultureInfo.InvariantCulture);
}
