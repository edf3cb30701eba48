using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Admission;

/// <summary>What admission tells. docs/metrics.md describes it to users.</summary>
internal sealed class AdmissionMetrics
{
    /// <summary>By the number of <see cref="Refusal"/>.</summary>
    public static readonly string[] Reasons = ["full", "late", "expired", "pushed_out", "client_gone", "stopping"];

    // A free slot takes nothing; who waits, waits for the answers of others.
    private static readonly double[] WaitBounds =
        [0, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

    private readonly HistogramSeries _waits;
    private readonly CounterSeries _admitted;
    private readonly CounterSeries[] _refused;

    public AdmissionMetrics(MetricRegistry registry)
    {
        _waits = registry.Durations(
            new("quoin_queue_wait_seconds", "quoin.queue.wait", "s",
                "Time that admitted requests waited for their slot."),
            WaitBounds).With();
        _admitted = registry.Counter(new(
            "quoin_queue_admitted_total", "quoin.queue.admitted", "{request}", "Requests that got a slot.")).With();
        var refused = registry.Counter(new(
            "quoin_queue_refused_total", "quoin.queue.refused", "{request}",
            "Requests that got no slot, by reason.", "reason"));
        _refused = [.. Reasons.Select(reason => refused.With(reason))];
        Registry = registry;
    }

    private MetricRegistry Registry { get; }

    public long TotalAdmitted => _admitted.Read();

    public long TotalRefused(Refusal reason) => _refused[(int)reason].Read();

    public void Admitted(long waited)
    {
        var stripe = Stripes.Current;
        _admitted.Add(stripe, 1);
        _waits.Record(stripe, waited);
    }

    public void Refused(Refusal reason) => _refused[(int)reason].Add(Stripes.Current, 1);

    /// <summary>Adds the numbers that are read when the page is.</summary>
    public void Watch(AdmissionQueue queue)
    {
        Registry.Callback(
            new("quoin_queue_length", "quoin.queue.length", "{request}", "Requests that wait for a slot.", "priority"),
            MetricKind.Gauge,
            () => queue.Read().ByPriority.Select((count, i) => (new[] { Priorities.Names[i] }, (double)count)));
        Registry.Callback(
            new("quoin_queue_in_use", "quoin.queue.in_use", "{request}", "Slots that are taken."),
            MetricKind.Gauge, () => queue.Read().InUse);
        Registry.Callback(
            new("quoin_queue_limit", "quoin.queue.limit", "{request}", "Slots there are; 0 while the queue is off."),
            MetricKind.Gauge, () => queue.Read().Limit);
    }
}
