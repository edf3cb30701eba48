using System.Runtime.ExceptionServices;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Emit;
using Quoin.Wasm.Validation;

namespace Quoin.Wasm.Running;

/// <summary>
/// Decodes, validates and compiles: each module on a thread of its own with a known stack, a few at a time. The time is
/// looked at between functions; making machine code of one cannot be interrupted.
/// </summary>
internal sealed class ModuleCompiler(EngineOptions options) : IDisposable
{
    /// <summary>The just-in-time compiler walks expressions recursively.</summary>
    private const int StackBytes = 8 << 20;

    private readonly SemaphoreSlim _turns = new(options.CompileConcurrency);

    public Module Compile(byte[] bytes, string digest, CancellationToken cancellationToken)
    {
        Module? module = null;
        ExceptionDispatchInfo? fault = null;
        _turns.Wait(cancellationToken);
        try
        {
            var thread = new Thread(
                () =>
                {
                    try
                    {
                        module = CompileHere(bytes, digest, cancellationToken);
                    }
                    catch (Exception e)
                    {
                        fault = ExceptionDispatchInfo.Capture(e);
                    }
                },
                StackBytes)
            { IsBackground = true, Name = "wasm-compile" };
            thread.Start();
            thread.Join();
        }
        finally
        {
            _turns.Release();
        }

        fault?.Throw();
        return module!;
    }

    public void Dispose() => _turns.Dispose();

    private Module CompileHere(byte[] bytes, string digest, CancellationToken cancellationToken)
    {
        var started = options.Time.GetTimestamp();
        var syntax = ModuleDecoder.Decode(bytes, options.Limits);
        ModuleValidator.Validate(syntax, options.Limits);
        var code = ModuleEmitter.Emit(syntax, options.Limits, CheckTime);
        if (!options.Lazy)
        {
            for (var i = 0; i < code.Methods; i++)
            {
                CheckTime();
                code.Prepare(i);
            }
        }

        return new Module(code, digest, options.Time.GetElapsedTime(started));

        void CheckTime()
        {
            cancellationToken.ThrowIfCancellationRequested();
            var limit = options.Limits.CompileTime;
            if (options.Time.GetElapsedTime(started) > limit)
                throw new ModuleException(ModuleFaultKind.CompileTime, $"compiling took longer than {limit}", 0);
        }
    }
}
