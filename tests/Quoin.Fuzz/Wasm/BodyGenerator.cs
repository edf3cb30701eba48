using Quoin.Wasm;
using Quoin.Wasm.Binary;

namespace Quoin.Fuzz.Wasm;

/// <summary>Makes a valid body of chance: see <see cref="ModuleGenerator"/>.</summary>
internal sealed class BodyGenerator
{
    private const int Depth = 5;
    private const int MostInstructions = 400;

    /// <summary>Rows by what they give; the list for Unknown: those that give nothing.</summary>
    private static readonly Dictionary<ValueKind, OpcodeRow[]> Rows = OpcodeTable.All
        .Where(row => row.Signature is not null && row.Name != "table.size" && row.Immediate
            is not (ImmediateKind.Element or ImmediateKind.ElementTable or ImmediateKind.TableTable))
        .GroupBy(row => row.Signature!.Results is [var result] ? result : ValueKind.Unknown)
        .ToDictionary(group => group.Key, group => group.ToArray());

    private readonly Choices _choices;
    private readonly IReadOnlyList<FunctionType> _functions;
    private readonly FunctionType _type;
    private readonly List<ValueKind> _locals;
    private readonly ModuleWriter _module;
    private readonly ByteWriter _body = new();

    /// <summary>What each open label takes, the innermost last; null: a loop's, which jumps are not made to.</summary>
    private readonly List<ValueKind[]?> _labels = [];
    private int _instructions;

    public BodyGenerator(
        Choices choices, IReadOnlyList<FunctionType> functions, int index, ValueKind[] locals, ModuleWriter module)
    {
        _choices = choices;
        _functions = functions;
        _type = functions[index];
        _locals = [.. _type.Parameters, .. locals];
        _module = module;
    }

    public byte[] Generate()
    {
        TakeOne();
        _labels.Add([.. _type.Results]);
        // Small ones go into their callers.
        var statements = _choices.Below(7);
        for (var i = 0; i < statements; i++)
            Statement(Depth);
        foreach (var kind in _type.Results)
            Expression(kind, Depth);
        return _body.Byte(Opcode.End).ToArray();
    }

    private void Code(ushort code)
    {
        _instructions++;
        BodyText.WriteCode(_body, code);
    }

    private void Text(string instructions)
    {
        _instructions++;
        _body.Bytes(BodyText.Assemble(instructions).AsSpan()[..^1]);
    }

    /// <summary>Ends the program when it has run long enough.</summary>
    private void TakeOne() => Text(
        "global.get 0; i32.eqz; if; unreachable; end; global.get 0; i32.const 1; i32.sub; global.set 0");

    private bool Flat(int depth) => depth <= 0 || _choices.UsedUp || _instructions > MostInstructions;

    private void Statement(int depth)
    {
        if (Flat(depth))
            return;
        switch (_choices.Below(10))
        {
            case 0 when _locals.Count > 0:
                var local = _choices.Below(_locals.Count);
                Expression(_locals[local], depth - 1);
                Code(Opcode.LocalSet);
                _body.U32((uint)local);
                break;
            case 1:
                SetGlobal(depth);
                break;
            case 2:
                Expression(ValueKind.I32, depth - 1);
                Text("if");
                Within([], () => Statement(depth - 1));
                if (_choices.Below(2) == 0)
                {
                    Text("else");
                    Within([], () => Statement(depth - 1));
                }

                Text("end");
                break;
            case 3: Loop(depth); break;
            case 4:
                Text("block");
                Within([], () =>
                {
                    Statement(depth - 1);
                    Jump(depth);
                    Statement(depth - 1);
                });
                Text("end");
                break;
            case 5: Call(depth, ValueKind.Unknown); break;
            case 6:
                Expression(GlobalKind(1 + _choices.Below(5)), depth - 1);
                Text("drop");
                break;
            default:
                Operation(_choices.Of(Rows[ValueKind.Unknown]), depth);
                break;
        }
    }

    private void SetGlobal(int depth)
    {
        var global = 1 + _choices.Below(5);
        Expression(GlobalKind(global), depth - 1);
        Code(Opcode.GlobalSet);
        _body.U32((uint)global);
    }

    /// <summary>Variable 0 counts; then there is one of each kind.</summary>
    private static ValueKind GlobalKind(int global) => global switch
    {
        0 or 1 => ValueKind.I32,
        2 => ValueKind.I64,
        3 => ValueKind.F32,
        4 => ValueKind.F64,
        _ => ValueKind.V128,
    };

    private void Loop(int depth)
    {
        Text("loop");
        TakeOne();
        Within(null, () =>
        {
            Statement(depth - 1);
            Expression(ValueKind.I32, depth - 1);
            Text("br_if 0");
        });
        Text("end");
    }

    private void Within(ValueKind[]? carried, Action inside)
    {
        _labels.Add(carried);
        inside();
        _labels.RemoveAt(_labels.Count - 1);
    }

    /// <summary>Leaves blocks on a condition, by one label or a table of those that take the same.</summary>
    private void Jump(int depth)
    {
        var label = _choices.Below(_labels.Count);
        if (_labels[^(label + 1)] is not { } carried)
            return;
        foreach (var kind in carried)
            Expression(kind, depth - 1);
        Expression(ValueKind.I32, depth - 1);
        if (_choices.Below(4) == 0)
        {
            Code(Opcode.BranchTable);
            _body.U32(2).U32((uint)label).U32((uint)label).U32((uint)label);
            return;
        }

        Code(Opcode.BranchIf);
        _body.U32((uint)label);
        foreach (var _ in carried)
            Text("drop");
    }

    private void Expression(ValueKind kind, int depth)
    {
        if (Flat(depth))
        {
            Leaf(kind);
            return;
        }

        switch (_choices.Below(12))
        {
            case 0 or 1: Leaf(kind); break;
            case 2 when _locals.Contains(kind):
                Expression(kind, depth - 1);
                Code(Opcode.LocalTee);
                _body.U32((uint)_locals.IndexOf(kind));
                break;
            case 3:
                Expression(kind, depth - 1);
                Expression(kind, depth - 1);
                Expression(ValueKind.I32, depth - 1);
                Text("select");
                break;
            case 4:
                Expression(ValueKind.I32, depth - 1);
                Text("if " + kind);
                Within([kind], () => Expression(kind, depth - 1));
                Text("else");
                Within([kind], () => Expression(kind, depth - 1));
                Text("end");
                break;
            case 5:
                Text("block " + kind);
                Within([kind], () =>
                {
                    Statement(depth - 1);
                    Jump(depth);
                    Expression(kind, depth - 1);
                });
                Text("end");
                break;
            case 6: Call(depth, kind); break;
            default: Operation(_choices.Of(Rows[kind]), depth); break;
        }
    }

    private void Leaf(ValueKind kind)
    {
        var local = _locals.IndexOf(kind);
        switch (_choices.Below(3))
        {
            case 0 when local >= 0:
                Code(Opcode.LocalGet);
                _body.U32((uint)local);
                return;
            case 1:
                Code(Opcode.GlobalGet);
                _body.U32((uint)Enumerable.Range(1, 5).First(global => GlobalKind(global) == kind));
                return;
        }

        var bits = _choices.Bits();
        switch (kind)
        {
            case ValueKind.I32: Code(Opcode.I32Const); _body.Signed((int)bits); break;
            case ValueKind.I64: Code(Opcode.I64Const); _body.Signed((long)bits); break;
            case ValueKind.F32: Code(Opcode.F32Const); _body.Fixed(bits, 4); break;
            case ValueKind.F64: Code(Opcode.F64Const); _body.Fixed(bits, 8); break;
            default: Code(Opcode.V128Const); _body.Fixed(bits, 8).Fixed(_choices.Bits(), 8); break;
        }
    }

    /// <summary>Calls a function, directly or through the table; gives its result, or a leaf instead.</summary>
    private void Call(int depth, ValueKind kept)
    {
        var index = _choices.Below(_functions.Count);
        var type = _functions[index];
        foreach (var parameter in type.Parameters)
            Expression(parameter, depth - 1);
        if (_choices.Below(2) == 0)
        {
            Code(Opcode.Call);
            _body.U32((uint)index);
        }
        else
        {
            // Entry 0 and those after the last are empty, and entries of other types trap.
            Text($"i32.const {_choices.Below(8) switch { 0 => _choices.Below(12), _ => index + 1 }}");
            Code(Opcode.CallIndirect);
            _body.U32((uint)_module.Type(type)).U32(0);
        }

        // The first result is used where its kind fits.
        var keeps = type.Results is [var first, ..] && first == kept;
        for (var i = type.Results.Length - 1; i >= (keeps ? 1 : 0); i--)
            Text("drop");
        if (kept != ValueKind.Unknown && !keeps)
            Leaf(kept);
    }

    private void Operation(OpcodeRow row, int depth)
    {
        var parameters = row.Signature!.Parameters;
        for (var i = 0; i < parameters.Length; i++)
        {
            Expression(parameters[i], depth - 1);

            // Addresses are mostly inside of the memory, and counts small.
            if (parameters[i] == ValueKind.I32 && row.Immediate is ImmediateKind.Memory or ImmediateKind.MemoryLane
                or ImmediateKind.ZeroZero or ImmediateKind.Zero or ImmediateKind.DataZero && _choices.Below(16) != 0)
            {
                Text(i == 0 ? "i32.const 65535; i32.and" : "i32.const 31; i32.and");
            }
        }

        Code(row.Code);
        Immediate(row);
        MakeCanonical(row);
    }

    private void Immediate(OpcodeRow row)
    {
        switch (row.Immediate)
        {
            case ImmediateKind.Memory or ImmediateKind.MemoryLane:
                _body.U32((uint)_choices.Below(row.Width + 1));
                _body.U32((uint)_choices.Below(_choices.Below(8) == 0 ? 65_536 : 16));
                if (row.Immediate == ImmediateKind.MemoryLane)
                    _body.Byte(_choices.Below(16 >> row.Width));
                break;
            case ImmediateKind.Zero or ImmediateKind.Data: _body.Byte(0); break;
            case ImmediateKind.ZeroZero or ImmediateKind.DataZero: _body.Byte(0).Byte(0); break;
            case ImmediateKind.Lane: _body.Byte(_choices.Below(row.Width)); break;
            case ImmediateKind.Lanes:
                for (var i = 0; i < 16; i++)
                    _body.Byte(_choices.Below(32));
                break;
            case ImmediateKind.I32 or ImmediateKind.I64: _body.Signed(_choices.Byte()); break;
            case ImmediateKind.F32: _body.Fixed(_choices.Bits(), 4); break;
            case ImmediateKind.F64: _body.Fixed(_choices.Bits(), 8); break;
            case ImmediateKind.V128: _body.Fixed(_choices.Bits(), 8).Fixed(_choices.Bits(), 8); break;
        }
    }

    /// <summary>Which NaN an operation gives differs between machines; only those that copy bits are exact.</summary>
    private void MakeCanonical(OpcodeRow row)
    {
        var name = row.Name;
        if (row.Immediate != ImmediateKind.None || name.EndsWith(".abs", StringComparison.Ordinal)
            || name.EndsWith(".neg", StringComparison.Ordinal) || name.Contains("copysign", StringComparison.Ordinal)
            || name.Contains("reinterpret", StringComparison.Ordinal)
            || name.Contains("splat", StringComparison.Ordinal))
        {
            return;
        }

        // The variables of the kinds serve as a place to read the value from three times, and keep the canonical one.
        switch (name[..3])
        {
            case "f32" when row.Signature!.Results[0] == ValueKind.F32:
                Text("global.set 3; global.get 3; f32.const NaN; global.get 3; global.get 3; f32.eq; select; "
                    + "global.set 3; global.get 3");
                break;
            case "f64" when row.Signature!.Results[0] == ValueKind.F64:
                Text("global.set 4; global.get 4; f64.const NaN; global.get 4; global.get 4; f64.eq; select; "
                    + "global.set 4; global.get 4");
                break;
            case "f32" when row.Signature!.Results[0] == ValueKind.V128:
                Text("global.set 5; global.get 5; v128.const 0000c07f0000c07f0000c07f0000c07f; global.get 5; "
                    + "global.get 5; f32x4.eq; v128.bitselect; global.set 5; global.get 5");
                break;
            case "f64" when row.Signature!.Results[0] == ValueKind.V128:
                Text("global.set 5; global.get 5; v128.const 000000000000f87f000000000000f87f; global.get 5; "
                    + "global.get 5; f64x2.eq; v128.bitselect; global.set 5; global.get 5");
                break;
        }
    }
}
