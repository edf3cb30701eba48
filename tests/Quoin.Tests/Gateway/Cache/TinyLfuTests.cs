using Quoin.Benchmarks;
using Quoin.Server.Gateway.Cache;

namespace Quoin.Tests.Gateway.Cache;

public sealed class TinyLfuTests
{
    [Theory]
    [InlineData(0.8)]
    [InlineData(1.0)]
    [InlineData(1.2)]
    public void On_a_Zipf_trace_it_hits_at_least_as_often_as_LRU(double skew)
    {
        var lru = Traces.HitRatioOfLru(Traces.Zipf(1, 20_000, skew, 200_000), 1000);
        var tiny = Traces.HitRatioOfTinyLfu(Traces.Zipf(1, 20_000, skew, 200_000), 1000);
        Assert.True(tiny >= lru, $"{tiny:P1} against {lru:P1}");
    }

    [Fact]
    public void On_a_trace_with_scans_it_hits_clearly_more_often_than_LRU()
    {
        var lru = Traces.HitRatioOfLru(Traces.ZipfWithScans(2, 20_000, 0.9, 200_000, 2000), 1000);
        var tiny = Traces.HitRatioOfTinyLfu(Traces.ZipfWithScans(2, 20_000, 0.9, 200_000, 2000), 1000);
        Assert.True(tiny > lru * 1.2, $"{tiny:P1} against {lru:P1}");
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(10)]
    [InlineData(1000)]
    [InlineData(100_000)]
    public void The_bound_holds_whatever_is_done(int capacity)
    {
        var random = new Random(capacity);
        var kept = new HashSet<CacheKey>();
        var weights = new Dictionary<CacheKey, long>();
        var cache = new TinyLfu<long>(capacity, Math.Max(capacity / 10, 1))
        {
            Evicted = (key, _) => Assert.True(kept.Remove(key), "evicted what was not there"),
        };
        for (var i = 0; i < 20_000; i++)
        {
            var key = Traces.KeyOf(random.Next(500));
            switch (random.Next(4))
            {
                case 0:
                    cache.Remove(key);
                    kept.Remove(key);
                    break;
                case 1:
                    Assert.Equal(kept.Contains(key), cache.TryGet(key, out var value));
                    Assert.True(!kept.Contains(key) || value == weights[key]);
                    break;
                default:
                    var weight = random.Next(1, 30);
                    weights[key] = weight;
                    kept.Add(key);
                    cache.Set(key, weight, weight);
                    break;
            }

            Assert.True(cache.Weight <= capacity);
            Assert.Equal(kept.Count, cache.Count);
            Assert.Equal(cache.Entries.Sum(entry => entry.Value), cache.Weight);
        }
    }

    [Fact]
    public void An_entry_larger_than_all_room_is_not_kept_and_pushes_nothing_out()
    {
        var cache = new TinyLfu<int>(100, 10);
        cache.Set(Traces.KeyOf(1), 1, 50);
        cache.Set(Traces.KeyOf(2), 2, 101);
        Assert.True(cache.TryGet(Traces.KeyOf(1), out _));
        Assert.False(cache.TryGet(Traces.KeyOf(2), out _));
    }
}
