namespace Quoin.Http.Benchmarking.Measuring;

/// <summary>
/// Counts and times of many exchanges. Several workers share one, so that many connections cost no more.
/// </summary>
internal sealed class Recorder
{
    private readonly Lock _lock = new();

    public LatencyHistogram Latency { get; } = new();

    public LatencyHistogram FirstByte { get; } = new();

    public LatencyHistogram Connect { get; } = new();

    public LatencyHistogram FirstEvent { get; } = new();

    public LatencyHistogram Gaps { get; } = new();

    public LatencyHistogram Lateness { get; } = new();

    /// <summary>By the status' hundreds.</summary>
    public long[] Statuses { get; } = new long[10];

    /// <summary>By <see cref="Failure"/>.</summary>
    public long[] Failures { get; } = new long[6];

    public long BytesIn { get; private set; }

    public long BytesOut { get; private set; }

    public long Streams { get; private set; }

    public long Events { get; private set; }

    public long TruncatedStreams { get; private set; }

    /// <summary>When the last exchange ended.</summary>
    public long LastEnd { get; private set; }

    /// <param name="lateness">How late the start was by nobody's fault but the benchmark's own; null: unknown.</param>
    public void Add(Exchange exchange, long? lateness)
    {
        var now = exchange.Clock.Now;
        lock (_lock)
        {
            Failures[(int)exchange.Failure]++;
            if (exchange.Failure == Failure.None)
            {
                Statuses[exchange.Status / 100]++;
            }

            // What was given up has taken so long at least: without it, the worst answers would better the picture.
            if (exchange.Failure is Failure.None or Failure.Timeout)
            {
                Latency.Add(now - exchange.Intended);
            }

            if (exchange.FirstByte is { } first)
            {
                FirstByte.Add(first - exchange.Intended);
            }

            if (exchange.Connected is { } connected)
            {
                Connect.Add(connected);
            }

            if (lateness is { } late)
            {
                Lateness.Add(late);
            }

            if (exchange.IsStream)
            {
                AddStream(exchange);
            }

            BytesIn += exchange.BytesIn;
            BytesOut += exchange.BytesOut;
            LastEnd = Math.Max(LastEnd, now);
        }
    }

    /// <summary>A connection that was opened, or not, ahead of the first exchange.</summary>
    public void AddConnection(Exchange exchange)
    {
        lock (_lock)
        {
            if (exchange.Connected is { } connected)
            {
                Connect.Add(connected);
            }

            if (exchange.Failure != Failure.None)
            {
                Failures[(int)exchange.Failure]++;
            }
        }
    }

    /// <summary>Gaps are kept by each worker, and joined when it has ended.</summary>
    public void AddGaps(LatencyHistogram gaps)
    {
        lock (_lock)
        {
            Gaps.Add(gaps);
        }
    }

    public void Add(Recorder other)
    {
        Latency.Add(other.Latency);
        FirstByte.Add(other.FirstByte);
        Connect.Add(other.Connect);
        FirstEvent.Add(other.FirstEvent);
        Gaps.Add(other.Gaps);
        Lateness.Add(other.Lateness);
        for (var i = 0; i < Statuses.Length; i++)
        {
            Statuses[i] += other.Statuses[i];
        }

        for (var i = 0; i < Failures.Length; i++)
        {
            Failures[i] += other.Failures[i];
        }

        BytesIn += other.BytesIn;
        BytesOut += other.BytesOut;
        Streams += other.Streams;
        Events += other.Events;
        TruncatedStreams += other.TruncatedStreams;
        LastEnd = Math.Max(LastEnd, other.LastEnd);
    }

    private void AddStream(Exchange exchange)
    {
        Streams++;
        Events += exchange.Events.Events;
        TruncatedStreams += exchange.Failure != Failure.None || exchange.Events.InsideEvent ? 1 : 0;
        if (exchange.Events.First is { } first)
        {
            FirstEvent.Add(first - exchange.Intended);
        }
    }
}
