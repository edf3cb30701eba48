using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class RateLimitMetrics
{
    private readonly CounterFamily _refusals;
    private readonly CounterFamily _fallbacks;
    private readonly CounterFamily _lost;

    public RateLimitMetrics(MetricRegistry registry)
    {
        _refusals = registry.Counter(new(
            "quoin_rate_limit_refusals_total", "quoin.rate_limit.refusals", "{request}",
            "Requests that were refused by the limit that refused them.",
            "limit"));
        _fallbacks = registry.Counter(new(
            "quoin_rate_limit_fallbacks_total", "quoin.rate_limit.fallbacks", "{request}",
            "Requests that counted at this process alone, because Redis or the supervisor did not answer in time."));
        _lost = registry.Counter(new(
            "quoin_rate_limit_settlements_lost_total", "quoin.rate_limit.settlements.lost", "{settlement}",
            "Differences between what was reserved and used that did not get to Redis, or may not have."));
        _fallbacks.With();
        _lost.With();
        foreach (var limit in Limit.All)
        {
            _refusals.With(limit.Name);
        }
    }

    public void FallBack() => _fallbacks.With().Add(Stripes.Current, 1);

    public void Lose(int count) => _lost.With().Add(Stripes.Current, count);

    public void Refuse(string limit) => _refusals.With(limit).Add(Stripes.Current, 1);
}
