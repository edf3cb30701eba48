namespace Quoin.Wasm.Running;

/// <summary>
/// What a compiled function gives: its first result and the fuel that is left. It comes back in two registers, where a
/// field of the store would cost a write and a read for every call. Functions without results give the fuel alone.
/// </summary>
internal struct Outcome<T>
{
    public T Value;
    public long Fuel;
}
