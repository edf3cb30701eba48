using Quoin.Server.Telemetry;

namespace Quoin.Server.Storage.Journal;

/// <summary>docs/metrics.md describes them to users.</summary>
internal sealed class JournalMetrics
{
    // An SSD with a capacitor takes 20 µs, a laptop's 1 ms, a busy disk 100 ms.
    private static readonly double[] SyncBounds =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1, 5];

    private readonly HistogramSeries _sync;
    private readonly CounterSeries _records;
    private readonly CounterSeries _compactions;
    private readonly CounterFamily _failures;
    private long _bytes;

    public JournalMetrics(MetricRegistry registry)
    {
        _sync = registry.Durations(
            new(
                "quoin_journal_sync_seconds", "quoin.journal.sync.duration", "s",
                "Time of one write and sync of the journal, which serves all records that waited."),
            SyncBounds).With();
        _records = registry.Counter(new(
            "quoin_journal_records_total", "quoin.journal.records", "{record}",
            "Records made durable.")).With();
        _compactions = registry.Counter(new(
            "quoin_journal_compactions_total", "quoin.journal.compactions", "{compaction}",
            "Times the journal was written anew.")).With();
        _failures = registry.Counter(new(
            "quoin_journal_failures_total", "quoin.journal.failures", "{failure}",
            "Failures of the journal's disk by kind.",
            "kind"));
        _failures.With("full");
        _failures.With("error");
        registry.Callback(
            new("quoin_journal_bytes", "quoin.journal.size", "By", "Bytes of the journal's file."),
            MetricKind.Gauge, () => Volatile.Read(ref _bytes));
    }

    public void Synced(long ticks, int records)
    {
        _sync.Record(Stripes.Current, ticks);
        _records.Add(Stripes.Current, records);
    }

    public void Compacted() => _compactions.Add(Stripes.Current, 1);

    public void Failed(bool full) => _failures.With(full ? "full" : "error").Add(Stripes.Current, 1);

    public void Bytes(long bytes) => Volatile.Write(ref _bytes, bytes);
}
