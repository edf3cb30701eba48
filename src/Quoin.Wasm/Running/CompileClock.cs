namespace Quoin.Wasm.Running;

/// <summary>The time that a module may take to be validated and compiled.</summary>
internal sealed class CompileClock(EngineOptions options, CancellationToken cancellationToken)
{
    private readonly long _started = options.Time.GetTimestamp();

    public TimeSpan Elapsed => options.Time.GetElapsedTime(_started);

    /// <summary>Throws when it is over, or nobody waits for the module any more.</summary>
    public void Check()
    {
        cancellationToken.ThrowIfCancellationRequested();
        var limit = options.Limits.CompileTime;
        if (Elapsed > limit)
            throw new ModuleException(ModuleFaultKind.CompileTime, $"compiling took longer than {limit}", 0);
    }
}
