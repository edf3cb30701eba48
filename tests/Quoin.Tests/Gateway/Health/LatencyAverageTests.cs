using Quoin.Server.Gateway.Health;

namespace Quoin.Tests.Gateway.Health;

public sealed class LatencyAverageTests
{
    private readonly LatencyAverage _average = new(ticksPerSecond: 1000);

    [Fact]
    public void A_peak_counts_at_once_and_fades_slowly()
    {
        _average.Add(100, 0);
        _average.Add(1000, 1000);
        Assert.Equal(1000, _average.At(1000), 1);
        _average.Add(100, 2000);
        Assert.InRange(_average.At(2000), 850, 950);
        Assert.InRange(_average.At(60_000), 0, 10);
    }

    [Fact]
    public void The_percentile_needs_samples_enough()
    {
        for (var i = 1; i < 20; i++)
        {
            _average.Add(i, i);
            Assert.Null(_average.Slow);
        }

        for (var i = 20; i <= 600; i++)
        {
            _average.Add((i % 100) + 1, i);
        }

        Assert.InRange(_average.Slow!.Value, 90, 100);
    }
}
