using System.Diagnostics;

namespace Quoin.Peers.Gateway;

/// <summary>
/// Times in <see cref="Stopwatch"/> ticks, kept one by one for exact percentiles. Not for several threads.
/// </summary>
internal sealed class Samples(int capacity)
{
    private readonly List<long> _ticks = new(capacity);
    private bool _sorted;

    public int Count => _ticks.Count;

    public void Add(long ticks)
    {
        _ticks.Add(ticks);
        _sorted = false;
    }

    public void AddAll(Samples other)
    {
        _ticks.AddRange(other._ticks);
        _sorted = false;
    }

    /// <summary>Nearest-rank percentile in microseconds; null when there is no sample.</summary>
    public double? Microseconds(double percentile)
    {
        if (_ticks.Count == 0)
        {
            return null;
        }

        if (!_sorted)
        {
            _ticks.Sort();
            _sorted = true;
        }

        var rank = (int)Math.Ceiling(percentile / 100 * _ticks.Count);
        return Math.Round(_ticks[Math.Max(rank, 1) - 1] * 1e6 / Stopwatch.Frequency, 1);
    }
}
