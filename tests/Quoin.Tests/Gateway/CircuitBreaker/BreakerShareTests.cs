using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Routing;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.CircuitBreaker;

/// <summary>Two nodes before one real Redis; each round is made by the test.</summary>
public sealed class BreakerShareTests
{
    private static readonly CancellationToken None = CancellationToken.None;

    [Fact]
    public async Task A_breaker_that_opens_at_one_node_opens_at_the_other_and_closes_by_its_probe()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var one = new Node(redis.Address);
        await using var two = new Node(redis.Address);
        one.FailUntilOpen();
        Assert.Equal(CircuitState.Closed, two.Breaker.State);
        await one.Share.ShareAsync(None);
        await two.Share.ShareAsync(None);
        Assert.Equal(CircuitState.Open, two.Breaker.State);
        var left = two.Time.GetElapsedTime(two.Time.GetTimestamp(), two.Breaker.OpenUntil);
        Assert.InRange(left.TotalSeconds, 0.5, 30);

        // At the first node the time is over, and its probe succeeds.
        one.Breaker.MakeDue(one.Time.GetTimestamp());
        Assert.True(one.Breaker.TryEnter(one.Time.GetTimestamp(), one.Settings, out var ticket));
        one.Breaker.Succeed(ticket, one.Settings);
        Assert.Equal(CircuitState.Closed, one.Breaker.State);
        await one.Share.ShareAsync(None);
        await two.Share.ShareAsync(None);
        Assert.True(two.Breaker.TryEnter(two.Time.GetTimestamp(), two.Settings, out ticket));
        Assert.Equal(CircuitState.HalfOpen, two.Breaker.State);
        two.Breaker.Succeed(ticket, two.Settings);
        await two.Share.ShareAsync(None);
        await one.Share.ShareAsync(None);
        Assert.Equal((CircuitState.Closed, CircuitState.Closed), (one.Breaker.State, two.Breaker.State));
    }

    [Fact]
    public async Task Keys_of_one_provider_do_not_open_each_other()
    {
        await using var redis = await RedisServer.StartAsync();
        await using var one = new Node(redis.Address, "key-one");
        await using var two = new Node(redis.Address, "key-two");
        one.FailUntilOpen();
        await one.Share.ShareAsync(None);
        await two.Share.ShareAsync(None);
        Assert.Equal(CircuitState.Closed, two.Breaker.State);
    }

    [Fact]
    public async Task Without_Redis_each_node_goes_by_itself()
    {
        await using var node = new Node("127.0.0.1:1");
        node.FailUntilOpen();
        await node.Share.ShareAsync(None);
        Assert.Equal(CircuitState.Open, node.Breaker.State);
    }

    private sealed class Node : IAsyncDisposable
    {
        private readonly GatewaySnapshot _snapshot;

        public Node(string redis, string key = "key")
        {
            var options = new QuoinOptions
            {
                CircuitBreaker = new CircuitBreakerOptions { Store = "redis" },
                Llm = new LlmOptions
                {
                    Cache = new CacheOptions
                    {
                        Redis = new RedisOptions { Address = redis, Budget = TimeSpan.FromSeconds(2) },
                    },
                },
                Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
                {
                    ["up"] = new() { Type = "openai-compatible", BaseUrl = "http://127.0.0.1:1/v1", ApiKey = key },
                },
            };
            _snapshot = new GatewaySnapshot(
                options, new ConnectionPools(Time).Connect(options), new ProviderStates(Time));
            Share = new BreakerShare(new SnapshotHolder(_snapshot), Time, NullLoggerFactory.Instance);
        }

        public TimeProvider Time { get; } = TimeProvider.System;

        public BreakerShare Share { get; }

        public BreakerSettings Settings => _snapshot.Breaker;

        public Breaker Breaker => _snapshot.Accounts.Single().Keys.Single().State.Breaker;

        public void FailUntilOpen()
        {
            while (Breaker.State == CircuitState.Closed)
            {
                Assert.True(Breaker.TryEnter(Time.GetTimestamp(), Settings, out var ticket));
                Breaker.Fail(ticket, Time.GetTimestamp(), Settings);
            }
        }

        public ValueTask DisposeAsync() => Share.DisposeAsync();
    }
}
