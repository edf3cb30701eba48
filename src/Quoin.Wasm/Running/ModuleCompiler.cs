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
        var clock = new CompileClock(options, cancellationToken);
        var syntax = ModuleDecoder.Decode(bytes, options.Limits);
        ModuleValidator.Validate(syntax, options.Limits, clock.Check);
        var code = ModuleEmitter.Emit(syntax, options.Limits, clock.Check);
        if (!options.Lazy)
        {
            for (var i = 0; i < code.Methods; i++)
            {
                clock.Check();
                code.Prepare(i);
            }
        }

        return new Module(code, digest, clock.Elapsed);
    }
}
