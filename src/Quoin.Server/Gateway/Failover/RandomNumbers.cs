using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Failover;

/// <summary>Random fractions for any number of threads, from a seeded <see cref="IdSource"/>.</summary>
internal sealed class RandomNumbers(IdSource source)
{
    /// <summary>From 0 up to but not including 1, in steps of 2^-53.</summary>
    public double Next() => (source.Next() >> 11) * (1.0 / (1UL << 53));
}
