using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Workers.Sharing;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Workers.Sharing;

/// <summary>Two workers before one supervisor; each round is made by the test.</summary>
public sealed class SupervisorBreakersTests : IDisposable
{
    private static readonly CancellationToken None = CancellationToken.None;

    private readonly TemporaryFolder _folder = new();
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task A_breaker_that_opens_at_one_worker_opens_at_the_other_and_closes_by_its_probe()
    {
        var path = Path.Combine(_folder.Path, "s");
        await using var supervisor = new SharedListener(
            path, new SharedState(_clock), _clock, NullLogger.Instance);
        supervisor.Start();
        await using var first = await ConnectAsync(path);
        await using var second = await ConnectAsync(path);
        var (one, two) = (NodeOf(first), NodeOf(second));
        Assert.True(one.Breaker.Open(_clock.GetTimestamp() + _clock.TimestampFrequency * 30));
        await RoundAsync(one, two);
        Assert.Equal(CircuitState.Open, two.Breaker.State);
        Assert.Equal(one.Breaker.OpenUntil, two.Breaker.OpenUntil);

        // The time is over, and the probe of the first succeeds.
        _clock.Advance(TimeSpan.FromSeconds(30));
        Assert.True(one.Breaker.TryEnter(_clock.GetTimestamp(), one.Settings, out var ticket));
        one.Breaker.Succeed(ticket, one.Settings);
        Assert.Equal(CircuitState.Closed, one.Breaker.State);
        await RoundAsync(one, two);
        Assert.True(two.Breaker.TryEnter(_clock.GetTimestamp(), two.Settings, out ticket));
        two.Breaker.Succeed(ticket, two.Settings);
        await RoundAsync(two, one);
        Assert.Equal((CircuitState.Closed, CircuitState.Closed), (one.Breaker.State, two.Breaker.State));
        await one.Share.DisposeAsync();
        await two.Share.DisposeAsync();
    }

    public void Dispose() => _folder.Dispose();

    /// <summary>What one tells is with the supervisor when its next question is answered.</summary>
    private static async Task RoundAsync(Node one, Node other)
    {
        await one.Share.ShareAsync(None);
        await one.Share.ShareAsync(None);
        await other.Share.ShareAsync(None);
    }

    private async Task<SharedChannel> ConnectAsync(string path)
    {
        var channel = new SharedChannel(path, _clock, NullLogger.Instance);
        await channel.StartAsync();
        return channel;
    }

    private Node NodeOf(SharedChannel channel)
    {
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["up"] = new() { Type = "openai-compatible", BaseUrl = "http://127.0.0.1:1/v1", ApiKey = "key" },
            },
        };
        var snapshot = new GatewaySnapshot(
            options, new ConnectionPools(_clock).Connect(options), new ProviderStates(_clock));
        var share = new BreakerShare(
            new SnapshotHolder(snapshot), _clock, NullLoggerFactory.Instance, new SupervisorBreakers(channel));
        return new Node(share, snapshot.Breaker, snapshot.Accounts.Single().Keys.Single().State.Breaker);
    }

    private sealed record Node(BreakerShare Share, BreakerSettings Settings, Breaker Breaker);
}
