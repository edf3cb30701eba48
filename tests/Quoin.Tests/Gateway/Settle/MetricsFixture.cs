using System.Buffers;
using System.Globalization;
using System.Text;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Settle;

/// <summary>A registry with the gateway's metrics, read through the page as a scraper reads it.</summary>
internal sealed class MetricsFixture : IDisposable
{
    public MetricsFixture()
    {
        Registry = new MetricRegistry(Clock);
        Metrics = new GatewayMetrics(Registry);
    }

    public ManualClock Clock { get; } = new();

    public MetricRegistry Registry { get; }

    public GatewayMetrics Metrics { get; }

    public string Page(bool openMetrics = false)
    {
        var output = new ArrayBufferWriter<byte>();
        new MetricsPage(Registry).Write(output, openMetrics);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    /// <summary>The value of the sample written exactly so; null when there is none.</summary>
    public double? Value(string sample)
    {
        var line = Page().Split('\n').SingleOrDefault(l => l.StartsWith(sample + " ", StringComparison.Ordinal));
        return line is null ? null : double.Parse(line[(sample.Length + 1)..], CultureInfo.InvariantCulture);
    }

    public void Record(RequestRecord record)
    {
        Metrics.Start();
        Metrics.Record(record);
    }

    public void Dispose() => Registry.Dispose();
}
