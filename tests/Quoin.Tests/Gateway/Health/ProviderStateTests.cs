using Quoin.Server.Gateway.Failover;
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
        key.Refuse(100);
        key.Refuse(50);
        Assert.Equal((100, AsideReason.Refused), (key.AsideUntil(99, "m"), key.ReasonAside(99, "m")));
        Assert.Equal((0, AsideReason.None), (key.AsideUntil(100, "m"), key.ReasonAside(100, "m")));
        key.Refuse(300);
        key.TakeBack("m");
        Assert.Equal(0, key.AsideUntil(200, "other"));
    }

    [Fact]
    public void A_rate_limit_keeps_a_key_aside_for_its_model_alone()
    {
        var key = new KeyState();
        key.Limit("m", 100, 0);
        key.Limit("m", 50, 0);
        Assert.Equal((100, AsideReason.RateLimited), (key.AsideUntil(99, "m"), key.ReasonAside(99, "m")));
        Assert.Equal((0, AsideReason.None), (key.AsideUntil(99, "other"), key.ReasonAside(99, "other")));
        key.TakeBack("other");
        Assert.Equal([("m", 100)], key.Limited(99));
        key.TakeBack("m");
        Assert.Empty(key.Limited(99));
    }

    [Fact]
    public void The_models_a_key_remembers_are_bounded_and_the_expired_go_first()
    {
        var key = new KeyState();
        for (var i = 0; i < FailoverLimits.LimitedModels; i++)
        {
            key.Limit($"m{i}", i < 10 ? 5 : 100, 0);
        }

        key.Limit("late", 100, 0);
        Assert.Equal(0, key.AsideUntil(1, "late"));
        key.Limit("later", 100, 10);
        Assert.Equal(100, key.AsideUntil(11, "later"));
        Assert.Equal(FailoverLimits.LimitedModels - 9, key.Limited(11).Count);
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
