using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Idempotency;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class IdempotencyMetrics
{
    private readonly CounterFamily _requests;

    public IdempotencyMetrics(MetricRegistry registry, IdempotencyStore store)
    {
        _requests = registry.Counter(new(
            "quoin_idempotent_requests_total", "quoin.idempotent.requests", "{request}",
            "Requests with an Idempotency-Key by what became of them.",
            "outcome"));
        foreach (var outcome in (string[])["first", "replayed", "mismatch", "busy"])
        {
            _requests.With(outcome);
        }

        registry.Callback(
            new("quoin_idempotency_answers", "quoin.idempotency.answers", "{answer}", "Answers kept for their key."),
            MetricKind.Gauge, () => store.Count);
        registry.Callback(
            new("quoin_idempotency_bytes", "quoin.idempotency.size", "By", "Bytes of the answers kept."),
            MetricKind.Gauge, () => store.Bytes);
    }

    public void Count(string outcome) => _requests.With(outcome).Add(Stripes.Current, 1);
}
