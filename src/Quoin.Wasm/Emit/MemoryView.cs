using System.Reflection.Emit;

namespace Quoin.Wasm.Emit;

/// <summary>
/// What a function keeps of its memory in locals: where it begins, its length, and for the usual accesses the largest
/// good address. And what is known in a straight piece of code of the variables that are used as addresses: how far
/// they were checked, and a local that has them with 64 bits.
/// </summary>
internal sealed class MemoryView
{
    private readonly CodeWriter _writer;
    private readonly ILGenerator _il;
    private readonly LocalBuilder? _base;
    private readonly LocalBuilder? _length;
    private readonly Dictionary<long, LocalBuilder> _limits = [];
    private readonly Dictionary<int, long> _checkedExtents = [];
    private readonly Dictionary<int, LocalBuilder> _extended = [];
    private LocalBuilder? _address;

    public MemoryView(CodeWriter writer, FunctionPlan plan)
    {
        _writer = writer;
        _il = writer.Il;
        if (!plan.UsesMemory)
            return;
        _base = _il.DeclareLocal(typeof(nint));
        _length = _il.DeclareLocal(typeof(long));
        foreach (var extent in plan.MemoryLimits)
            _limits[extent] = _il.DeclareLocal(typeof(long));
    }

    /// <summary>At the start and after calls: to keep the locals over them takes more than reading.</summary>
    public void Reload()
    {
        if (_base is null)
            return;
        _writer.LoadInstance();
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceMemory);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.MemoryBase);
        _il.Emit(OpCodes.Stloc, _base);
        _writer.LoadInstance();
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceMemory);
        _il.Emit(OpCodes.Ldfld, RuntimeMembers.MemoryLength);
        _il.Emit(OpCodes.Stloc, _length!);
        foreach (var (extent, limit) in _limits)
        {
            LoadRoom(extent);
            _il.Emit(OpCodes.Stloc, limit);
        }
    }

    public void LoadBase() => _il.Emit(OpCodes.Ldloc, _base!);

    public void LoadLength() => _il.Emit(OpCodes.Ldloc, _length!);

    /// <summary>The largest address with so many bytes of the memory from it on; less than 0: none.</summary>
    public void LoadLimit(long extent)
    {
        if (_limits.TryGetValue(extent, out var limit))
            _il.Emit(OpCodes.Ldloc, limit);
        else
            LoadRoom(extent);
    }

    /// <summary>
    /// Takes an address off the operand stack and extends it to 64 bits. What a variable holds is checked and extended
    /// once for what follows in a straight piece. Nothing is on the evaluation stack then.
    /// </summary>
    /// <param name="extent">The bytes from the address on that the caller now checks.</param>
    /// <param name="isChecked">They are known to be in the memory.</param>
    public LocalBuilder TakeAddress(long extent, out bool isChecked)
    {
        var operand = _writer.Peek();
        var known = 0L;
        var isKnown = operand.Place == Place.Local && _checkedExtents.TryGetValue(operand.Local, out known);
        isChecked = isKnown && known >= extent;
        var extended = Extended(in operand);
        if (operand.Place == Place.Local && !isChecked)
            _checkedExtents[operand.Local] = extent;
        if (isKnown)
        {
            _writer.Drop();
        }
        else
        {
            _writer.Load(1);
            _il.Emit(OpCodes.Conv_U8);
            _il.Emit(OpCodes.Stloc, extended);
        }

        _writer.SpillAll();
        return extended;
    }

    /// <summary>The variable is set.</summary>
    public void Forget(int variable) => _checkedExtents.Remove(variable);

    /// <summary>Paths join.</summary>
    public void ForgetAll() => _checkedExtents.Clear();

    private LocalBuilder Extended(in Operand operand)
    {
        if (operand.Place != Place.Local)
            return _address ??= _il.DeclareLocal(typeof(long));
        if (!_extended.TryGetValue(operand.Local, out var extended))
            _extended[operand.Local] = extended = _il.DeclareLocal(typeof(long));
        return extended;
    }

    private void LoadRoom(long extent)
    {
        LoadLength();
        _il.LoadLong(extent);
        _il.Emit(OpCodes.Sub);
    }
}
