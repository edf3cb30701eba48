using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>
/// What a host function may reach of the instance that imported it. Bytes handed out here count against
/// <see cref="CallBudget.HostBytes"/>.
/// </summary>
public readonly ref struct Caller
{
    private readonly HostBinding _binding;

    internal Caller(HostBinding binding) => _binding = binding;

    /// <summary>The store.</summary>
    public Store Store => _binding.Store;

    /// <summary>The running call's token, which its deadline does not cancel.</summary>
    public CancellationToken CancellationToken => _binding.Store.CancellationToken;

    /// <summary>The instance's memory; null: it has none.</summary>
    public Memory? Memory => _binding.Importer.Memory;

    /// <summary>
    /// A piece of the instance's memory, to read and to write, until the function returns or calls back into the
    /// program. The program traps if it is not all inside, or is more than it may have copied.
    /// </summary>
    public Span<byte> Bytes(int address, int length)
    {
        var store = _binding.Store;
        store.HostBytesLeft -= (uint)length;
        if (store.HostBytesLeft < 0)
            throw new Trap(TrapKind.HostByteLimit, Trap.Text(TrapKind.HostByteLimit));
        if (Memory is null || !Memory.TrySlice((uint)address, (uint)length, out var bytes))
            throw new Trap(TrapKind.MemoryOutOfBounds, Trap.Text(TrapKind.MemoryOutOfBounds));
        return bytes;
    }

    /// <summary>Takes fuel for work that the host does for the program.</summary>
    public void Charge(long fuel)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(fuel);
        var store = _binding.Store;
        store.Fuel -= fuel;
        if (store.Fuel < 0)
            throw new Trap(TrapKind.OutOfFuel, Trap.Text(TrapKind.OutOfFuel));
    }
}
