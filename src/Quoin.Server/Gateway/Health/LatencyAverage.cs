namespace Quoin.Server.Gateway.Health;

/// <summary>
/// Peak EWMA of a provider's time to its first content: a slower sample counts at once and in full, faster ones draw
/// the average down with a time constant. It also fades while there are no samples, so that a provider that was slow
/// once is tried again. A window of the latest samples tells the 95th percentile.
/// </summary>
internal sealed class LatencyAverage(long ticksPerSecond)
{
    /// <summary>Enough for a 95th percentile, and few enough to follow a change.</summary>
    private const int Window = 128;

    /// <summary>Fewer samples than this tell no percentile.</summary>
    private const int LeastSamples = 20;

    private readonly Lock _lock = new();
    private readonly double _fade = 10.0 * ticksPerSecond;
    private readonly long[] _latest = new long[Window];
    private double _average;
    private long _at;
    private int _samples;
    private long _percentile;

    public void Add(long sample, long now)
    {
        lock (_lock)
        {
            var kept = Math.Exp(-Math.Max(now - _at, 0) / _fade);
            _average = sample > _average ? sample : (_average * kept) + (sample * (1 - kept));
            _at = now;
            _latest[_samples++ % Window] = sample;
            if (_samples >= LeastSamples && (_samples % 8 == 0 || _samples == LeastSamples))
            {
                _percentile = Percentile95();
            }

            if (_samples >= Window * 2)
            {
                _samples -= Window;
            }
        }
    }

    /// <summary>In ticks; 0 before the first sample and long after the last.</summary>
    public double At(long now)
    {
        lock (_lock)
        {
            return _average * Math.Exp(-Math.Max(now - _at, 0) / _fade);
        }
    }

    /// <summary>The average without its fading, for display.</summary>
    public double Latest
    {
        get
        {
            lock (_lock)
            {
                return _average;
            }
        }
    }

    /// <summary>95 % of the latest calls were faster, in ticks; null while there are too few.</summary>
    public long? Slow
    {
        get
        {
            var slow = Interlocked.Read(ref _percentile);
            return slow > 0 ? slow : null;
        }
    }

    private long Percentile95()
    {
        Span<long> sorted = stackalloc long[Window];
        sorted = sorted[..Math.Min(_samples, Window)];
        _latest.AsSpan(0, sorted.Length).CopyTo(sorted);
        sorted.Sort();
        return sorted[sorted.Length * 95 / 100];
    }
}
