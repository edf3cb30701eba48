using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class JobMetrics
{
    private static readonly string[] Statuses = [.. Enum.GetNames<JobStatus>().Select(name => name.ToLowerInvariant())];

    // From accepted to finished: waiting for a slot, pauses after failures and downtime included.
    private static readonly double[] Bounds = [0.1, 0.5, 1, 5, 10, 30, 60, 300, 900, 3600, 14400, 86400];

    private readonly CounterSeries _accepted;
    private readonly CounterFamily _refused;
    private readonly CounterFamily _finished;
    private readonly CounterSeries _runs;
    private readonly CounterFamily _webhooks;
    private readonly HistogramSeries _duration;
    private readonly double _ticksPerSecond;

    public JobMetrics(MetricRegistry registry, JobTable table, TimeProvider time)
    {
        _ticksPerSecond = time.TimestampFrequency;
        _accepted = registry.Counter(new(
            "quoin_jobs_accepted_total", "quoin.jobs.accepted", "{job}", "Jobs on disk before their 202.")).With();
        _refused = registry.Counter(new(
            "quoin_jobs_refused_total", "quoin.jobs.refused", "{job}",
            "Jobs refused with 503.", "reason"));
        _finished = registry.Counter(new(
            "quoin_jobs_finished_total", "quoin.jobs.finished", "{job}", "Jobs by how they ended.", "status"));
        _runs = registry.Counter(new(
            "quoin_jobs_runs_total", "quoin.jobs.runs", "{run}", "Runs of jobs begun, repeated ones included.")).With();
        _webhooks = registry.Counter(new(
            "quoin_webhook_calls_total", "quoin.webhook.calls", "{call}", "Calls of webhooks by outcome.", "outcome"));
        _duration = registry.Durations(
            new(
                "quoin_jobs_duration_seconds", "quoin.jobs.duration", "s",
                "Time from a job's acceptance to its end."),
            Bounds).With();
        registry.Callback(
            new("quoin_jobs", "quoin.jobs.count", "{job}", "Jobs kept, by status.", "status"),
            MetricKind.Gauge,
            () => table.Counts().Select((count, status) => (new[] { Statuses[status] }, (double)count)));
        registry.Callback(
            new("quoin_jobs_bytes", "quoin.jobs.size", "By", "Bytes of the bodies and results of all jobs."),
            MetricKind.Gauge, () => table.Bytes);
    }

    public static string NameOf(JobStatus status) => Statuses[(int)status];

    public void Accepted() => _accepted.Add(Stripes.Current, 1);

    public void Refused(string reason) => _refused.With(reason).Add(Stripes.Current, 1);

    public void Run() => _runs.Add(Stripes.Current, 1);

    public void Finished(Job job)
    {
        _finished.With(NameOf(job.Status)).Add(Stripes.Current, 1);
        if (job.Finished is { } finished)
        {
            _duration.Record(
                Stripes.Current, (long)((finished - job.Request.Created).TotalSeconds * _ticksPerSecond));
        }
    }

    public void Webhook(string outcome) => _webhooks.With(outcome).Add(Stripes.Current, 1);
}
