using System.Reflection.Emit;

namespace Quoin.Wasm.Emit;

/// <summary>
/// The locals of a program: arguments of the compiled function, or locals of it. A body that stands inside another has
/// its own, behind those that were there; indices in bodies count from where it begins.
/// </summary>
internal sealed class Variables(ILGenerator il)
{
    private readonly List<Variable> _all = [];

    private readonly record struct Variable(ValueKind Kind, int Argument, LocalBuilder? Local);

    /// <summary>Where the variables of the body begin that is written.</summary>
    public int First { get; set; }

    public int Count => _all.Count;

    public ValueKind KindOf(int variable) => _all[variable].Kind;

    public void AddArguments(ReadOnlySpan<ValueKind> kinds)
    {
        foreach (var kind in kinds)
            _all.Add(new Variable(kind, _all.Count, null));
    }

    public void Declare(ReadOnlySpan<ValueKind> kinds)
    {
        foreach (var kind in kinds)
            _all.Add(new Variable(kind, -1, il.DeclareLocal(RuntimeMembers.TypeOf(kind))));
    }

    public void Load(int variable)
    {
        if (_all[variable].Local is { } local)
            il.Emit(OpCodes.Ldloc, local);
        else
            il.LoadArgument(_all[variable].Argument);
    }

    public void Store(int variable)
    {
        if (_all[variable].Local is { } local)
            il.Emit(OpCodes.Stloc, local);
        else
            il.StoreArgument(_all[variable].Argument);
    }
}
