using Quoin.Http.Benchmarking.Measuring;

namespace Quoin.Tests.Http.Benchmarking;

public sealed class LatencyHistogramTests
{
    [Theory]
    [InlineData(1, 300)]
    [InlineData(2, 50_000)]
    [InlineData(3, 40_000_000)]
    public void Percentiles_are_those_of_the_sorted_values_to_1_percent(int seed, double scale)
    {
        var random = new Random(seed);
        var histogram = new LatencyHistogram();
        var values = new long[20_000];
        for (var i = 0; i < values.Length; i++)
        {
            // A long tail, as latencies have it.
            values[i] = (long)(scale * Math.Exp(random.NextDouble() * 5));
            histogram.Add(values[i]);
        }

        Array.Sort(values);
        foreach (var percent in (double[])[0.1, 10, 50, 90, 95, 99, 99.9, 99.99])
        {
            var exact = values[(int)Math.Ceiling(percent / 100 * values.Length) - 1];
            Assert.InRange(histogram.Percentile(percent), exact * 0.99, exact * 1.01);
        }

        Assert.Equal(values[^1], histogram.Max);
        Assert.Equal(values[^1], histogram.Percentile(100));
        Assert.Equal(values.Average(), histogram.Mean, values.Average() * 1e-9);
        var deviation = Math.Sqrt(values.Sum(value => Math.Pow(value - values.Average(), 2)) / (values.Length - 1));
        Assert.Equal(deviation, histogram.Deviation, deviation * 1e-6);
    }

    [Fact]
    public void Short_times_are_exact()
    {
        var histogram = new LatencyHistogram();
        for (var ticks = 0; ticks < 256; ticks++)
        {
            histogram.Add(ticks);
        }

        for (var ticks = 0; ticks < 256; ticks++)
        {
            Assert.Equal(ticks, histogram.Percentile((ticks + 1) / 2.56));
        }
    }

    [Fact]
    public void Every_power_of_two_and_its_neighbours_are_told_to_1_percent()
    {
        for (var bit = 1; bit < 42; bit++)
        {
            foreach (var ticks in (long[])[(1L << bit) - 1, 1L << bit, (1L << bit) + 1])
            {
                var histogram = new LatencyHistogram();
                histogram.Add(ticks);
                histogram.Add(long.MaxValue);
                Assert.InRange(histogram.Percentile(50), ticks * 0.99, ticks * 1.01);
            }
        }
    }

    [Fact]
    public void What_is_joined_is_as_if_it_had_been_one()
    {
        var (one, other, both) = (new LatencyHistogram(), new LatencyHistogram(), new LatencyHistogram());
        for (var i = 1; i <= 1000; i++)
        {
            (i % 3 == 0 ? one : other).Add(i * i);
            both.Add(i * i);
        }

        one.Add(other);
        Assert.Equal(
            (both.Count, both.Max, both.Mean, both.Percentile(50), both.Percentile(99)),
            (one.Count, one.Max, one.Mean, one.Percentile(50), one.Percentile(99)));
        Assert.Equal(both.Deviation, one.Deviation, 1e-3);
    }

    [Fact]
    public void Without_values_all_is_zero_and_times_before_the_start_count_as_none()
    {
        var histogram = new LatencyHistogram();
        Assert.Equal((0L, 0L, 0d, 0d), (histogram.Percentile(99), histogram.Max, histogram.Mean, histogram.Deviation));
        histogram.Add(-5);
        Assert.Equal((1L, 0L), (histogram.Count, histogram.Percentile(50)));
    }
}
