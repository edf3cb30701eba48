namespace Quoin.Wasm.Running;

/// <summary>
/// What a compiled function gives: its first result and the fuel that is left. It comes back in two registers, where a
/// field of the store would cost a write and a read for every call. Functions without results give the fuel alone.
/// </summary>
internal readonly struct Outcome<T>(T value, long fuel)
{
    public readonly T Value = value;
    public readonly long Fuel = fuel;
}
