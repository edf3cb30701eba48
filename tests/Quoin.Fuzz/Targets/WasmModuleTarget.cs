using Quoin.Fuzz.Wasm;
using Quoin.Wasm;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// Bent modules are refused, or compile and run to an end or a trap. Nothing else comes out of them, and nothing takes
/// the process down.
/// </summary>
internal sealed class WasmModuleTarget() : FuzzTarget("wasm-module", InputFormat.Text)
{
    private static readonly CallBudget Budget = new() { Fuel = 100_000, StackBytes = 128 << 10 };
    private static readonly Lazy<Engine> Lazy = new(() => new Engine(new EngineOptions
    {
        Lazy = true,
        ModuleCacheSize = 0,
        Limits = new WasmLimits { MemoryPages = 16, TableEntries = 1_000 },
    }));

    public override IEnumerable<byte[]> Corpus()
    {
        var random = new Random(2);
        for (var i = 0; i < 100; i++)
        {
            var choices = new byte[20 + (i * 2)];
            random.NextBytes(choices);
            yield return ModuleGenerator.Generate(choices).Module;
        }

        yield return new ModuleWriter().ImportFunction("h", "f", "i:i").ImportMemory("h", "m", 1)
            .ImportTable("h", "t", 'r', 1).ImportGlobal("h", "g", 'i', true)
            .Function("run", "i:i", "local.get 0; call 0")
            .Elements("i32.const 0", 0).Data("i32.const 0", [1, 2]).Build();
    }

    public override void Run(byte[] input)
    {
        var engine = Lazy.Value;
        if (engine.Validate(input) is not null)
            return;
        using var store = new Store(engine);
        try
        {
            var module = engine.Compile(input);
            var instance = Instance.Create(store, module, Grant(store, module), Budget);
            foreach (var export in module.Exports.Where(export => export.Kind == ExternalKind.Function))
                Call(instance.Function(export.Name)!);
        }
        catch (WasmException)
        {
            // Too large for the limits, or its start function or a segment trapped.
        }
    }

    private static void Call(Function function)
    {
        try
        {
            function.Call([.. function.Type.Parameters.Select(Value.Zero)], Budget);
        }
        catch (Trap)
        {
            // As documented.
        }
    }

    /// <summary>Everything that the module asks for.</summary>
    private static Imports Grant(Store store, Module module)
    {
        var imports = new Imports();
        foreach (var import in module.Imports)
        {
            imports.Add(import.Module, import.Name, import.Type switch
            {
                FunctionType type => Import.Of(type, (_, _, _) => { }),
                MemoryType type => Import.Of(Memory.Create(store, type)),
                TableType type => Import.Of(Table.Create(store, type)),
                GlobalType type => Import.Of(Global.Create(store, type, Value.Zero(type.Kind))),
                _ => throw new FuzzFailure("an import of no kind"),
            });
        }

        return imports;
    }
}
