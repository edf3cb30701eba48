using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.CircuitBreaker;

/// <summary><see cref="CircuitBreakerOptions"/> in clock ticks.</summary>
internal sealed record BreakerSettings(
    bool Enabled, int FailureThreshold, long Interval, long Timeout, int MaxRequests)
{
    public static BreakerSettings From(CircuitBreakerOptions options, long ticksPerSecond) => new(
        options.Enabled,
        options.FailureThreshold,
        Ticks(options.Interval, ticksPerSecond),
        Ticks(options.Timeout, ticksPerSecond),
        options.MaxRequests);

    private static long Ticks(TimeSpan time, long ticksPerSecond) => (long)(time.TotalSeconds * ticksPerSecond);
}
