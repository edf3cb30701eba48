namespace Quoin.Http.Benchmarking.Pacing;

/// <summary>
/// The times, in ticks from the start of the run, at which requests of an open loop are meant to start.
/// </summary>
internal sealed class Arrivals(double rate, Random? poisson)
{
    private readonly double _gap = TimeSpan.TicksPerSecond / rate;
    private double _at;
    private long _count;

    public static Arrivals Of(BenchmarkOptions options) => new(
        options.Rate ?? throw new ArgumentException("there is no rate", nameof(options)),
        options.Arrivals == BenchmarkArrivals.Poisson ? new Random(options.Seed) : null);

    public long Next()
    {
        if (poisson is null)
        {
            // By number, not by adding gaps: a rate that divides badly does not drift.
            return (long)(_count++ * _gap);
        }

        // The gap is exponentially distributed; 1 - x is never zero.
        _at += -Math.Log(1 - poisson.NextDouble()) * _gap;
        return (long)_at;
    }
}
