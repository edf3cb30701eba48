using Quoin.Wasm.Running;

namespace Quoin.Wasm;

/// <summary>A module with its own memory, tables and globals, or those it imported.</summary>
public sealed class Instance
{
    private readonly InstanceState _state;
    private readonly Dictionary<string, int> _exports;

    private Instance(Module module, InstanceState state)
    {
        Module = module;
        _state = state;
        _exports = module.Code.ExportIndices;
    }

    /// <summary>The module.</summary>
    public Module Module { get; }

    /// <summary>The store.</summary>
    public Store Store => _state.Store;

    /// <summary>Makes an instance: links the imports, fills memory and tables, runs the start function.</summary>
    /// <param name="budget">What the start function may use.</param>
    /// <exception cref="LinkException">An import is missing or of another type, or a limit was reached.</exception>
    /// <exception cref="Trap">A segment does not fit, or the start function trapped. What was written into imported
    /// memories and tables before stays, as the specification has it.</exception>
    public static Instance Create(Store store, Module module, Imports? imports = null, CallBudget? budget = null,
        CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(store);
        ArgumentNullException.ThrowIfNull(module);
        store.CountInstance();
        var state = Instantiation.Link(store, module, imports ?? Imports.None);
        using (store.Enter(budget ?? CallBudget.Default, cancellationToken))
            Instantiation.Fill(state, module);
        var instance = new Instance(module, state);
        if (module.Code.Syntax.Start is { } start)
            state.FunctionAt((int)start).Call([], [], budget ?? CallBudget.Default, cancellationToken);
        return instance;
    }

    /// <summary>What it exports under the name, ready to be imported by another; null: nothing.</summary>
    public Import? Export(string name)
    {
        if (!_exports.TryGetValue(name, out var position))
            return null;
        var export = Module.Code.Syntax.Exports[position];
        return export.Kind switch
        {
            ExternalKind.Function => Import.Of(_state.FunctionAt((int)export.Index)),
            ExternalKind.Table => Import.Of(_state.Tables[export.Index]),
            ExternalKind.Memory => Import.Of(_state.Memory!),
            _ => Import.Of(_state.Globals[export.Index]),
        };
    }

    /// <summary>The function it exports under the name; null: none.</summary>
    public Function? Function(string name) => Export(name)?.Target as Function;

    /// <summary>The memory it exports under the name; null: none.</summary>
    public Memory? Memory(string name = "memory") => Export(name)?.Target as Memory;

    /// <summary>The table it exports under the name; null: none.</summary>
    public Table? Table(string name) => Export(name)?.Target as Table;

    /// <summary>The global it exports under the name; null: none.</summary>
    public Global? Global(string name) => Export(name)?.Target as Global;
}
