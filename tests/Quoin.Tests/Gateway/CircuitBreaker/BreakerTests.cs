using Quoin.Server.Gateway.CircuitBreaker;

namespace Quoin.Tests.Gateway.CircuitBreaker;

public sealed class BreakerTests
{
    private static readonly BreakerSettings Settings = new(
        Enabled: true, FailureThreshold: 3, Interval: 100, Timeout: 50, MaxRequests: 2);

    private readonly Breaker _breaker = new();

    [Fact]
    public void Failures_in_a_row_open_it()
    {
        FailTimes(2, now: 0);
        Assert.Equal(CircuitState.Closed, _breaker.State);
        FailTimes(1, now: 0);
        Assert.Equal(CircuitState.Open, _breaker.State);
        Assert.Equal(50, _breaker.OpenUntil);
        Assert.False(_breaker.TryEnter(49, Settings, out _));
    }

    [Fact]
    public void A_success_begins_the_count_anew()
    {
        FailTimes(2, now: 0);
        _breaker.Succeed(Enter(0), Settings);
        FailTimes(2, now: 0);
        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public void Failures_of_an_earlier_interval_are_forgotten()
    {
        FailTimes(2, now: 0);
        FailTimes(2, now: 100);
        Assert.Equal(CircuitState.Closed, _breaker.State);
        FailTimes(1, now: 199);
        Assert.Equal(CircuitState.Open, _breaker.State);
    }

    [Fact]
    public void Half_open_admits_so_many_probes_and_all_must_succeed()
    {
        FailTimes(3, now: 0);
        var (one, two) = (Enter(50), Enter(50));
        Assert.Equal(CircuitState.HalfOpen, _breaker.State);
        Assert.False(_breaker.TryEnter(50, Settings, out _));
        _breaker.Succeed(one, Settings);
        Assert.False(_breaker.TryEnter(50, Settings, out _));
        Assert.Equal(CircuitState.HalfOpen, _breaker.State);
        _breaker.Succeed(two, Settings);
        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public void One_failed_probe_opens_it_again()
    {
        FailTimes(3, now: 0);
        _breaker.Succeed(Enter(50), Settings);
        Assert.True(_breaker.Fail(Enter(60), 60, Settings));
        Assert.Equal(110, _breaker.OpenUntil);
    }

    [Fact]
    public void A_cancelled_probe_neither_jams_nor_counts()
    {
        FailTimes(3, now: 0);
        for (var i = 0; i < 10; i++)
        {
            _breaker.Cancel(Enter(50));
        }

        Assert.Equal(CircuitState.HalfOpen, _breaker.State);
        var (one, two) = (Enter(50), Enter(50));
        _breaker.Succeed(one, Settings);
        _breaker.Succeed(two, Settings);
        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public void Results_of_calls_from_an_earlier_state_do_not_count()
    {
        var (early, late) = (Enter(0), Enter(0));
        FailTimes(3, now: 0);
        var probe = Enter(50);
        Assert.False(_breaker.Fail(early, 50, Settings));
        _breaker.Succeed(late, Settings);
        Assert.Equal(CircuitState.HalfOpen, _breaker.State);
        _breaker.Succeed(probe, Settings);
        Assert.Equal(CircuitState.HalfOpen, _breaker.State);
        _breaker.Succeed(Enter(50), Settings);
        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public void Fewer_probes_by_a_reload_do_not_jam_it()
    {
        FailTimes(3, now: 0);
        _breaker.Succeed(Enter(50), Settings);
        Enter(50, Settings with { MaxRequests = 1 });
        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public void Switched_off_it_neither_opens_nor_stays_open()
    {
        var off = Settings with { Enabled = false };
        for (var i = 0; i < 9; i++)
        {
            _breaker.Fail(Enter(0, off), 0, off);
        }

        Assert.Equal(CircuitState.Closed, _breaker.State);
        FailTimes(3, now: 0);
        Assert.True(_breaker.TryEnter(1, off, out _));
        Assert.Equal(CircuitState.Closed, _breaker.State);
    }

    [Fact]
    public async Task Half_open_admits_no_more_under_contention()
    {
        for (var round = 0; round < 200; round++)
        {
            var breaker = new Breaker();
            for (var i = 0; i < 3; i++)
            {
                Assert.True(breaker.TryEnter(0, Settings, out var ticket));
                breaker.Fail(ticket, 0, Settings);
            }

            var admitted = 0;
            await Task.WhenAll(Enumerable.Range(0, 4).Select(_ => Task.Run(() =>
            {
                for (var i = 0; i < 50; i++)
                {
                    if (breaker.TryEnter(50, Settings, out var _))
                    {
                        Interlocked.Increment(ref admitted);
                    }
                }
            })));
            Assert.Equal(2, admitted);
        }
    }

    private BreakerTicket Enter(long now, BreakerSettings? settings = null)
    {
        Assert.True(_breaker.TryEnter(now, settings ?? Settings, out var ticket));
        return ticket;
    }

    private void FailTimes(int times, long now)
    {
        for (var i = 0; i < times; i++)
        {
            _breaker.Fail(Enter(now), now, Settings);
        }
    }
}
