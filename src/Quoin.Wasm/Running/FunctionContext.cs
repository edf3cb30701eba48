namespace Quoin.Wasm.Running;

/// <summary>What a function gets as its last argument: its instance, or a host function's binding.</summary>
internal abstract class FunctionContext(Store store)
{
    public readonly Store Store = store;
}
