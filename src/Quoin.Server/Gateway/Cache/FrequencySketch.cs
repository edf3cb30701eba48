using System.Numerics;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// How often keys were seen of late, roughly: a count-min sketch of 4-bit counters (Einziger, Friedman, Manes:
/// "TinyLFU", ACM TOS 2017). A key has four counters, of which the least is its count; only the least are raised. When
/// ten times as many were added as there are entries, all are halved, so that what was popular once fades.
/// </summary>
internal sealed class FrequencySketch
{
    private const ulong OneOfEach = 0x1111_1111_1111_1111;
    private const ulong HalfMask = 0x7777_7777_7777_7777;
    private const int Max = 15;
    private const int Rows = 4;

    private readonly ulong[] _table;
    private readonly int _mask;
    private readonly long _sample;
    private long _added;

    /// <param name="entries">What the cache holds.</param>
    public FrequencySketch(long entries)
    {
        var counters = Math.Clamp(entries * 4, 64, CacheLimits.SketchCounters);
        var words = (int)BitOperations.RoundUpToPowerOf2((ulong)counters / 16);
        _table = new ulong[words];
        _mask = words - 1;
        _sample = Math.Max(10 * entries, 100);
    }

    /// <summary>0..15.</summary>
    public int Count(in CacheKey key)
    {
        var least = Max;
        for (var row = 0; row < Rows; row++)
        {
            var (word, shift) = Place(key, row);
            least = Math.Min(least, (int)((_table[word] >> shift) & Max));
        }

        return least;
    }

    public void Add(in CacheKey key)
    {
        var least = Count(key);
        if (least == Max)
        {
            return;
        }

        for (var row = 0; row < Rows; row++)
        {
            var (word, shift) = Place(key, row);
            if ((int)((_table[word] >> shift) & Max) == least)
            {
                _table[word] += 1UL << shift;
            }
        }

        if (++_added >= _sample)
        {
            Halve();
        }
    }

    // The key is a hash, so its parts are the hash functions.
    private (int Word, int Shift) Place(in CacheKey key, int row)
    {
        var part = row switch { 0 => key.A, 1 => key.B, 2 => key.C, _ => key.D };
        return ((int)(part >> 8) & _mask, (int)(part & 15) * 4);
    }

    private void Halve()
    {
        var odd = 0L;
        for (var i = 0; i < _table.Length; i++)
        {
            odd += BitOperations.PopCount(_table[i] & OneOfEach);
            _table[i] = (_table[i] >> 1) & HalfMask;
        }

        _added = (_added - (odd / Rows)) / 2;
    }
}
