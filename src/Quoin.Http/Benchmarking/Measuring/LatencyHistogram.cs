using System.Numerics;

namespace Quoin.Http.Benchmarking.Measuring;

/// <summary>
/// Times in ticks of 100 ns, in buckets: up to 256 ticks one for each, then 128 for each power of two, so that a value
/// is known to 1 in 128 and told (as the middle of its bucket) to 0.4 %. The rows of 128 are made when they are used:
/// usual runs need six or seven. Mean and deviation are of the values themselves. Not for several threads.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int RowBits = 7;
    private const int RowLength = 1 << RowBits;

    /// <summary>2^42 ticks are five days; what is longer counts as that.</summary>
    private const int MostBits = 42;

    private const long Most = (1L << MostBits) - 1;

    private readonly long[]?[] _rows = new long[]?[MostBits - RowBits + 1];
    private double _sum;
    private double _sumOfSquares;

    public long Count { get; private set; }

    public long Max { get; private set; }

    public double Mean => Count == 0 ? 0 : _sum / Count;

    public double Deviation =>
        Count < 2 ? 0 : Math.Sqrt(Math.Max(0, (_sumOfSquares - (_sum * _sum / Count)) / (Count - 1)));

    public void Add(long ticks)
    {
        ticks = Math.Clamp(ticks, 0, Most);
        var row = RowOf(ticks);
        (_rows[row] ??= new long[RowLength])[PlaceOf(ticks, row)]++;
        Count++;
        Max = Math.Max(Max, ticks);
        _sum += ticks;
        _sumOfSquares += (double)ticks * ticks;
    }

    public void Add(LatencyHistogram other)
    {
        for (var row = 0; row < _rows.Length; row++)
        {
            if (other._rows[row] is { } counts)
            {
                var mine = _rows[row] ??= new long[RowLength];
                for (var place = 0; place < RowLength; place++)
                {
                    mine[place] += counts[place];
                }
            }
        }

        Count += other.Count;
        Max = Math.Max(Max, other.Max);
        _sum += other._sum;
        _sumOfSquares += other._sumOfSquares;
    }

    /// <summary>Nearest rank: the least time that so many percent of all do not exceed. 0 without any.</summary>
    public long Percentile(double percent)
    {
        // 99.9 % of 1000 is 999, but not in binary fractions.
        var rank = Math.Max(1, (long)Math.Ceiling((decimal)percent * Count / 100));
        if (rank >= Count)
        {
            return Max;
        }

        for (var row = 0; row < _rows.Length; row++)
        {
            var counts = _rows[row];
            for (var place = 0; counts is not null && place < RowLength; place++)
            {
                rank -= counts[place];
                if (rank <= 0)
                {
                    return Math.Min(MiddleOf(row, place), Max);
                }
            }
        }

        return Max;
    }

    // Row 0 has the values of up to 7 bits, row n those of n + 7 bits, whose highest bit goes without saying.
    private static int RowOf(long ticks) => Math.Max(0, 64 - BitOperations.LeadingZeroCount((ulong)ticks) - RowBits);

    private static int PlaceOf(long ticks, int row) =>
        (int)(row == 0 ? ticks : (ticks >> (row - 1)) - RowLength);

    private static long MiddleOf(int row, int place) =>
        row == 0 ? place : ((long)(place + RowLength) << (row - 1)) + ((1L << (row - 1)) / 2);
}
