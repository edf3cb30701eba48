namespace Quoin.Wasm.Validation;

/// <summary>
/// The types on the operand stack and the open blocks of a body, as the algorithm of the specification's appendix
/// (7.3) keeps them. After a jump the rest of a block is unreachable: there the stack yields
/// <see cref="ValueKind.Unknown"/> for whatever is asked of it.
/// </summary>
internal sealed class OperandTypes(WasmLimits limits)
{
    private readonly List<ValueKind> _types = [];
    private readonly List<Frame> _frames = [];

    /// <summary>An open block.</summary>
    /// <param name="Code">The opcode that began it; the body itself is a block.</param>
    /// <param name="Type">What it takes and gives.</param>
    /// <param name="Height">The stack's height below its parameters.</param>
    /// <param name="Unreachable">Whether the code now read can never run.</param>
    public readonly record struct Frame(ushort Code, FunctionType Type, int Height, bool Unreachable);

    public int Depth => _frames.Count;

    public int Highest { get; private set; }

    public void Clear()
    {
        _types.Clear();
        Highest = 0;
        _frames.Clear();
    }

    public Frame FrameAt(uint label, int offset)
    {
        if (label >= (uint)_frames.Count)
            throw ModuleException.Invalid($"unknown label {label}", offset);
        return _frames[_frames.Count - 1 - (int)label];
    }

    public void Push(ValueKind kind, int offset)
    {
        var count = _types.Count + 1;
        if (count > limits.OperandStack)
            throw ModuleException.OverLimit("values on the operand stack", count, limits.OperandStack, offset);
        _types.Add(kind);
        Highest = Math.Max(Highest, count);
    }

    public void Push(ReadOnlySpan<ValueKind> kinds, int offset)
    {
        foreach (var kind in kinds)
            Push(kind, offset);
    }

    public ValueKind Pop(int offset)
    {
        var frame = _frames[^1];
        if (_types.Count == frame.Height)
        {
            if (frame.Unreachable)
                return ValueKind.Unknown;
            throw ModuleException.Invalid("type mismatch: the stack is empty", offset);
        }

        var kind = _types[^1];
        _types.RemoveAt(_types.Count - 1);
        return kind;
    }

    public ValueKind Pop(ValueKind wanted, int offset)
    {
        var found = Pop(offset);
        if (found != wanted && found != ValueKind.Unknown && wanted != ValueKind.Unknown)
            throw ModuleException.Invalid($"type mismatch: {wanted.Text()} expected, {found.Text()} found", offset);
        return found;
    }

    public void Pop(ReadOnlySpan<ValueKind> wanted, int offset)
    {
        for (var i = wanted.Length - 1; i >= 0; i--)
            Pop(wanted[i], offset);
    }

    /// <summary>Begins a block whose parameters have been popped.</summary>
    public void Enter(ushort code, FunctionType type, int offset)
    {
        if (_frames.Count > limits.Nesting)
            throw ModuleException.OverLimit("blocks inside each other", _frames.Count, limits.Nesting, offset);
        _frames.Add(new Frame(code, type, _types.Count, false));
        Push(type.Parameters.AsSpan(), offset);
    }

    /// <summary>Ends the innermost block: exactly its results are on the stack. They are popped.</summary>
    public Frame Leave(int offset)
    {
        var frame = _frames[^1];
        Pop(frame.Type.Results.AsSpan(), offset);
        if (_types.Count != frame.Height)
            throw ModuleException.Invalid("type mismatch: values remain on the stack", offset);
        _frames.RemoveAt(_frames.Count - 1);
        return frame;
    }

    public void MarkUnreachable()
    {
        var frame = _frames[^1];
        _types.RemoveRange(frame.Height, _types.Count - frame.Height);
        _frames[^1] = frame with { Unreachable = true };
    }
}
