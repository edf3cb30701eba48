namespace Quoin.Wasm;

/// <summary>How an <see cref="Engine"/> works.</summary>
public sealed record EngineOptions
{
    /// <summary>How large modules and instances may be.</summary>
    public WasmLimits Limits { get; init; } = new();

    /// <summary>
    /// Whether machine code is made of a function when it is first called, not of all functions with the module. False
    /// by default: then <see cref="WasmLimits.CompileTime"/> bounds all compiling. True starts large modules sooner,
    /// and is for modules that are trusted: the time goes to the call that comes first, and is not bounded.
    /// </summary>
    public bool Lazy { get; init; }

    /// <summary>Compiled modules kept for the next time they are asked for. 100 by default; 0: none.</summary>
    public int ModuleCacheSize { get; init; } = 100;

    /// <summary>
    /// Memories kept for the next instance, cleared. 64 by default; 0: none. Each holds the pages it was used with, up
    /// to 4 MiB.
    /// </summary>
    public int PooledMemories { get; init; } = 64;

    /// <summary>Modules compiled at the same time; others wait. As many as half the processors by default.</summary>
    public int CompileConcurrency { get; init; } = Math.Max(1, System.Environment.ProcessorCount / 2);

    /// <summary>The clock of deadlines and of compile time.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;
}
