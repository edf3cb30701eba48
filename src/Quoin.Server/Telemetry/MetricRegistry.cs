using System.Diagnostics.Metrics;

namespace Quoin.Server.Telemetry;

/// <summary>
/// All metrics of the process, by name. An area adds its own families here once at start; the page writes them in
/// the order of their names. The instruments live in the meter <c>Quoin</c>.
/// </summary>
internal sealed class MetricRegistry : IDisposable
{
    public const string MeterName = "Quoin";

    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);
    private readonly double _ticksPerSecond;

    public MetricRegistry(TimeProvider time)
    {
        _ticksPerSecond = time.TimestampFrequency;
        Meter = new Meter(MeterName, Product.Version);
    }

    public Meter Meter { get; }

    public MetricFamily[] Families
    {
        get
        {
            lock (_lock)
            {
                return [.. _families.Values];
            }
        }
    }

    public CounterFamily Counter(MetricDescription description) =>
        Add(new CounterFamily(description, Meter));

    /// <summary>A number that rises and falls by what is added to it.</summary>
    public CounterFamily UpDown(MetricDescription description) =>
        Add(new CounterFamily(description, Meter, MetricKind.Gauge));

    /// <summary>A histogram of clock ticks, told in seconds.</summary>
    public HistogramFamily Durations(MetricDescription description, double[] bounds) =>
        Add(new HistogramFamily(description, Meter, bounds, _ticksPerSecond));

    /// <summary>A histogram of whole numbers.</summary>
    public HistogramFamily Sizes(MetricDescription description, double[] bounds) =>
        Add(new HistogramFamily(description, Meter, bounds, recordedPerUnit: 1));

    public void Callback(MetricDescription description, MetricKind kind, Func<double> read) =>
        Callback(description, kind, () => [([], read())]);

    public void Callback(
        MetricDescription description, MetricKind kind, Func<IEnumerable<(string[] Labels, double Value)>> read) =>
        Add(new CallbackFamily(description, kind, read)).Publish(Meter);

    public void Dispose() => Meter.Dispose();

    private T Add<T>(T family)
        where T : MetricFamily
    {
        lock (_lock)
        {
            _families.Add(family.Name, family);
        }

        return family;
    }
}
