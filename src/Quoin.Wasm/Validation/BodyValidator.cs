using System.Collections.Immutable;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Validation;

/// <summary>
/// Validates function bodies (section 3.3 of the specification): every instruction finds the types it takes on the
/// stack, every index points at something, every block leaves what it says. Most instructions are checked by their
/// signature in the table of opcodes; the others each have their rule here.
/// </summary>
internal sealed class BodyValidator(ModuleSyntax module, WasmLimits limits, HashSet<uint> declared)
{
    private static readonly FunctionType Nothing = new([], []);

    private readonly OperandTypes _stack = new(limits);
    private readonly List<ValueKind> _locals = [];
    private FunctionType _type = Nothing;

    /// <summary>Answers how high the operand stack gets.</summary>
    public int Validate(FunctionType type, FunctionBody body)
    {
        _type = type;
        _locals.Clear();
        _locals.AddRange(type.Parameters.AsSpan());
        foreach (var run in body.Locals)
            _locals.AddRange(Enumerable.Repeat(run.Kind, run.Count));
        if (_locals.Count > limits.Locals)
            throw ModuleException.OverLimit("locals with parameters", _locals.Count, limits.Locals, body.Offset);
        _stack.Clear();
        _stack.Enter(Opcode.Block, new FunctionType([], type.Results), body.Offset);
        var reader = new ByteReader(module.Bytes, body.Start, body.End);
        while (_stack.Depth > 0)
        {
            InstructionReader.Read(ref reader, limits, out var instruction);
            Check(in instruction);
        }

        if (reader.Remaining > 0)
            throw ModuleException.Malformed("END opcode expected", reader.Position);
        return _stack.Highest;
    }

    private void Check(in Instruction at)
    {
        if (at.Row.Signature is { } signature)
        {
            CheckImmediate(in at);
            _stack.Pop(signature.Parameters.AsSpan(), at.Offset);
            _stack.Push(signature.Results.AsSpan(), at.Offset);
            return;
        }

        switch (at.Code)
        {
            case Opcode.Nop: break;
            case >= Opcode.Unreachable and <= Opcode.Return: CheckControl(in at); break;
            case >= Opcode.Call and <= Opcode.ReturnCallIndirect: CheckCall(in at); break;
            case Opcode.Drop: _stack.Pop(at.Offset); break;
            case Opcode.Select: CheckSelect(in at); break;
            case Opcode.SelectTyped: Apply([at.Kind, at.Kind, ValueKind.I32], [at.Kind], at.Offset); break;
            case Opcode.LocalGet: Apply([], [Local(in at)], at.Offset); break;
            case Opcode.LocalSet: Apply([Local(in at)], [], at.Offset); break;
            case Opcode.LocalTee: Apply([Local(in at)], [Local(in at)], at.Offset); break;
            case Opcode.GlobalGet: Apply([], [Global(in at).Kind], at.Offset); break;
            case Opcode.GlobalSet: CheckGlobalSet(in at); break;
            case Opcode.RefNull: Apply([], [at.Kind], at.Offset); break;
            case Opcode.RefIsNull: CheckIsNull(in at); break;
            case Opcode.RefFunc: CheckFunctionReference(in at); break;
            default: CheckTable(in at); break;
        }
    }

    private void Apply(ReadOnlySpan<ValueKind> takes, ReadOnlySpan<ValueKind> gives, int offset)
    {
        _stack.Pop(takes, offset);
        _stack.Push(gives, offset);
    }

    private void CheckControl(in Instruction at)
    {
        switch (at.Code)
        {
            case Opcode.Unreachable:
                _stack.MarkUnreachable();
                break;
            case Opcode.Block or Opcode.Loop:
                EnterBlock(in at);
                break;
            case Opcode.If:
                _stack.Pop(ValueKind.I32, at.Offset);
                EnterBlock(in at);
                break;
            case Opcode.Else:
                var then = _stack.Leave(at.Offset);
                if (then.Code != Opcode.If)
                    throw ModuleException.Malformed("else without if", at.Offset);
                _stack.Enter(Opcode.Else, then.Type, at.Offset);
                break;
            case Opcode.End:
                LeaveBlock(in at);
                break;
            case Opcode.Branch:
                _stack.Pop(LabelTypes(at.Index, at.Offset).AsSpan(), at.Offset);
                _stack.MarkUnreachable();
                break;
            case Opcode.BranchIf:
                _stack.Pop(ValueKind.I32, at.Offset);
                var kinds = LabelTypes(at.Index, at.Offset).AsSpan();
                Apply(kinds, kinds, at.Offset);
                break;
            case Opcode.BranchTable:
                CheckBranchTable(in at);
                break;
            case Opcode.Return:
                _stack.Pop(_type.Results.AsSpan(), at.Offset);
                _stack.MarkUnreachable();
                break;
            default:
                throw new System.Diagnostics.UnreachableException();
        }
    }

    private void EnterBlock(in Instruction at)
    {
        var type = TypeOf(at.Block, at.Offset);
        _stack.Pop(type.Parameters.AsSpan(), at.Offset);
        _stack.Enter(at.Code, type, at.Offset);
    }

    private void LeaveBlock(in Instruction at)
    {
        var frame = _stack.Leave(at.Offset);

        // Without an else the parameters fall through as the results.
        if (frame.Code == Opcode.If
            && !frame.Type.Parameters.AsSpan().SequenceEqual(frame.Type.Results.AsSpan()))
        {
            throw ModuleException.Invalid("type mismatch: if without else", at.Offset);
        }

        if (_stack.Depth > 0)
            _stack.Push(frame.Type.Results.AsSpan(), at.Offset);
    }

    private FunctionType TypeOf(BlockType block, int offset)
    {
        if (block.TypeIndex < 0)
            return block.Result == ValueKind.Unknown ? Nothing : new FunctionType([], [block.Result]);
        if (block.TypeIndex >= module.Types.Length)
            throw ModuleException.Invalid($"unknown type {block.TypeIndex}", offset);
        return module.Types[block.TypeIndex];
    }

    /// <summary>What a branch to the label takes: to a loop its parameters, else the block's results.</summary>
    private ImmutableArray<ValueKind> LabelTypes(uint label, int offset)
    {
        var frame = _stack.FrameAt(label, offset);
        return frame.Code == Opcode.Loop ? frame.Type.Parameters : frame.Type.Results;
    }

    private void CheckBranchTable(in Instruction at)
    {
        _stack.Pop(ValueKind.I32, at.Offset);
        var labels = at.Labels!;
        var arity = LabelTypes(labels[^1], at.Offset).Length;
        var popped = new ValueKind[arity];
        foreach (var label in labels.Distinct())
        {
            var kinds = LabelTypes(label, at.Offset);
            if (kinds.Length != arity)
                throw ModuleException.Invalid("type mismatch: labels of different arity", at.Offset);

            // What was there goes back, so that each label sees the same stack, its unknown types unknown still.
            for (var i = arity - 1; i >= 0; i--)
                popped[i] = _stack.Pop(kinds[i], at.Offset);
            _stack.Push(popped, at.Offset);
        }

        _stack.MarkUnreachable();
    }

    private void CheckCall(in Instruction at)
    {
        FunctionType type;
        if (at.Code is Opcode.Call or Opcode.ReturnCall)
        {
            if (at.Index >= (uint)module.Functions.Length)
                throw ModuleException.Invalid($"unknown function {at.Index}", at.Offset);
            type = module.TypeOf((int)at.Index);
        }
        else
        {
            if (Table(at.Second, at.Offset).Element != ValueKind.FuncRef)
                throw ModuleException.Invalid("type mismatch: no table of functions", at.Offset);
            if (at.Index >= (uint)module.Types.Length)
                throw ModuleException.Invalid($"unknown type {at.Index}", at.Offset);
            type = module.Types[at.Index];
            _stack.Pop(ValueKind.I32, at.Offset);
        }

        _stack.Pop(type.Parameters.AsSpan(), at.Offset);
        if (at.Code is Opcode.Call or Opcode.CallIndirect)
        {
            _stack.Push(type.Results.AsSpan(), at.Offset);
            return;
        }

        if (!type.Results.AsSpan().SequenceEqual(_type.Results.AsSpan()))
            throw ModuleException.Invalid("type mismatch: results of a tail call", at.Offset);
        _stack.MarkUnreachable();
    }

    private void CheckSelect(in Instruction at)
    {
        _stack.Pop(ValueKind.I32, at.Offset);
        var second = _stack.Pop(at.Offset);
        var first = _stack.Pop(second, at.Offset);
        if (first.IsReference() || second.IsReference())
            throw ModuleException.Invalid("type mismatch: select of references needs its kind", at.Offset);
        _stack.Push(first == ValueKind.Unknown ? second : first, at.Offset);
    }

    private ValueKind Local(in Instruction at)
    {
        if (at.Index >= (uint)_locals.Count)
            throw ModuleException.Invalid($"unknown local {at.Index}", at.Offset);
        return _locals[(int)at.Index];
    }

    private GlobalType Global(in Instruction at)
    {
        if (at.Index >= (uint)module.Globals.Length)
            throw ModuleException.Invalid($"unknown global {at.Index}", at.Offset);
        return module.Globals[at.Index];
    }

    private TableType Table(uint index, int offset)
    {
        if (index >= (uint)module.Tables.Length)
            throw ModuleException.Invalid($"unknown table {index}", offset);
        return module.Tables[index];
    }

    private void CheckGlobalSet(in Instruction at)
    {
        var global = Global(in at);
        if (!global.Mutable)
            throw ModuleException.Invalid("global is immutable", at.Offset);
        _stack.Pop(global.Kind, at.Offset);
    }

    private void CheckIsNull(in Instruction at)
    {
        var kind = _stack.Pop(at.Offset);
        if (kind != ValueKind.Unknown && !kind.IsReference())
            throw ModuleException.Invalid("type mismatch: a reference expected", at.Offset);
        _stack.Push(ValueKind.I32, at.Offset);
    }

    private void CheckFunctionReference(in Instruction at)
    {
        if (at.Index >= (uint)module.Functions.Length)
            throw ModuleException.Invalid($"unknown function {at.Index}", at.Offset);
        if (!declared.Contains(at.Index))
            throw ModuleException.Invalid("undeclared function reference", at.Offset);
        _stack.Push(ValueKind.FuncRef, at.Offset);
    }

    private static void CheckLanes(in Instruction at)
    {
        for (var i = 0; i < 8; i++)
        {
            if ((byte)(at.Bits >> (8 * i)) >= 32 || (byte)(at.HighBits >> (8 * i)) >= 32)
                throw ModuleException.Invalid("invalid lane index", at.Offset);
        }
    }

    /// <summary>Instructions whose types are those of a table.</summary>
    private void CheckTable(in Instruction at)
    {
        var element = Table(at.Index, at.Offset).Element;
        switch (at.Code)
        {
            case Opcode.TableGet: Apply([ValueKind.I32], [element], at.Offset); break;
            case Opcode.TableSet: Apply([ValueKind.I32, element], [], at.Offset); break;
            case Opcode.TableGrow: Apply([element, ValueKind.I32], [ValueKind.I32], at.Offset); break;
            case Opcode.TableFill: Apply([ValueKind.I32, element, ValueKind.I32], [], at.Offset); break;
            default: throw new System.Diagnostics.UnreachableException();
        }
    }

    /// <summary>The immediates of instructions whose types the table of opcodes has.</summary>
    private void CheckImmediate(in Instruction at)
    {
        switch (at.Row.Immediate)
        {
            case ImmediateKind.Memory or ImmediateKind.MemoryLane:
                CheckMemory(at.Offset);
                if (at.Index > at.Row.Width)
                    throw ModuleException.Invalid("alignment must not be larger than natural", at.Offset);
                if (at.Row.Immediate == ImmediateKind.MemoryLane && at.Lane >= 16 >> at.Row.Width)
                    throw ModuleException.Invalid("invalid lane index", at.Offset);
                break;
            case ImmediateKind.Lane when at.Lane >= at.Row.Width:
                throw ModuleException.Invalid("invalid lane index", at.Offset);
            case ImmediateKind.Lanes:
                CheckLanes(in at);
                break;
            case ImmediateKind.Zero or ImmediateKind.ZeroZero:
                CheckMemory(at.Offset);
                break;
            case ImmediateKind.DataZero:
                CheckMemory(at.Offset);
                CheckDataIndex(in at);
                break;
            case ImmediateKind.Data:
                CheckDataIndex(in at);
                break;
            case ImmediateKind.Element:
                Element(in at);
                break;
            case ImmediateKind.ElementTable:
                if (Table(at.Second, at.Offset).Element != Element(in at))
                    throw ModuleException.Invalid("type mismatch", at.Offset);
                break;
            case ImmediateKind.Table:
                Table(at.Index, at.Offset);
                break;
            case ImmediateKind.TableTable:
                if (Table(at.Index, at.Offset).Element != Table(at.Second, at.Offset).Element)
                    throw ModuleException.Invalid("type mismatch", at.Offset);
                break;
            default:
                break;
        }
    }

    private void CheckMemory(int offset)
    {
        if (module.Memories.Length == 0)
            throw ModuleException.Invalid("unknown memory 0", offset);
    }

    private void CheckDataIndex(in Instruction at)
    {
        if (module.DataCount is not { } count)
            throw ModuleException.Malformed("data count section required", at.Offset);
        if (at.Index >= (uint)count)
            throw ModuleException.Invalid($"unknown data segment {at.Index}", at.Offset);
    }

    private ValueKind Element(in Instruction at)
    {
        if (at.Index >= (uint)module.Elements.Length)
            throw ModuleException.Invalid($"unknown elem segment {at.Index}", at.Offset);
        return module.Elements[at.Index].Kind;
    }
}
