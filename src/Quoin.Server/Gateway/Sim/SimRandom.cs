namespace Quoin.Server.Gateway.Sim;

/// <summary>SplitMix64 (Steele, Lea, Flood 2014): a few instructions to seed, unlike <see cref="Random"/>.</summary>
internal struct SimRandom(ulong seed)
{
    private ulong _state = seed;

    public ulong Next()
    {
        _state += 0x9E3779B97F4A7C15;
        return SimHash.Mix(_state);
    }

    /// <summary>0 to <paramref name="bound"/> - 1.</summary>
    public int Below(int bound) => (int)(Next() % (ulong)bound);

    /// <summary>0 up to, not including, 1.</summary>
    public double Fraction() => (Next() >> 11) * (1.0 / (1UL << 53));
}
