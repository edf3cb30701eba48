namespace Quoin.Wasm;

/// <summary>
/// How large modules and instances may be. A module over a limit is refused (<see cref="ModuleException"/>), an
/// instance is not made (<see cref="LinkException"/>), growing answers -1 as the specification has it. What one call
/// may
/// use is a <see cref="CallBudget"/>.
/// </summary>
public sealed record WasmLimits
{
    /// <summary>A module's bytes. 16 MiB; an agent has 0.5 KB to 500 KB, a JavaScript engine 10 MB.</summary>
    public int ModuleBytes { get; init; } = 16 << 20;

    /// <summary>Entries of any one section: types, imports, exports, globals, segments. 100,000, as browsers.</summary>
    public int SectionEntries { get; init; } = 100_000;

    /// <summary>
    /// Instructions of all constants of a module, and entries of all its element segments. 400,000: each takes some 100
    /// bytes as long as the module is there.
    /// </summary>
    public int ConstantInstructions { get; init; } = 400_000;

    /// <summary>Functions that a module defines. 20,000: each is a method to compile (some 0.03 ms at least).</summary>
    public int Functions { get; init; } = 20_000;

    /// <summary>Bytes of one function. 128 KiB: compiling one function cannot be interrupted.</summary>
    public int FunctionBytes { get; init; } = 128 << 10;

    /// <summary>Locals of a function with its parameters. 2,000: with 16 bytes each they bound its frame.</summary>
    public int Locals { get; init; } = 2_000;

    /// <summary>Parameters, and results, of a function or block. 1,000, as browsers.</summary>
    public int Parameters { get; init; } = 1_000;

    /// <summary>
    /// Bytes of code made of one function, for the runtime's compiler to compile. 2 MiB, more than bodies of 128 KiB
    /// usually give; branches that carry hundreds of values give more than any number of bytes.
    /// </summary>
    public int CompiledBytes { get; init; } = 2 << 20;

    /// <summary>Blocks inside each other. 500: the compiler's time grows with their square.</summary>
    public int Nesting { get; init; } = 500;

    /// <summary>Values on the operand stack of a function. 4,000: they may all be in its frame at once.</summary>
    public int OperandStack { get; init; } = 4_000;

    /// <summary>Targets of one <c>br_table</c>. 65,536.</summary>
    public int BranchTargets { get; init; } = 65_536;

    /// <summary>Pages of 64 KiB that a memory may have. 1,024, which is 64 MiB; 65,536 at most.</summary>
    public uint MemoryPages { get; init; } = 1_024;

    /// <summary>Entries of a table. 100,000, which take 800 KB.</summary>
    public uint TableEntries { get; init; } = 100_000;

    /// <summary>Tables of one module. 16.</summary>
    public int Tables { get; init; } = 16;

    /// <summary>Instances in one store. 100.</summary>
    public int Instances { get; init; } = 100;

    /// <summary>
    /// Time to compile a module. 10 s; looked at between functions, so that it may be passed by what the largest
    /// function takes (less than 1 s with <see cref="FunctionBytes"/> as it is).
    /// </summary>
    public TimeSpan CompileTime { get; init; } = TimeSpan.FromSeconds(10);
}
