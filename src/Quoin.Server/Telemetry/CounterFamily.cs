using System.Diagnostics.Metrics;

namespace Quoin.Server.Telemetry;

/// <summary>A metric that is added to: a counter, or with falling numbers a gauge of what is in progress.</summary>
internal sealed class CounterFamily : MetricFamily
{
    private readonly SeriesSet<CounterSeries> _series;

    public CounterFamily(MetricDescription description, Meter meter, MetricKind kind = MetricKind.Counter)
        : base(description, kind)
    {
        // An UpDownCounter is not told apart here: both add.
        var counter = kind == MetricKind.Counter
            ? meter.CreateCounter<long>(description.Instrument!, description.Unit, description.Help)
            : null;
        var upDown = kind == MetricKind.Counter
            ? null
            : meter.CreateUpDownCounter<long>(description.Instrument!, description.Unit, description.Help);
        _series = new(LabelNames.Count, values => new CounterSeries(values, TagsOf(values), counter, upDown));
    }

    /// <summary>The series of these label values; an empty value is a label that is not there.</summary>
    public CounterSeries With(params string[] values) => _series.With(values);

    public override void Write(MetricsWriter writer)
    {
        foreach (var series in _series.All)
        {
            writer.Sample(this, series.Labels, series.Read());
        }
    }
}

/// <summary>One counter. <see cref="Add"/> costs one interlocked add on a line of the processor's own.</summary>
internal sealed class CounterSeries(
    string[] labels, KeyValuePair<string, object?>[] tags, Counter<long>? counter, UpDownCounter<long>? upDown)
{
    private readonly long[] _cells = Stripes.Allocate(1);

    public string[] Labels => labels;

    public void Add(int stripe, long amount)
    {
        Interlocked.Add(ref _cells[Stripes.LineLongs + (stripe * Stripes.LineLongs)], amount);
        if (counter is { Enabled: true })
        {
            counter.Add(amount, tags);
        }
        else if (upDown is { Enabled: true })
        {
            upDown.Add(amount, tags);
        }
    }

    public long Read()
    {
        var sum = 0L;
        for (var i = Stripes.LineLongs; i < _cells.Length; i += Stripes.LineLongs)
        {
            sum += Volatile.Read(ref _cells[i]);
        }

        return sum;
    }
}
