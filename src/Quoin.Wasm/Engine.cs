using System.Security.Cryptography;
using Quoin.Wasm.Binary;
using Quoin.Wasm.Running;
using Quoin.Wasm.Validation;

namespace Quoin.Wasm;

/// <summary>
/// Compiles modules and keeps what instances share: limits, compiled modules, memories between two uses. One for a
/// process, used by any threads.
/// </summary>
public sealed class Engine : IDisposable
{
    private readonly EngineOptions _options;
    private readonly ModuleCache _cache;
    private readonly ModuleCompiler _compiler;

    /// <summary>Makes an engine.</summary>
    /// <exception cref="PlatformNotSupportedException">The processor is not little-endian with 64 bits, or the process
    /// cannot make code at run time.</exception>
    public Engine(EngineOptions? options = null)
    {
        if (!BitConverter.IsLittleEndian || nint.Size != 8)
            throw new PlatformNotSupportedException("WebAssembly needs a little-endian processor with 64 bits");
        if (!System.Runtime.CompilerServices.RuntimeFeature.IsDynamicCodeSupported)
            throw new PlatformNotSupportedException("WebAssembly needs a runtime that makes code");
        _options = options ?? new EngineOptions();
        _cache = new ModuleCache(_options.ModuleCacheSize);
        _compiler = new ModuleCompiler(_options);
        Memories = new MemoryPool(_options.PooledMemories);
    }

    /// <summary>How large modules and instances may be.</summary>
    public WasmLimits Limits => _options.Limits;

    internal TimeProvider Time => _options.Time;

    internal MemoryPool Memories { get; }

    /// <summary>What is wrong with the module; null: nothing. Nothing is compiled.</summary>
    public ModuleFault? Validate(ReadOnlySpan<byte> module)
    {
        try
        {
            var clock = new CompileClock(_options, CancellationToken.None);
            ModuleValidator.Validate(ModuleDecoder.Decode(module.ToArray(), Limits), Limits, clock.Check);
            return null;
        }
        catch (ModuleException fault)
        {
            return fault.Fault;
        }
    }

    /// <summary>
    /// Compiles a module, on a thread of its own, or finds it compiled. The caller waits until fewer modules than
    /// <see cref="EngineOptions.CompileConcurrency"/> are being compiled.
    /// </summary>
    /// <exception cref="ModuleException">It is refused.</exception>
    public Module Compile(ReadOnlySpan<byte> module, CancellationToken cancellationToken = default)
    {
        if (module.Length > Limits.ModuleBytes)
            throw ModuleException.OverLimit("bytes of the module", module.Length, Limits.ModuleBytes, 0);
        var digest = Convert.ToHexStringLower(SHA256.HashData(module));
        if (_cache.TryGet(digest, out var known))
            return known;
        var compiled = _compiler.Compile(module.ToArray(), digest, cancellationToken);
        _cache.Add(compiled);
        return compiled;
    }

    /// <summary>Forgets compiled modules and memories that wait. Stores in use go on.</summary>
    public void Dispose()
    {
        _cache.Clear();
        _compiler.Dispose();
        Memories.Dispose();
    }
}
