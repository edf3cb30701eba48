using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Health;

/// <summary>The state of each configured provider, read when the page is.</summary>
internal static class ProviderMetrics
{
    public static void AddTo(
        MetricRegistry registry, SnapshotHolder snapshots, ProviderStates states, TimeProvider time)
    {
        void Gauge(string name, string instrument, string unit, string help, Func<ProviderState, double> read) =>
            registry.Callback(
                new(name, instrument, unit, help, "provider"),
                MetricKind.Gauge,
                () => snapshots.Current.Upstreams.Keys.Order(StringComparer.Ordinal)
                    .Select(provider => (new[] { provider }, read(states.Of(provider)))));

        Gauge(
            "quoin_circuit_breaker_state", "quoin.circuit_breaker.state", "1",
            "0 closed, 1 half-open, 2 open; of several keys the one that fares best.",
            state => (int)state.Circuit);
        Gauge(
            "quoin_provider_healthy", "quoin.provider.healthy", "1",
            "1 while the provider can be reached, 0 while it cannot.",
            state => state.Healthy ? 1 : 0);
        Gauge(
            "quoin_provider_drained", "quoin.provider.drained", "1",
            "1 while the operator has taken the provider out of use.",
            state => state.Drained ? 1 : 0);
        Gauge(
            "quoin_provider_in_flight", "quoin.provider.in_flight", "{call}",
            "Calls under way at the provider.",
            state => state.InFlight);
        Gauge(
            "quoin_provider_latency_seconds", "quoin.provider.latency", "s",
            "Moving average of the time to the first content, peaks counting in full.",
            state => state.Latency.Latest / time.TimestampFrequency);
    }
}
