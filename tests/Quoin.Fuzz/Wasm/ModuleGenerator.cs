using Quoin.Wasm;

namespace Quoin.Fuzz.Wasm;

/// <summary>
/// Makes valid modules of chance: a memory, a table of its functions, variables, and functions of all instructions.
/// They end: every entry of a function and every round of a loop takes one from a variable and traps at zero. They do
/// the same on every machine: a NaN that was computed becomes the canonical one. A function's arguments and results are
/// numbers, so that JavaScript can call it.
/// </summary>
public sealed class ModuleGenerator
{
    public const string Counter = "counter";

    private static readonly ValueKind[] Numbers = [ValueKind.I32, ValueKind.I64, ValueKind.F32, ValueKind.F64];
    private static readonly ValueKind[] Values = [.. Numbers, ValueKind.V128];

    private readonly Choices _choices;
    private readonly ModuleWriter _writer = new();
    private readonly List<FunctionType> _functions = [];

    private ModuleGenerator(byte[] choices) => _choices = new Choices(choices);

    /// <summary>The module, and the types of its functions <c>f0</c>, <c>f1</c>…</summary>
    public static (byte[] Module, IReadOnlyList<FunctionType> Functions) Generate(byte[] choices)
    {
        var generator = new ModuleGenerator(choices);
        return (generator.Build(), generator._functions);
    }

    private byte[] Build()
    {
        var count = 1 + _choices.Below(4);
        for (var i = 0; i < count; i++)
            _functions.Add(new FunctionType(Kinds(Numbers, 3), Kinds(Numbers, 3)));
        _writer.Memory(1, 3).Table(8, 20).PassiveData("some data of a passive segment"u8);
        _writer.Global('i', true, "i32.const 0", Counter).Global('i', true, "i32.const 5")
            .Global('l', true, "i64.const 6").Global('f', true, "f32.const 7").Global('d', true, "f64.const 8")
            .Global('v', true, "v128.const 00000000000000000000000000000000");
        for (var i = 0; i < count; i++)
        {
            var locals = Kinds(Values, 6);
            var body = new BodyGenerator(_choices, _functions, i, locals, _writer).Generate();
            _writer.Function($"f{i}", _functions[i], body, [.. locals.Select(kind => (1u, kind))]);
        }

        _writer.Elements("i32.const 1", [.. Enumerable.Range(0, count).Select(i => (uint)i)]);
        return _writer.Build();
    }

    private ValueKind[] Kinds(ValueKind[] from, int most)
    {
        var kinds = new ValueKind[_choices.Below(most + 1)];
        for (var i = 0; i < kinds.Length; i++)
            kinds[i] = _choices.Of(from);
        return kinds;
    }
}
