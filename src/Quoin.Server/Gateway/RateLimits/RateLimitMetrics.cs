using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class RateLimitMetrics
{
    private readonly CounterFamily _refusals;

    public RateLimitMetrics(MetricRegistry registry)
    {
        _refusals = registry.Counter(new(
            "quoin_rate_limit_refusals_total", "quoin.rate_limit.refusals", "{request}",
            "Requests that were refused by the limit that refused them.",
            "limit"));
        foreach (var limit in (string[])["requests", "model", "tokens"])
        {
            _refusals.With(limit);
        }
    }

    public void Refuse(string limit) => _refusals.With(limit).Add(Stripes.Current, 1);
}
