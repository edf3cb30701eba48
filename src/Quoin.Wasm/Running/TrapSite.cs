namespace Quoin.Wasm.Running;

/// <summary>A place in compiled code where a program can be stopped.</summary>
/// <param name="Kind">Why it would be.</param>
/// <param name="Interruption">Why is found out at the time: fuel, deadline or cancellation.</param>
/// <param name="Function">The function's index.</param>
/// <param name="Offset">The instruction's offset in the module.</param>
/// <param name="PendingFuel">What the instructions before it in its block cost, and have not been charged yet.</param>
internal readonly record struct TrapSite(TrapKind Kind, bool Interruption, int Function, int Offset, int PendingFuel);

/// <summary>Called by compiled code where a program is stopped.</summary>
internal static class TrapSites
{
    /// <summary>The trap of a site. The code throws it, so that the compiler knows that nothing comes after.</summary>
    public static Trap Make(long fuel, InstanceState instance, int site)
    {
        var found = instance.Code.Sites[site];
        instance.Store.Fuel = fuel - found.PendingFuel;
        return Make(instance, found, found.Interruption ? instance.Store.Interruption() : found.Kind);
    }

    /// <summary>For runtime functions, which charge by themselves.</summary>
    public static Trap Make(InstanceState instance, int site, TrapKind kind) =>
        Make(instance, instance.Code.Sites[site], kind);

    private static Trap Make(InstanceState instance, in TrapSite site, TrapKind kind) =>
        new(kind, Trap.Text(kind), instance.Code.NameOf(site.Function), site.Offset);
}
