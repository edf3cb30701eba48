using System.Text;
using BenchmarkDotNet.Attributes;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Cache;

namespace Quoin.Benchmarks;

/// <summary>The parts of a hit and of an uncontended miss, without the HTTP around them.</summary>
[MemoryDiagnoser]
public class CacheHit
{
    private readonly byte[] _body = Encoding.UTF8.GetBytes(
        """{"model":"gpt","max_tokens":256,"messages":[{"role":"system","content":"Be brief."},{"role":"user","""
        + "\"content\":\"" + new string('x', 900) + "\"}]}");

    private readonly MemoryStore _store = new(new CacheBound(1024, IsBytes: false), TimeProvider.System);
    private readonly SingleFlight _flights = new();
    private CacheKey _key;

    [GlobalSetup]
    public async Task Setup()
    {
        _key = RequestDigest.Of("", "gpt", WireApi.OpenAIChat, _body)!.Value.Key;
        var now = TimeProvider.System.GetUtcNow();
        var answer = new CachedAnswer
        {
            Tenant = "",
            Route = "gpt",
            ContentType = "application/json",
            Streamed = false,
            UsageIncluded = false,
            Provider = "up",
            Model = "gpt",
            Created = now,
            Expires = now.AddHours(1),
            Body = new byte[1024],
        };
        await _store.SetAsync(_key, answer, TimeSpan.FromHours(1), CancellationToken.None);
    }

    /// <summary>The key of a request with a prompt of 1 KB.</summary>
    [Benchmark]
    public bool Digest() => RequestDigest.Of("", "gpt", WireApi.OpenAIChat, _body) is not null;

    [Benchmark]
    public bool Find() => _store.Get(_key) is not null;

    [Benchmark]
    public bool LeadAndLand()
    {
        var leads = _flights.Join(_key, out var flight);
        _flights.Land(_key, flight, default);
        return leads;
    }
}
