using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Keys;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class KeyMetrics
{
    private readonly CounterFamily _refusals;

    public KeyMetrics(MetricRegistry registry)
    {
        _refusals = registry.Counter(new(
            "quoin_auth_refusals_total", "quoin.auth.refusals", "{request}",
            "Requests that were refused for their key by reason.",
            "reason"));
        foreach (var reason in (string[])["missing", "unknown", "expired", "model"])
        {
            _refusals.With(reason);
        }
    }

    public void Refuse(string reason) => _refusals.With(reason).Add(Stripes.Current, 1);
}
