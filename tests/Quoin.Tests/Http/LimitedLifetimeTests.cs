using Microsoft.AspNetCore.Http.Features;
using Quoin.Http;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http;

public sealed class LimitedLifetimeTests : IDisposable
{
    private static readonly TimeSpan Most = TimeSpan.FromSeconds(10);

    private readonly ManualClock _time = new();
    private readonly CancellationTokenSource _client = new();
    private readonly HttpRequestLifetimeFeature _connection = new();
    private readonly LimitedLifetime _lifetime;

    public LimitedLifetimeTests()
    {
        _connection.RequestAborted = _client.Token;
        _lifetime = new(_connection, Most, _time);
    }

    public void Dispose()
    {
        _lifetime.Dispose();
        _client.Dispose();
    }

    [Fact]
    public void The_time_runs_from_the_beginning_whenever_the_token_is_asked_for()
    {
        _time.Advance(TimeSpan.FromSeconds(4));
        var token = _lifetime.RequestAborted;
        _time.Advance(TimeSpan.FromSeconds(5.9));
        Assert.False(token.IsCancellationRequested);
        _time.Advance(TimeSpan.FromSeconds(0.1));
        Assert.True(token.IsCancellationRequested);
        Assert.True(_lifetime.IsOver);
    }

    [Fact]
    public void Who_asks_when_the_time_is_up_gets_a_token_that_is_cancelled()
    {
        _time.Advance(Most);
        var token = _lifetime.RequestAborted;
        _time.Advance(TimeSpan.Zero);
        Assert.True(token.IsCancellationRequested);
        Assert.True(_lifetime.IsOver);
    }

    [Fact]
    public void A_client_that_leaves_cancels_it_and_is_no_end_of_the_time()
    {
        var token = _lifetime.RequestAborted;
        Assert.Equal(token, _lifetime.RequestAborted);
        _client.Cancel();
        Assert.True(token.IsCancellationRequested);
        Assert.False(_lifetime.IsOver);
    }

    [Fact]
    public void A_token_in_its_place_is_kept_until_the_end_and_then_it_is_the_connections()
    {
        using var other = new CancellationTokenSource();
        _lifetime.RequestAborted = other.Token;
        Assert.Equal(other.Token, _lifetime.RequestAborted);
        _lifetime.Dispose();
        Assert.Equal(_client.Token, _lifetime.RequestAborted);
        _time.Advance(Most);
        Assert.False(_lifetime.RequestAborted.IsCancellationRequested);
    }
}
