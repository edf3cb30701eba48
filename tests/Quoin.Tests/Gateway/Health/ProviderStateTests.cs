using Quoin.Server.Gateway.Health;

namespace Quoin.Tests.Gateway.Health;

public sealed class ProviderStateTests
{
    private readonly ProviderState _state = new("p", 1000);

    [Fact]
    public void Unreachable_so_often_in_a_row_is_unhealthy_until_it_answers()
    {
        Assert.False(_state.Unreachable(2));
        _state.Answered(1);
        Assert.False(_state.Unreachable(2));
        Assert.True(_state.Healthy);
        Assert.True(_state.Unreachable(2));
        Assert.False(_state.Healthy);
        _state.Answered(2);
        Assert.True(_state.Healthy);
    }

    [Fact]
    public void A_key_keeps_its_state_when_others_come_and_go()
    {
        var first = _state.KeysFor(["a", "b"]);
        var second = _state.KeysFor(["c", "b"]);
        Assert.Same(first[1], second[1]);
        Assert.NotSame(first[0], second[0]);
    }

    [Fact]
    public void A_key_is_aside_until_the_latest_time_it_was_given()
    {
        var key = new KeyState();
        key.SetAside(100, AsideReason.RateLimited);
        key.SetAside(50, AsideReason.RateLimited);
        Assert.Equal(100, key.AsideUntil(99));
        Assert.Equal(0, key.AsideUntil(100));
        Assert.Equal(AsideReason.None, key.ReasonAside(100));
        key.SetAside(300, AsideReason.Refused);
        key.TakeBack();
        Assert.Equal(0, key.AsideUntil(200));
    }

    [Fact]
    public void The_success_rate_follows_the_outcomes()
    {
        _state.Count(success: true);
        Assert.Equal(1, _state.SuccessRate);
        for (var i = 0; i < 30; i++)
        {
            _state.Count(success: false);
        }

        Assert.InRange(_state.SuccessRate, 0, 0.1);
        for (var i = 0; i < 100; i++)
        {
            _state.Count(success: true);
        }

        Assert.Equal(1, _state.SuccessRate);
    }
}
