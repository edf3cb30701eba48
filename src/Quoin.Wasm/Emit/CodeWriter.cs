using System.Reflection;
using System.Reflection.Emit;

namespace Quoin.Wasm.Emit;

/// <summary>
/// Writes the code of one function: its operand stack and its fuel; its memory and its traps have writers of their own
/// here. Values stay on the evaluation stack or
/// unread as long as they can. At every label, and before every instruction that may trap, the evaluation stack is
/// empty: values are in slots, one for each height and kind, which is also where blocks expect them.
/// Fuel is counted while code is written, and charged at the end of each straight piece. It comes as an argument and
/// goes with the result; the store has it only while functions of the host or of the runtime run.
/// </summary>
internal sealed class CodeWriter
{
    /// <summary>Deeper expressions are cut: the compiler of machine code recurses into them.</summary>
    private const int ExpressionDepth = 100;

    private readonly ModuleContext _module;
    private readonly FunctionPlan _plan;
    private readonly List<Operand> _stack = [];
    private readonly Dictionary<(int Height, ValueKind Kind), LocalBuilder> _slots = [];
    private readonly Variables _variables;
    private readonly LocalBuilder _store;
    private readonly LocalBuilder? _zero;
    private LocalBuilder? _result;
    private LocalBuilder? _outcome;

    public CodeWriter(ModuleContext module, FunctionPlan plan, ILGenerator il)
    {
        _module = module;
        _plan = plan;
        Function = plan.Facts;
        Il = il;
        _store = il.DeclareLocal(typeof(Store));
        _variables = new Variables(il);
        _variables.AddArguments(Function.Type.Parameters.AsSpan());
        _variables.Declare(Function.Locals);
        Memory = new MemoryView(this, plan);
        Traps = new TrapWriter(this, module, plan);
        if (plan.Rotates)
            _zero = il.DeclareLocal(typeof(long));
    }

    public ILGenerator Il { get; }

    public MemoryView Memory { get; }

    public TrapWriter Traps { get; }

    /// <summary>The function whose body is written: the compiled one, or one that stands inside it.</summary>
    public FunctionFacts Function { get; private set; }

    public int Height => _stack.Count;

    /// <summary>The offset of the instruction that code is now written for.</summary>
    public int Offset { get; set; }

    /// <summary>Fuel of instructions that the code before here has not charged.</summary>
    public int PendingFuel { get; set; }

    public LocalBuilder Store => _store;

    /// <summary>What every function begins with.</summary>
    public void Prologue()
    {
        LoadInstance();
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.ContextStore);
        Il.Emit(OpCodes.Stloc, _store);
        if (_plan.Calls)
        {
            CheckStack();
            CheckInterruption();
        }

        Memory.Reload();
        if (_zero is not null)
        {
            Il.Emit(OpCodes.Ldloc, _store);
            Il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreZero);
            Il.Emit(OpCodes.Stloc, _zero);
        }

        ClearVariables(Function.Type.Parameters.Length);
    }

    /// <summary>
    /// Begins the body of another function in place of its call. Its arguments are the topmost values; its own
    /// variables are new ones. Answers what <see cref="EndInlined"/> wants.
    /// </summary>
    public (FunctionFacts Function, int FirstVariable) BeginInlined(FunctionFacts callee)
    {
        var before = (Function, _variables.First);
        var parameters = callee.Type.Parameters;
        LoadAlone(parameters.Length);
        (Function, _variables.First) = (callee, _variables.Count);
        _variables.Declare(parameters.AsSpan());
        _variables.Declare(callee.Locals);
        for (var i = parameters.Length - 1; i >= 0; i--)
            _variables.Store(_variables.First + i);
        ClearVariables(_variables.First + parameters.Length);
        return before;
    }

    /// <summary>Goes on with the function that the body was put into.</summary>
    public void EndInlined((FunctionFacts Function, int FirstVariable) before) =>
        (Function, _variables.First) = before;

    public void LoadInstance() => Il.LoadArgument(_plan.Facts.Type.Parameters.Length + 1);

    /// <summary>The fuel as it was charged last.</summary>
    public void LoadFuel() => Il.LoadArgument(_plan.Facts.Type.Parameters.Length);

    /// <summary>Takes the fuel off the evaluation stack.</summary>
    public void StoreFuel() => Il.StoreArgument(_plan.Facts.Type.Parameters.Length);

    public void Push(ValueKind kind, int depth = 0, bool isRotation = false)
    {
        _stack.Add(new Operand(kind, Place.Evaluation) { Depth = depth, IsRotation = isRotation });
        if (depth > ExpressionDepth)
            Spill(_stack.Count - 1);
    }

    public void PushConstant(ValueKind kind, ulong bits, ulong highBits = 0) =>
        _stack.Add(new Operand(kind, Place.Constant) { Bits = bits, HighBits = highBits });

    public void PushLocal(int local)
    {
        var variable = _variables.First + local;
        _stack.Add(new Operand(_variables.KindOf(variable), Place.Local) { Local = variable });
    }

    /// <summary>A value that is in the slot of the height it comes to.</summary>
    public void PushSlot(ValueKind kind) =>
        _stack.Add(new Operand(kind, Place.Slot) { Slot = Slot(_stack.Count, kind) });

    public Operand Peek(int down = 0) => _stack[^(down + 1)];

    /// <summary>Takes the topmost value, which can then be loaded as often as wanted.</summary>
    public Operand Pop()
    {
        Spill(_stack.Count - 1);
        var top = _stack[^1];
        _stack.RemoveAt(_stack.Count - 1);
        return top;
    }

    public void Drop()
    {
        if (_stack[^1].Place == Place.Evaluation)
            Il.Emit(OpCodes.Pop);
        _stack.RemoveAt(_stack.Count - 1);
    }

    /// <summary>
    /// Takes the topmost values and has them on the evaluation stack in their order. Answers how deep their
    /// expressions are.
    /// </summary>
    /// <param name="combines">Whether rotations may be among them as they came.</param>
    public int Load(int count, bool combines = false)
    {
        var first = _stack.Count - count;
        var lazy = false;
        var late = false;
        var depth = 0;
        for (var i = first; i < _stack.Count; i++)
        {
            depth = Math.Max(depth, _stack[i].Depth);
            if (_stack[i].Place != Place.Evaluation)
                lazy = true;
            else
                late |= lazy;
            late |= !combines && _stack[i].IsRotation;
        }

        // A value on the evaluation stack cannot have another put below it, nor be settled below another.
        if (late)
        {
            for (var i = _stack.Count - 1; i >= first; i--)
                Spill(i);
        }

        for (var i = first; i < _stack.Count; i++)
            Load(_stack[i]);
        _stack.RemoveRange(first, count);
        return depth;
    }

    public void Load(in Operand operand)
    {
        switch (operand.Place)
        {
            case Place.Evaluation:
                break;
            case Place.Slot:
                Il.Emit(OpCodes.Ldloc, operand.Slot!);
                break;
            case Place.Local:
                _variables.Load(operand.Local);
                break;
            default:
                LoadConstant(in operand);
                break;
        }
    }

    /// <summary>A float that the compiler of machine code does not see, and so cannot fold.</summary>
    public void LoadOpaque(in Operand operand)
    {
        var index = _module.ConstantIndex(operand.Bits);
        LoadInstance();
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.InstanceConstants);
        Il.Emit(OpCodes.Call, RuntimeMembers.CellData);
        Il.LoadInt(index * 16);
        Il.Emit(OpCodes.Add);
        Il.Emit(operand.Kind == ValueKind.F32 ? OpCodes.Ldind_R4 : OpCodes.Ldind_R8);
    }

    /// <summary>
    /// The compiler of machine code leaves out the comparison of a rotation with zero, as if rotating set the flag that
    /// it then tests (x64, .NET 10.0). With another instruction between the two it is right: an or with a zero that it
    /// does not know to be one.
    /// </summary>
    public void Settle(ValueKind kind)
    {
        Il.Emit(OpCodes.Ldloc, _zero!);
        if (kind == ValueKind.I32)
            Il.Emit(OpCodes.Conv_I4);
        Il.Emit(OpCodes.Or);
    }

    /// <summary>Sets a local to the topmost value, which is taken.</summary>
    public void StoreLocal(int local)
    {
        var variable = _variables.First + local;
        KeepReads(variable, _stack.Count - 1);
        Memory.Forget(variable);
        Load(1);
        _variables.Store(variable);
    }

    /// <summary>Empties the evaluation stack.</summary>
    public void SpillAll()
    {
        for (var i = _stack.Count - 1; i >= 0; i--)
            Spill(i);
    }

    /// <summary>
    /// Before a block: what locals held is read now, and its parameters are where the block wants them.
    /// </summary>
    public void SpillForBlock(int parameters)
    {
        SpillAll();
        for (var i = 0; i < _stack.Count; i++)
        {
            if (_stack[i].Place == Place.Local || i >= _stack.Count - parameters)
                MoveToSlot(i);
        }
    }

    /// <summary>Has the topmost value alone on the evaluation stack, for a branch.</summary>
    public void LoadCondition() => LoadAlone(1);

    /// <summary>Has the topmost values in their order on the evaluation stack, and nothing else.</summary>
    private void LoadAlone(int count)
    {
        for (var i = 0; i < _stack.Count - count; i++)
        {
            if (_stack[i].Place == Place.Evaluation)
            {
                SpillAll();
                break;
            }
        }

        Load(count);
    }

    /// <summary>Moves the topmost values into the slots of a block of this height. They stay on the stack.</summary>
    public void MoveTo(int height, int count)
    {
        var first = _stack.Count - count;
        for (var i = first; i < _stack.Count; i++)
        {
            var operand = _stack[i];
            var target = Slot(height + i - first, operand.Kind);
            if (operand.Place == Place.Slot && operand.Slot == target)
                continue;

            // Upwards is safe: a target's height is never above the source's.
            Load(in operand);
            Il.Emit(OpCodes.Stloc, target);
        }
    }

    /// <summary>Whether a branch to a block of this height has nothing to move.</summary>
    public bool IsInPlace(int height, int count) =>
        count == 0 || (height == _stack.Count - count
            && _stack.Skip(height).All(operand => operand.Place == Place.Slot));

    /// <summary>Sets the stack to what it is where a block ends.</summary>
    public void Restore(int height, ReadOnlySpan<ValueKind> values)
    {
        _stack.RemoveRange(height, _stack.Count - height);
        foreach (var kind in values)
            PushSlot(kind);
    }

    public LocalBuilder Slot(int height, ValueKind kind)
    {
        // References share their type in compiled code, but a slot is cleared for neither.
        if (!_slots.TryGetValue((height, kind), out var slot))
            _slots[(height, kind)] = slot = Il.DeclareLocal(RuntimeMembers.TypeOf(kind));
        return slot;
    }

    public void MarkLabel(Label label)
    {
        Memory.ForgetAll();
        Il.MarkLabel(label);
    }

    /// <summary>Charges what is pending. Before every label and every branch.</summary>
    public void ChargeFuel()
    {
        if (PendingFuel == 0)
            return;
        LoadFuelLeft();
        StoreFuel();
    }

    /// <summary>The fuel with what is pending charged: what calls and callers are given.</summary>
    public void LoadFuelLeft()
    {
        LoadFuel();
        if (PendingFuel == 0)
            return;
        Il.LoadInt(PendingFuel);
        Il.Emit(OpCodes.Conv_I8);
        Il.Emit(OpCodes.Sub);
        PendingFuel = 0;
    }

    /// <summary>
    /// Joins the result on the evaluation stack and the fuel. In locals that all returns share: where nothing is
    /// optimised each temporary of the compiler of machine code would have a place of its own in the frame.
    /// </summary>
    public void MakeOutcome(ValueKind kind)
    {
        _result ??= Il.DeclareLocal(RuntimeMembers.TypeOf(kind));
        _outcome ??= Il.DeclareLocal(RuntimeMembers.OutcomeOf(kind));
        Il.Emit(OpCodes.Stloc, _result);
        Il.Emit(OpCodes.Ldloca, _outcome);
        Il.Emit(OpCodes.Ldloc, _result);
        Il.Emit(OpCodes.Stfld, RuntimeMembers.OutcomeValue(kind));
        Il.Emit(OpCodes.Ldloca, _outcome);
        LoadFuelLeft();
        Il.Emit(OpCodes.Stfld, RuntimeMembers.OutcomeFuel(kind));
        Il.Emit(OpCodes.Ldloc, _outcome);
    }

    /// <summary>Gives the fuel to the store, before functions of the runtime.</summary>
    public void LendFuel()
    {
        Il.Emit(OpCodes.Ldloc, _store);
        LoadFuelLeft();
        Il.Emit(OpCodes.Stfld, RuntimeMembers.StoreFuel);
    }

    /// <summary>Takes what they left.</summary>
    public void TakeFuelBack()
    {
        Il.Emit(OpCodes.Ldloc, _store);
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreFuel);
        StoreFuel();
    }

    /// <summary>After calls: the memory may have grown, and nothing is kept in registers over them.</summary>
    public void Reload()
    {
        LoadInstance();
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.ContextStore);
        Il.Emit(OpCodes.Stloc, _store);
        Memory.Reload();
    }

    /// <summary>Stops here if there is less fuel than the floor.</summary>
    public void CheckInterruption()
    {
        LoadFuel();
        Il.Emit(OpCodes.Ldloc, _store);
        Il.Emit(OpCodes.Volatile);
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreFuelFloor);
        Il.Emit(OpCodes.Blt, Traps.Label(TrapKind.OutOfFuel, interruption: true));
    }

    /// <summary>
    /// The same where a loop begins. Written so that going on is the branch: the compiler of machine code copies it to
    /// the loop's end, as the branch back.
    /// </summary>
    public void CheckLoop()
    {
        var on = Il.DefineLabel();
        LoadFuel();
        Il.Emit(OpCodes.Ldloc, _store);
        Il.Emit(OpCodes.Volatile);
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreFuelFloor);
        Il.Emit(OpCodes.Bge, on);
        Traps.Throw(TrapKind.OutOfFuel, interruption: true);
        Il.MarkLabel(on);
    }

    public void Call(MethodInfo method) => Il.Emit(OpCodes.Call, method);

    /// <summary>Zeroes the variables from <paramref name="first"/> on.</summary>
    private void ClearVariables(int first)
    {
        for (var i = first; i < _variables.Count; i++)
        {
            LoadConstant(new Operand(_variables.KindOf(i), Place.Constant));
            _variables.Store(i);
        }
    }

    /// <summary>Compares an address in this frame with the limit.</summary>
    private void CheckStack()
    {
        var here = Il.DeclareLocal(typeof(int));
        Il.Emit(OpCodes.Ldloca, here);
        Il.Emit(OpCodes.Conv_U);
        Il.Emit(OpCodes.Ldloc, _store);
        Il.Emit(OpCodes.Ldfld, RuntimeMembers.StoreStackLimit);
        Il.Emit(OpCodes.Blt_Un, Traps.Label(TrapKind.StackExhausted));
    }

    private void LoadConstant(in Operand operand)
    {
        switch (operand.Kind)
        {
            case ValueKind.I32:
                Il.LoadInt((int)operand.Bits);
                break;
            case ValueKind.I64:
                Il.LoadLong((long)operand.Bits);
                break;
            case ValueKind.F32 when !float.IsNaN(BitConverter.UInt32BitsToSingle((uint)operand.Bits)):
                Il.Emit(OpCodes.Ldc_R4, BitConverter.UInt32BitsToSingle((uint)operand.Bits));
                break;
            case ValueKind.F64 when !double.IsNaN(BitConverter.UInt64BitsToDouble(operand.Bits)):
                Il.Emit(OpCodes.Ldc_R8, BitConverter.UInt64BitsToDouble(operand.Bits));
                break;
            case ValueKind.F32 or ValueKind.F64:
                LoadOpaque(in operand);
                break;
            case ValueKind.V128:
                Il.LoadLong((long)operand.Bits);
                Il.LoadLong((long)operand.HighBits);
                Il.Emit(OpCodes.Call, VectorOperations.ConstantMethod);
                break;
            default:
                Il.Emit(OpCodes.Ldnull);
                break;
        }
    }

    /// <summary>
    /// Reads a local now for the values below <paramref name="height"/> that stand for what it holds.
    /// </summary>
    private void KeepReads(int local, int height)
    {
        for (var i = 0; i < height; i++)
        {
            if (_stack[i].Place == Place.Local && _stack[i].Local == local)
                MoveToSlot(i);
        }
    }

    /// <summary>Takes a value off the evaluation stack. It must be the topmost that is there.</summary>
    private void Spill(int index)
    {
        if (_stack[index].Place == Place.Evaluation)
            MoveToSlot(index);
    }

    private void MoveToSlot(int index)
    {
        var operand = _stack[index];
        if (operand.Place == Place.Slot)
            return;
        Load(in operand);
        if (operand.IsRotation)
            Settle(operand.Kind);
        var slot = Slot(index, operand.Kind);
        Il.Emit(OpCodes.Stloc, slot);
        _stack[index] = new Operand(operand.Kind, Place.Slot) { Slot = slot };
    }
}
