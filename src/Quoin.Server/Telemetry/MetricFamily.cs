using System.Diagnostics.Metrics;

namespace Quoin.Server.Telemetry;

/// <summary>
/// A metric: name, help, unit, labels, and its series. Registered once in <see cref="MetricRegistry"/>, read by
/// <see cref="MetricsPage"/>. Our own page reads the series' own numbers; the System.Diagnostics.Metrics instrument
/// of the same metric is fed only while somebody else (OpenTelemetry, dotnet-counters) listens to it.
/// </summary>
internal abstract class MetricFamily
{
    protected MetricFamily(MetricDescription description, MetricKind kind)
    {
        Description = description;
        Kind = kind;
        LabelNames = [.. description.Attributes.Select(name => name.Replace('.', '_'))];
    }

    public MetricDescription Description { get; }

    public string Name => Description.Name;

    public MetricKind Kind { get; }

    /// <summary>Prometheus names of the labels.</summary>
    public IReadOnlyList<string> LabelNames { get; }

    /// <summary>Writes the samples, ordered by their labels.</summary>
    public abstract void Write(MetricsWriter writer);

    protected KeyValuePair<string, object?>[] TagsOf(string[] values)
    {
        var tags = new List<KeyValuePair<string, object?>>(values.Length);
        for (var i = 0; i < values.Length; i++)
        {
            if (values[i].Length > 0)
            {
                tags.Add(new(Description.Attributes[i], values[i]));
            }
        }

        return [.. tags];
    }
}

internal enum MetricKind
{
    Counter,
    Gauge,
    Histogram,
}

/// <param name="Name">Prometheus name with its unit and suffix, such as <c>quoin_overhead_seconds</c>.</param>
/// <param name="Instrument">Name of the instrument, such as <c>quoin.overhead</c>; null for a page-only metric.</param>
/// <param name="Unit">UCUM unit of the instrument, such as <c>s</c> or <c>{token}</c>.</param>
/// <param name="Attributes">Names of the labels, dotted as OpenTelemetry has them.</param>
internal sealed record MetricDescription(
    string Name, string? Instrument, string? Unit, string Help, params string[] Attributes);

/// <summary>Numbers read when the page is: gauges, and counters that somebody else counts.</summary>
internal sealed class CallbackFamily(
    MetricDescription description, MetricKind kind, Func<IEnumerable<(string[] Labels, double Value)>> read)
    : MetricFamily(description, kind)
{
    public override void Write(MetricsWriter writer)
    {
        foreach (var (labels, value) in read())
        {
            writer.Sample(this, labels, value);
        }
    }

    /// <summary>Lets listeners of the meter read the same number.</summary>
    public void Publish(Meter meter)
    {
        if (Description.Instrument is not { } name)
        {
            return;
        }

        IEnumerable<Measurement<double>> Observe() =>
            read().Select(sample => new Measurement<double>(sample.Value, TagsOf(sample.Labels)));

        _ = Kind == MetricKind.Counter
            ? (Instrument)meter.CreateObservableCounter(name, Observe, Description.Unit, Description.Help)
            : meter.CreateObservableGauge(name, Observe, Description.Unit, Description.Help);
    }
}
