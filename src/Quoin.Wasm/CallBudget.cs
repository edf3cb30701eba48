namespace Quoin.Wasm;

/// <summary>What one call from the host may use, with all that it calls. Beyond it the program traps.</summary>
public sealed record CallBudget
{
    /// <summary>What calls get that ask for nothing else.</summary>
    public static CallBudget Default { get; } = new();

    /// <summary>
    /// Units of work, the same on every machine: mostly one for an instruction, more for calls and divisions, and one
    /// for 8 bytes or one table entry of the instructions that move many. 10,000,000,000 by default: some 5 s of
    /// arithmetic.
    /// </summary>
    public long Fuel { get; init; } = 10_000_000_000;

    /// <summary>Time on the wall. Null, the default: none, fuel alone bounds it.</summary>
    public TimeSpan? Deadline { get; init; }

    /// <summary>
    /// Bytes of the calling thread's stack. 1 MiB by default; less where the thread has less, of which 256 KiB always
    /// stay for the host.
    /// </summary>
    public int StackBytes { get; init; } = 1 << 20;

    /// <summary>Calls of host functions. 1,000,000 by default.</summary>
    public long HostCalls { get; init; } = 1_000_000;

    /// <summary>Bytes that host functions read and write in the program's memory. 1 GiB by default.</summary>
    public long HostBytes { get; init; } = 1L << 30;
}
