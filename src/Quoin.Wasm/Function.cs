using System.Runtime.CompilerServices;
using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>
/// A function of an instance or of the host, as tables hold it and hosts call it. It keeps alive all that its code
/// needs: the raw address of the code does not.
/// </summary>
public sealed unsafe class Function
{
    // Compiled code reads these four.
    internal readonly nint Code;
    internal readonly FunctionContext Context;
    internal readonly long TypeId;
    internal readonly nint Entry;

    internal Function(CanonicalType type, nint code, nint entry, FunctionContext context, string name)
    {
        Code = code;
        Context = context;
        TypeId = type.Id;
        Entry = entry;
        CanonicalType = type;
        Name = name;
    }

    /// <summary>What it takes and gives.</summary>
    public FunctionType Type => CanonicalType.Type;

    /// <summary>Its name in its module, or what stands for it.</summary>
    public string Name { get; }

    /// <summary>The store of its instance: one call at a time runs in it.</summary>
    public Store Store => Context.Store;

    internal CanonicalType CanonicalType { get; }

    /// <summary>Calls it. What goes wrong in the program is a <see cref="Trap"/>.</summary>
    /// <param name="arguments">As many and of the kinds that <see cref="Type"/> says.</param>
    /// <param name="budget">What the call may use. Within a host function the budget of the running call goes on, and
    /// this says nothing.</param>
    public Value[] Call(ReadOnlySpan<Value> arguments, CallBudget? budget = null,
        CancellationToken cancellationToken = default)
    {
        var results = new Value[Type.Results.Length];
        Call(arguments, results, budget ?? CallBudget.Default, cancellationToken);
        return results;
    }

    /// <summary>Calls it and writes what it gives into <paramref name="results"/>.</summary>
    public void Call(ReadOnlySpan<Value> arguments, Span<Value> results, CallBudget budget,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(budget);
        CheckArguments(arguments);
        if (results.Length != Type.Results.Length)
            throw new ArgumentException($"{results.Length} results for {Type}", nameof(results));
        var slots = new CallSlots();
        var count = Math.Max(arguments.Length, results.Length);
        var span = count <= CallSlots.Count ? ((Span<Value>)slots)[..count] : new Value[count];
        arguments.CopyTo(span);
        using (Store.Enter(budget, cancellationToken))
        {
            ((delegate*<ref Value, nint, FunctionContext, void>)Entry)(
                ref System.Runtime.InteropServices.MemoryMarshal.GetReference(span), Code, Context);
            Store.CheckFuelLeft();
        }

        GC.KeepAlive(this);
        span[..results.Length].CopyTo(results);
    }

    /// <summary>Its name and type.</summary>
    public override string ToString() => $"{Name} {Type}";

    private void CheckArguments(ReadOnlySpan<Value> arguments)
    {
        if (arguments.Length != Type.Parameters.Length)
            throw new ArgumentException($"{arguments.Length} arguments for {Type}", nameof(arguments));
        for (var i = 0; i < arguments.Length; i++)
        {
            var type = Type.Parameters[i];
            if (arguments[i].Kind != type)
                throw new ArgumentException($"argument {i} is {arguments[i]} for {Type}", nameof(arguments));
            if (type == ValueKind.FuncRef && arguments[i].Reference is Function other && other.Store != Store)
                throw new ArgumentException($"argument {i} is a function of another store", nameof(arguments));
        }
    }

    /// <summary>Arguments and results of most calls fit here, without an allocation.</summary>
    [InlineArray(Count)]
    private struct CallSlots
    {
        public const int Count = 8;

#pragma warning disable IDE0044, IDE0051, CS0169, S1144 // The one element that an inline array declares.
        private Value _element;
#pragma warning restore IDE0044, IDE0051, CS0169, S1144
    }
}
