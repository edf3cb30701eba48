namespace Quoin.Wasm.Running;

/// <summary>A host function as one instance imported it: the context that compiled stubs hand over.</summary>
internal sealed class HostBinding(InstanceState importer, FunctionType type, HostFunction function, string name)
    : FunctionContext(importer.Store)
{
    public InstanceState Importer { get; } = importer;

    /// <summary>For compiled stubs: room for the arguments and, after them, the results.</summary>
    public static ref Value Begin(HostBinding binding, out HostArgumentStack.Mark before)
    {
        var count = binding.Slots;
        var slots = binding.Store.HostArguments.Take(count, out before);
        return ref System.Runtime.InteropServices.MemoryMarshal.GetReference(slots);
    }

    /// <summary>For compiled stubs: runs the function on what is in the room.</summary>
    public static void Run(HostBinding binding, ref Value slots) => binding.Run(ref slots);

    /// <summary>For compiled stubs: the room is read and can be used again.</summary>
    public static void End(HostBinding binding, in HostArgumentStack.Mark before) =>
        binding.Store.HostArguments.Return(before);

    // One more, so that there is always a first.
    private int Slots => type.Parameters.Length + type.Results.Length + 1;

    private void Run(ref Value slots)
    {
        if (--Store.HostCallsLeft < 0)
            throw new Trap(TrapKind.HostCallLimit, Trap.Text(TrapKind.HostCallLimit), name, 0);
        Store.ThrowIfStopped();
        var all = System.Runtime.InteropServices.MemoryMarshal.CreateSpan(ref slots, Slots);
        var results = all.Slice(type.Parameters.Length, type.Results.Length);
        for (var i = 0; i < results.Length; i++)
            results[i] = Value.Zero(type.Results[i]);
        function(new Caller(this), all[..type.Parameters.Length], results);
        for (var i = 0; i < results.Length; i++)
            CheckResult(results[i], type.Results[i]);
        Store.ThrowIfStopped();
    }

    private void CheckResult(in Value result, ValueKind wanted)
    {
        if (result.Kind != wanted)
            throw new InvalidOperationException($"the host function {name} gave {result} for {wanted.Text()}");
        if (wanted != ValueKind.FuncRef || result.Reference is null)
            return;
        if (result.Reference is not Function reference || reference.Store != Store)
            throw new InvalidOperationException($"the host function {name} gave a function of another store");
    }
}
