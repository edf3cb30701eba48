namespace Quoin.Wasm;

/// <summary>
/// A function of the host. It runs on the program's thread, within its budget. It stops the program by throwing
/// <see cref="Trap.Refuse"/>; another exception goes through the program to the host's own call.
/// </summary>
/// <param name="caller">The instance that imported it.</param>
/// <param name="arguments">Of the kinds that its type says.</param>
/// <param name="results">To be filled with the kinds that its type says; they begin as zero and null.</param>
public delegate void HostFunction(Caller caller, ReadOnlySpan<Value> arguments, Span<Value> results);

/// <summary>
/// What a module gets for an import: a function of the host, or something that another instance exports.
/// </summary>
public sealed class Import
{
    private Import(ExternalKind kind, object target, FunctionType? hostType = null)
    {
        Kind = kind;
        Target = target;
        HostType = hostType;
    }

    /// <summary>What it is.</summary>
    public ExternalKind Kind { get; }

    /// <summary>A <see cref="HostFunction"/>, <see cref="Function"/>, <see cref="Memory"/>, <see cref="Table"/> or
    /// <see cref="Global"/>.</summary>
    internal object Target { get; }

    internal FunctionType? HostType { get; }

    /// <summary>A function of the host.</summary>
    public static Import Of(FunctionType type, HostFunction function)
    {
        ArgumentNullException.ThrowIfNull(type);
        ArgumentNullException.ThrowIfNull(function);
        return new Import(ExternalKind.Function, function, type);
    }

    /// <summary>A function of another instance in the store.</summary>
    public static Import Of(Function function) => new(ExternalKind.Function, function);

    /// <summary>A memory of the store.</summary>
    public static Import Of(Memory memory) => new(ExternalKind.Memory, memory);

    /// <summary>A table of the store.</summary>
    public static Import Of(Table table) => new(ExternalKind.Table, table);

    /// <summary>A global of the store.</summary>
    public static Import Of(Global global) => new(ExternalKind.Global, global);
}

/// <summary>What modules may import, by the two halves of its name. Nothing else can be reached from inside.</summary>
public sealed class Imports
{
    private readonly Dictionary<(string Module, string Name), Import> _imports = [];

    /// <summary>Nothing.</summary>
    public static Imports None { get; } = new();

    /// <summary>Grants an import, in place of one that had the name.</summary>
    public Imports Add(string module, string name, Import import)
    {
        ArgumentNullException.ThrowIfNull(import);
        _imports[(module, name)] = import;
        return this;
    }

    /// <summary>Grants a function of the host.</summary>
    public Imports Add(string module, string name, FunctionType type, HostFunction function) =>
        Add(module, name, Import.Of(type, function));

    /// <summary>Grants all exports of an instance under the name <paramref name="module"/>.</summary>
    public Imports Add(string module, Instance instance)
    {
        ArgumentNullException.ThrowIfNull(instance);
        foreach (var export in instance.Module.Exports)
            Add(module, export.Name, instance.Export(export.Name)!);
        return this;
    }

    internal Import? Find(string module, string name) => _imports.GetValueOrDefault((module, name));
}
