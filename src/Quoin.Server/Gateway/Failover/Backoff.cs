using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.Failover;

/// <summary>
/// Length of the pause before a further try: full jitter, that is anything between nothing and a bound that grows from
/// pause to pause. Callers that failed together do not come back together.
/// </summary>
internal static class Backoff
{
    /// <param name="retry">From 0.</param>
    /// <param name="fraction">Random, from 0 up to 1.</param>
    public static TimeSpan Delay(RetryOptions options, int retry, double fraction)
    {
        var bound = options.InitialDelay.TotalSeconds * Math.Pow(options.Multiplier, retry);
        return TimeSpan.FromSeconds(Math.Min(bound, options.MaxDelay.TotalSeconds) * fraction);
    }
}
