namespace Quoin.Wasm;

/// <summary>The root of all that this library throws by itself.</summary>
public abstract class WasmException : Exception
{
    private protected WasmException(string message)
        : base(message)
    {
    }
}

/// <summary>Why a module was refused.</summary>
public enum ModuleFaultKind
{
    /// <summary>The bytes are not a module.</summary>
    Malformed,

    /// <summary>The bytes are a module that breaks the rules of validation.</summary>
    Invalid,

    /// <summary>The module is larger in some way than <see cref="WasmLimits"/> allow.</summary>
    OverLimit,

    /// <summary>Compiling took longer than <see cref="WasmLimits.CompileTime"/>.</summary>
    CompileTime,
}

/// <summary>What is wrong with a module, and where.</summary>
/// <param name="Kind">What sort of fault it is.</param>
/// <param name="Message">What was found and what was wanted.</param>
/// <param name="Offset">The offset in the module's bytes.</param>
public sealed record ModuleFault(ModuleFaultKind Kind, string Message, int Offset);

/// <summary>A module was refused.</summary>
public sealed class ModuleException : WasmException
{
    internal ModuleException(ModuleFaultKind kind, string message, int offset)
        : base($"{message} (at offset {offset:x})")
    {
        Fault = new ModuleFault(kind, message, offset);
    }

    /// <summary>What is wrong with it.</summary>
    public ModuleFault Fault { get; }

    internal static ModuleException Malformed(string message, int offset) =>
        new(ModuleFaultKind.Malformed, message, offset);

    internal static ModuleException Invalid(string message, int offset) =>
        new(ModuleFaultKind.Invalid, message, offset);

    internal static ModuleException OverLimit(string what, long found, long most, int offset) =>
        new(ModuleFaultKind.OverLimit, $"{what}: {found}; at most {most}", offset);
}

/// <summary>
/// A module could not be instantiated: an import is missing or of another type, or a limit was reached.
/// </summary>
public sealed class LinkException : WasmException
{
    internal LinkException(string message)
        : base(message)
    {
    }
}
