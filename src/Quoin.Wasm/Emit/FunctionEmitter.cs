using System.Collections.Immutable;
using System.Reflection.Emit;
using Quoin.Wasm.Binary;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes a validated body, instruction by instruction. What can never run is skipped: no types are known there. Blocks
/// are labels; their parameters and results are in the slots of their heights.
/// </summary>
internal sealed class FunctionEmitter
{
    private readonly ModuleContext _module;
    private readonly FunctionPlan _plan;
    private readonly FunctionFacts _facts;
    private readonly bool _isInlined;
    private readonly CodeWriter _writer;
    private readonly ILGenerator _il;
    private readonly List<Block> _blocks = [];
    private readonly CallEmitter _calls;
    private readonly MemoryEmitter _memory;
    private readonly TableEmitter _tables;
    private bool _unreachable;
    private int _skipped;

    public FunctionEmitter(ModuleContext module, FunctionPlan plan, ILGenerator il)
    {
        _module = module;
        _plan = plan;
        _facts = plan.Facts;
        _il = il;
        _writer = new CodeWriter(module, plan, il);
        _calls = new CallEmitter(module, _writer);
        _memory = new MemoryEmitter(module, _writer);
        _tables = new TableEmitter(module, _writer);
    }

    /// <summary>For a body that goes into the function of <paramref name="outer"/>.</summary>
    private FunctionEmitter(FunctionEmitter outer, FunctionFacts facts)
    {
        (_module, _plan, _il, _writer) = (outer._module, outer._plan, outer._il, outer._writer);
        (_calls, _memory, _tables) = (outer._calls, outer._memory, outer._tables);
        _facts = facts;
        _isInlined = true;
    }

    private sealed class Block
    {
        public required ushort Code { get; init; }

        public required FunctionType Type { get; init; }

        /// <summary>The stack's height below the parameters.</summary>
        public required int Height { get; init; }

        /// <summary>Where branches go: of a loop its start, else its end.</summary>
        public required Label Label { get; init; }

        /// <summary>Where an if goes that is not taken.</summary>
        public Label Else { get; init; }

        public bool Targeted { get; set; }

        public bool HasElse { get; set; }

        public ImmutableArray<ValueKind> Carried => Code == Opcode.Loop ? Type.Parameters : Type.Results;
    }

    public void Emit()
    {
        _writer.Offset = _facts.Body.Offset;
        _writer.Prologue();
        EmitBody();
        _writer.Traps.WriteThrows();
    }

    private void EmitBody()
    {
        var body = _facts.Body;
        var reader = new ByteReader(_module.Syntax.Bytes, body.Start, body.End);
        _blocks.Add(new Block
        {
            Code = Opcode.Block,
            Type = new FunctionType([], _facts.Type.Results),
            Height = _writer.Height,
            Label = _il.DefineLabel(),
        });
        while (_blocks.Count > 0)
        {
            InstructionReader.Read(ref reader, _module.Limits, out var instruction);
            if (_unreachable)
                Skip(in instruction);
            else
                Emit(in instruction);
            if (_il.ILOffset > _module.Limits.CompiledBytes)
            {
                throw ModuleException.OverLimit(
                    "bytes of code made of a function", _il.ILOffset, _module.Limits.CompiledBytes, instruction.Offset);
            }
        }
    }

    /// <summary>
    /// Puts the body of a function in place of its call: a block, to whose end its returns go. What it calls is called.
    /// </summary>
    private void EmitInlined(FunctionFacts callee)
    {
        var before = _writer.BeginInlined(callee);
        var inner = new FunctionEmitter(this, callee);
        inner.EmitBody();
        _unreachable = inner._unreachable;
        _writer.EndInlined(before);
    }

    private void Skip(in Instruction at)
    {
        switch (at.Code)
        {
            case Opcode.Block or Opcode.Loop or Opcode.If:
                _skipped++;
                break;
            case Opcode.End when _skipped > 0:
                _skipped--;
                break;
            case Opcode.End or Opcode.Else when _skipped == 0:
                Emit(in at);
                break;
            default:
                break;
        }
    }

    private void Emit(in Instruction at)
    {
        _writer.Offset = at.Offset;
        _writer.PendingFuel += at.Row.Fuel;
        switch (at.Code)
        {
            case Opcode.Nop: break;
            case >= Opcode.Unreachable and <= Opcode.Return: EmitControl(in at); break;
            case Opcode.Call when !_isInlined && _plan.InlinedAt(at.Offset) is { } callee:
                EmitInlined(callee);
                break;
            case >= Opcode.Call and <= Opcode.ReturnCallIndirect:
                _calls.Emit(in at);
                _unreachable = at.Code >= Opcode.ReturnCall;
                break;
            case Opcode.Drop: _writer.Drop(); break;
            case Opcode.Select or Opcode.SelectTyped: SelectEmitter.Emit(_writer); break;
            case Opcode.LocalGet: _writer.PushLocal((int)at.Index); break;
            case Opcode.LocalSet: _writer.StoreLocal((int)at.Index); break;
            case Opcode.LocalTee:
                _writer.StoreLocal((int)at.Index);
                _writer.PushLocal((int)at.Index);
                break;
            case Opcode.I32Const or Opcode.I64Const or Opcode.F32Const or Opcode.F64Const or Opcode.V128Const:
                _writer.PushConstant(at.Row.Signature!.Results[0], at.Bits, at.HighBits);
                break;
            case Opcode.RefNull: _writer.PushConstant(at.Kind, 0); break;
            case Opcode.Shuffle: VectorEmitter.EmitShuffle(_writer, in at); break;
            default: EmitOther(in at); break;
        }
    }

    private void EmitOther(in Instruction at)
    {
        if (_memory.TryEmit(in at) || _tables.TryEmit(in at) || NumericEmitter.TryEmit(_writer, _plan, in at))
            return;
        VectorEmitter.Emit(_writer, in at);
    }

    private void EmitControl(in Instruction at)
    {
        switch (at.Code)
        {
            case Opcode.Unreachable:
                _writer.SpillAll();
                _writer.Traps.Throw(TrapKind.Unreachable);
                _unreachable = true;
                break;
            case Opcode.Block:
                _writer.SpillForBlock(TypeOf(at.Block).Parameters.Length);
                Open(in at, default);
                break;
            case Opcode.Loop:
                _writer.SpillForBlock(TypeOf(at.Block).Parameters.Length);
                Open(in at, default);
                _writer.ChargeFuel();
                _writer.MarkLabel(_blocks[^1].Label);
                _writer.CheckLoop();
                break;
            case Opcode.If: EmitIf(in at); break;
            case Opcode.Else: EmitElse(); break;
            case Opcode.End: EmitEnd(); break;
            case Opcode.Branch: EmitBranch(at.Index); _unreachable = true; break;
            case Opcode.BranchIf: EmitBranchIf(at.Index); break;
            case Opcode.BranchTable: EmitBranchTable(at.Labels!); _unreachable = true; break;
            default: EmitReturn(); _unreachable = true; break;
        }
    }

    private FunctionType TypeOf(BlockType block) => block switch
    {
        { TypeIndex: >= 0 } => _module.Syntax.Types[block.TypeIndex],
        { Result: ValueKind.Unknown } => new FunctionType([], []),
        _ => new FunctionType([], [block.Result]),
    };

    /// <summary>Opens a block whose parameters are the topmost values.</summary>
    private void Open(in Instruction at, Label otherwise)
    {
        var type = TypeOf(at.Block);
        _blocks.Add(new Block
        {
            Code = at.Code,
            Type = type,
            Height = _writer.Height - type.Parameters.Length,
            Label = _il.DefineLabel(),
            Else = otherwise,
        });
    }

    private void EmitIf(in Instruction at)
    {
        var otherwise = _il.DefineLabel();
        _writer.LoadCondition();
        _writer.SpillForBlock(TypeOf(at.Block).Parameters.Length);
        _writer.ChargeFuel();
        _il.Emit(OpCodes.Brfalse, otherwise);
        Open(in at, otherwise);
    }

    private void EmitElse()
    {
        var block = _blocks[^1];
        block.HasElse = true;
        if (!_unreachable)
        {
            Land(block);
            block.Targeted = true;
            _il.Emit(OpCodes.Br, block.Label);
        }

        _unreachable = false;
        _writer.PendingFuel = 0;
        _writer.MarkLabel(block.Else);
        _writer.Restore(block.Height, block.Type.Parameters.AsSpan());
    }

    private void EmitEnd()
    {
        var block = _blocks[^1];
        _blocks.RemoveAt(_blocks.Count - 1);
        if (_blocks.Count == 0 && !_isInlined)
        {
            if (!_unreachable)
                EmitReturn();
            return;
        }

        var untaken = block.Code == Opcode.If && !block.HasElse;
        if (!untaken && (block.Code == Opcode.Loop || !block.Targeted))
            return;
        if (!_unreachable)
            Land(block);
        _unreachable = false;
        _writer.PendingFuel = 0;
        if (untaken)
            _writer.MarkLabel(block.Else);
        _writer.MarkLabel(block.Label);
        _writer.Restore(block.Height, block.Type.Results.AsSpan());
    }

    /// <summary>Brings the results to where the end of the block expects them.</summary>
    private void Land(Block block)
    {
        _writer.SpillAll();
        _writer.MoveTo(block.Height, block.Type.Results.Length);
        _writer.ChargeFuel();
    }

    private void EmitBranch(uint depth)
    {
        if (IsReturn(depth))
        {
            EmitReturn();
            return;
        }

        var block = Target(depth);
        _writer.SpillAll();
        _writer.MoveTo(block.Height, block.Carried.Length);
        _writer.ChargeFuel();
        _il.Emit(OpCodes.Br, block.Label);
    }

    /// <summary>Whether a branch leaves the compiled function. Out of a body inside another it does not.</summary>
    private bool IsReturn(uint depth) => !_isInlined && depth == (uint)_blocks.Count - 1;

    private Block Target(uint depth)
    {
        var block = _blocks[_blocks.Count - 1 - (int)depth];
        block.Targeted = true;
        return block;
    }

    private void EmitBranchIf(uint depth)
    {
        _writer.LoadCondition();
        _writer.ChargeFuel();
        var isReturn = IsReturn(depth);
        var block = Target(depth);
        var count = block.Carried.Length;
        if (!isReturn && _writer.IsInPlace(block.Height, count))
        {
            _il.Emit(OpCodes.Brtrue, block.Label);
            return;
        }

        var skip = _il.DefineLabel();
        _il.Emit(OpCodes.Brfalse, skip);
        if (isReturn)
        {
            EmitResults();
        }
        else
        {
            _writer.MoveTo(block.Height, count);
            _il.Emit(OpCodes.Br, block.Label);
        }

        _il.MarkLabel(skip);
    }

    private void EmitBranchTable(uint[] labels)
    {
        _writer.LoadCondition();
        _writer.ChargeFuel();
        var stubs = new List<(Label Label, uint Depth)>();
        var byDepth = new Dictionary<uint, Label>();
        foreach (var depth in labels)
        {
            if (byDepth.ContainsKey(depth))
                continue;
            var isReturn = IsReturn(depth);
            var block = Target(depth);
            if (!isReturn && _writer.IsInPlace(block.Height, block.Carried.Length))
            {
                byDepth[depth] = block.Label;
                continue;
            }

            byDepth[depth] = _il.DefineLabel();
            stubs.Add((byDepth[depth], depth));
        }

        _il.Emit(OpCodes.Switch, Array.ConvertAll(labels[..^1], depth => byDepth[depth]));
        _il.Emit(OpCodes.Br, byDepth[labels[^1]]);
        foreach (var (label, depth) in stubs)
        {
            _il.MarkLabel(label);
            if (IsReturn(depth))
            {
                EmitResults();
                continue;
            }

            var block = Target(depth);
            _writer.MoveTo(block.Height, block.Carried.Length);
            _il.Emit(OpCodes.Br, block.Label);
        }
    }

    private void EmitReturn()
    {
        if (_isInlined)
        {
            EmitBranch((uint)_blocks.Count - 1);
            return;
        }

        // One result may stay on the evaluation stack if nothing else is there.
        if (_facts.Type.Results.Length == 1)
            _writer.LoadCondition();
        else
            _writer.SpillAll();
        if (_facts.Type.Results.Length == 1)
            FinishReturn();
        else
            EmitResults();
    }

    /// <summary>Returns the topmost values, which stay for code that does not return here.</summary>
    private void EmitResults()
    {
        var results = _facts.Type.Results;
        for (var i = 1; i < results.Length; i++)
            _calls.StoreReturn(i, _writer.Peek(results.Length - 1 - i));
        if (results.Length > 0)
            _writer.Load(_writer.Peek(results.Length - 1));
        FinishReturn();
    }

    /// <summary>The first result, if there is one, is on the evaluation stack.</summary>
    private void FinishReturn()
    {
        if (_facts.Type.Results.Length == 0)
            _writer.LoadFuelLeft();
        else
            _writer.MakeOutcome(_facts.Type.Results[0]);
        _il.Emit(OpCodes.Ret);
    }
}
