using BenchmarkDotNet.Attributes;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.RateLimits;

namespace Quoin.Benchmarks;

/// <summary>What a key and its limits cost a request: find the key, take, settle.</summary>
[MemoryDiagnoser]
public class AdmitKey
{
    private const string Key = "a-key-of-usual-length-0123456789abcdef0123456789";
    private static readonly Rate Limit = new(1_000_000_000, 1);

    private readonly KeyRing _keys = new(new AuthOptions
    {
        Enabled = true,
        Keys =
        [
            .. Enumerable.Range(0, 1000)
                .Select(i => new KeyOptions { Name = $"k{i}", Key = i == 500 ? Key : Key + i }),
        ],
    });

    private readonly BucketTable _buckets = new(TimeProvider.System);
    private readonly BucketId _id = new(BucketScope.Key, "k500", 0, LimitUnit.Tokens, 1);

    [Benchmark]
    public object? FindKey() => _keys.Find(Key);

    [Benchmark]
    public void TakeAndSettle()
    {
        _buckets.Take(_id, Limit, 100);
        _buckets.Charge(_id, Limit, -50);
    }
}
