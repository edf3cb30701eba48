using Quoin.Fuzz.Wasm;
using Quoin.Wasm;

namespace Quoin.Tests.Wasm;

/// <summary>Modules and instances that tests begin with.</summary>
internal static class TestModules
{
    /// <summary>Never ends.</summary>
    public const string Forever = "loop; br 0; end";

    public static byte[] OneFunction(string signature, string body, string locals = "") =>
        new ModuleWriter().Function("run", signature, body, locals).Build();

    public static Instance Instantiate(Store store, ModuleWriter writer, Imports? imports = null) =>
        Instance.Create(store, store.Engine.Compile(writer.Build()), imports);

    /// <summary>Calls the function <c>run</c>.</summary>
    public static Value[] Run(Instance instance, params Value[] arguments) =>
        instance.Function("run")!.Call(arguments);

    /// <summary>Calls the function <c>run</c>, which traps.</summary>
    public static Trap TrapOf(Instance instance, CallBudget? budget = null, params Value[] arguments) =>
        Assert.Throws<Trap>(() => instance.Function("run")!.Call(arguments, budget));
}
