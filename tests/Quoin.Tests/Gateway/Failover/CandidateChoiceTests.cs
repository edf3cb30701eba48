using Microsoft.AspNetCore.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Failover;

public sealed class CandidateChoiceTests : IDisposable
{
    private readonly ManualClock _clock = new();
    private readonly RandomNumbers _random = new(new IdSource(7, 9));
    private readonly MetricRegistry _registry;
    private readonly HttpMessageInvoker _handler = new(new SocketsHttpHandler());
    private readonly ProviderStates _states;

    public CandidateChoiceTests() => (_registry, _states) = (new MetricRegistry(_clock), new ProviderStates(_clock));

    public void Dispose()
    {
        _registry.Dispose();
        _handler.Dispose();
    }

    [Fact]
    public void Groups_are_tried_in_the_order_of_their_first_candidate()
    {
        var (exchange, candidates) = Prepare(
            new() { Provider = "a", Group = "x" }, new() { Provider = "b" }, new() { Provider = "c", Group = "x" });
        Assert.Equal(["a", "c", "b"], candidates.Select(candidate => candidate.Upstream.Name));
        var choice = new CandidateChoice(exchange, candidates, _random);
        var order = new List<string>();
        while (choice.TryNext(_clock.GetTimestamp(), out var chosen))
        {
            order.Add(chosen.Candidate.Upstream.Name);
            choice.Failed(chosen, FaultOf.Candidate, retryable: false);
        }

        Assert.Equal("b", order[2]);
        Assert.Equal(["a", "c"], order.Take(2).Order(StringComparer.Ordinal));
        exchange.Dispose();
    }

    [Fact]
    public void Equals_share_by_weight()
    {
        var shares = Share(
            1000, new() { Provider = "a", Group = "x", Weight = 3 }, new() { Provider = "b", Group = "x" });
        Assert.InRange(shares["a"], 700, 800);
    }

    [Fact]
    public void The_slower_one_gets_less()
    {
        _states.Of("a").Latency.Add(TimeSpan.FromSeconds(2).Ticks, _clock.GetTimestamp());
        _states.Of("b").Latency.Add(TimeSpan.FromSeconds(1).Ticks, _clock.GetTimestamp());
        var shares = Share(1000, new() { Provider = "a", Group = "x" }, new() { Provider = "b", Group = "x" });
        Assert.InRange(shares["a"], 200, 300);
    }

    [Fact]
    public void The_busier_one_gets_less()
    {
        var busy = _states.Of("a");
        for (var i = 0; i < 4; i++)
        {
            busy.Begin(new KeyState(), 0);
        }

        var shares = Share(1000, new() { Provider = "a", Group = "x" }, new() { Provider = "b", Group = "x" });
        Assert.InRange(shares["a"], 200, 300);
    }

    [Fact]
    public void An_unhealthy_one_comes_after_all_healthy_ones()
    {
        _states.Of("a").Unreachable(1);
        var (exchange, candidates) = Prepare(new() { Provider = "a" }, new() { Provider = "b" });
        var choice = new CandidateChoice(exchange, candidates, _random);
        Assert.True(choice.TryNext(1, out var first));
        Assert.Equal("b", first.Candidate.Upstream.Name);
        choice.Failed(first, FaultOf.Candidate, retryable: false);
        Assert.True(choice.TryNext(1, out var second));
        Assert.Equal("a", second.Candidate.Upstream.Name);
        Assert.True(second.Last);
        exchange.Dispose();
    }

    private Dictionary<string, int> Share(int calls, params CandidateOptions[] route)
    {
        var (exchange, candidates) = Prepare(route);
        var shares = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var i = 0; i < calls; i++)
        {
            Assert.True(new CandidateChoice(exchange, candidates, _random)
                .TryNext(_clock.GetTimestamp(), out var chosen));
            var name = chosen.Candidate.Upstream.Name;
            shares[name] = shares.GetValueOrDefault(name) + 1;
        }

        exchange.Dispose();
        return shares;
    }

    private (Exchange Exchange, IReadOnlyList<Candidate> Candidates) Prepare(params CandidateOptions[] route)
    {
        var options = new QuoinOptions
        {
            Providers = route.DistinctBy(candidate => candidate.Provider).ToDictionary(
                candidate => candidate.Provider,
                _ => new ProviderOptions { Type = "openai-compatible", BaseUrl = "http://x/v1" },
                StringComparer.Ordinal),
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal) { ["m"] = route },
        };
        var nowhere = new MessageHandlerConnections(_handler);
        Upstream[] upstreams =
        [
            .. options.Providers.Select(pair => new Upstream(ProviderTable.Create(pair.Key, pair.Value), nowhere)),
        ];
        var snapshot = new GatewaySnapshot(options, upstreams, _states);
        Assert.True(snapshot.TryGetRoute("m", out var candidates));
        var services = new GatewayServices(
            _clock, new IdSource(1, 2), new GatewayMetrics(new MetricRegistry(_clock)), new ServerTiming(_clock));
        return (
            new Exchange(
                new DefaultHttpContext(), new RequestRecord(), snapshot,
                new GatewayCall(WireApi.OpenAIChat, EventStreamFraming.Instance), services),
            candidates);
    }
}
