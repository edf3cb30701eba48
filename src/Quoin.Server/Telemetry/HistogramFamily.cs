using System.Diagnostics.Metrics;

namespace Quoin.Server.Telemetry;

/// <summary>
/// A histogram over whole numbers (clock ticks, tokens) with fixed bounds. Bounds and sum are told in
/// the metric's unit: seconds of ticks, or the number itself. They are divided, not multiplied by an inverse, so
/// that 1.09 s is told as 1.09.
/// </summary>
internal sealed class HistogramFamily : MetricFamily
{
    private readonly SeriesSet<HistogramSeries> _series;

    /// <param name="bounds">Rising upper bounds in the metric's unit, without infinity.</param>
    /// <param name="recordedPerUnit">What is recorded for one unit, such as 1e9 for nanosecond ticks.</param>
    public HistogramFamily(MetricDescription description, Meter meter, double[] bounds, double recordedPerUnit)
        : base(description, MetricKind.Histogram)
    {
        Bounds = bounds;
        RecordedPerUnit = recordedPerUnit;
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = bounds };
        var instrument = meter.CreateHistogram(
            description.Instrument!, description.Unit, description.Help, tags: null, advice);
        long[] limits = [.. bounds.Select(bound => (long)Math.Round(bound * recordedPerUnit))];
        _series = new(
            LabelNames.Count,
            values => new HistogramSeries(values, TagsOf(values), limits, recordedPerUnit, instrument));
    }

    public double[] Bounds { get; }

    public double RecordedPerUnit { get; }

    /// <summary>The series of these label values; an empty value is a label that is not there.</summary>
    public HistogramSeries With(params string[] values) => _series.With(values);

    public override void Write(MetricsWriter writer)
    {
        var counts = new long[Bounds.Length + 1];
        foreach (var series in _series.All)
        {
            var sum = series.Read(counts);
            // Label sets are bound before it is known what they will hold: an empty one is left out of the page.
            if (counts.AsSpan().ContainsAnyExcept(0))
            {
                writer.Histogram(this, series.Labels, counts, sum / RecordedPerUnit);
            }
        }
    }
}

/// <summary>
/// One histogram: a count for each bucket and the sum. The total count is the sum of the buckets, so a page never
/// shows a total that its buckets contradict, however many threads record meanwhile.
/// </summary>
internal sealed class HistogramSeries(
    string[] labels,
    KeyValuePair<string, object?>[] tags,
    long[] limits,
    double recordedPerUnit,
    Histogram<double> instrument)
{
    private readonly int _stride = Stripes.Stride(limits.Length + 2);
    private readonly long[] _cells = Stripes.Allocate(limits.Length + 2);

    public string[] Labels => labels;

    /// <param name="value">In recorded units; a clock that went backwards counts as 0.</param>
    public void Record(int stripe, long value)
    {
        value = Math.Max(value, 0);
        var bucket = 0;
        while (bucket < limits.Length && value > limits[bucket])
        {
            bucket++;
        }

        var cells = _cells;
        var first = Stripes.LineLongs + (stripe * _stride);
        Interlocked.Increment(ref cells[first + bucket]);
        Interlocked.Add(ref cells[first + limits.Length + 1], value);
        if (instrument.Enabled)
        {
            instrument.Record(value / recordedPerUnit, tags);
        }
    }

    /// <summary>Fills the buckets' own (not cumulated) counts and returns the sum in recorded units.</summary>
    public long Read(long[] counts)
    {
        Array.Clear(counts);
        var sum = 0L;
        for (var first = Stripes.LineLongs; first < _cells.Length; first += _stride)
        {
            for (var i = 0; i <= limits.Length; i++)
            {
                counts[i] += Volatile.Read(ref _cells[first + i]);
            }

            sum += Volatile.Read(ref _cells[first + limits.Length + 1]);
        }

        return sum;
    }
}
