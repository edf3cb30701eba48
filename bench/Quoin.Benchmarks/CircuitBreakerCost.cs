using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;

namespace Quoin.Benchmarks;

/// <summary>
/// What a request pays for the breaker and for the choice of its candidate while all is well. The baseline takes a lock
/// before and after the call, as a breaker without the volatile fast path would.
/// </summary>
[MemoryDiagnoser]
public class CircuitBreakerCost
{
    private static readonly BreakerSettings Settings = BreakerSettings.From(new CircuitBreakerOptions(), 1_000_000_000);

    private readonly Lock _lock = new();
    private readonly Breaker _closed = new();
    private readonly Breaker _open = new();
    private readonly LatencyAverage _latency = new(1_000_000_000);
    private readonly RandomNumbers _random = new(new IdSource(1, 2));
    private Exchange _exchange = null!;
    private IReadOnlyList<Candidate> _one = null!;
    private IReadOnlyList<Candidate> _group = null!;
    private int _failures;
    private long _now;

    [GlobalSetup]
    public void Setup()
    {
        for (var i = 0; i < Settings.FailureThreshold; i++)
        {
            _open.TryEnter(0, Settings, out var ticket);
            _open.Fail(ticket, 0, Settings);
        }

        var time = TimeProvider.System;
        var options = new QuoinOptions
        {
            Providers = new[] { "a", "b", "c", "d" }.ToDictionary(
                name => name, _ => new ProviderOptions { Type = "openai-compatible", BaseUrl = "http://x/v1" }),
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>
            {
                ["one"] = [new() { Provider = "a" }],
                ["group"] =
                [
                    .. new[] { "a", "b", "c", "d" }
                        .Select(name => new CandidateOptions { Provider = name, Group = "g" }),
                ],
            },
        };
        var connections = new MessageHandlerConnections(new HttpMessageInvoker(new SocketsHttpHandler()));
        Upstream[] upstreams =
        [
            .. options.Providers.Select(pair => new Upstream(ProviderTable.Create(pair.Key, pair.Value), connections)),
        ];
        var snapshot = new GatewaySnapshot(options, upstreams, new ProviderStates(time));
        snapshot.TryGetRoute("one", out _one);
        snapshot.TryGetRoute("group", out _group);
        var services = new GatewayServices(
            time, new IdSource(1, 2), new GatewayMetrics(new MetricRegistry(time)), new ServerTiming(time));
        _exchange = new Exchange(
            new DefaultHttpContext(), new RequestRecord(), snapshot,
            new GatewayCall(WireApi.OpenAIChat, EventStreamFraming.Instance), services);
    }

    [Benchmark(Baseline = true)]
    public bool LockedTwice()
    {
        lock (_lock)
        {
            if (_failures > 5)
            {
                return false;
            }
        }

        lock (_lock)
        {
            _failures = 0;
        }

        return true;
    }

    [Benchmark]
    public bool ClosedAndSucceeded()
    {
        var entered = _closed.TryEnter(_now++, Settings, out var ticket);
        _closed.Succeed(ticket, Settings);
        return entered;
    }

    [Benchmark]
    public bool Open() => _open.TryEnter(1, Settings, out _);

    [Benchmark]
    public void NoteLatency() => _latency.Add(1_000_000 + (_now & 1023), _now += 1000);

    [Benchmark]
    public bool ChooseOfOne() => new CandidateChoice(_exchange, _one, _random).TryNext(_now, out _);

    [Benchmark]
    public bool ChooseOfGroupOfFour() => new CandidateChoice(_exchange, _group, _random).TryNext(_now, out _);
}
