using Quoin.Server.Gateway.Relay;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Relay;

public sealed class AttemptClocksTests
{
    private static readonly TimeSpan Second = TimeSpan.FromSeconds(1);
    private readonly ManualClock _time = new();

    [Fact]
    public void A_phase_ends_at_its_limit_and_not_before()
    {
        using var clocks = new AttemptClocks(_time);
        using var clock = clocks.Rent(clocks.After(60 * Second), CancellationToken.None);
        clock.Begin(AttemptPhase.FirstToken, 5 * Second);
        _time.Advance(4.999 * Second);
        Assert.False(clock.Token.IsCancellationRequested);
        _time.Advance(0.001 * Second);
        Assert.True(clock.Token.IsCancellationRequested);
        Assert.Equal(AttemptPhase.FirstToken, clock.Phase);
    }

    [Fact]
    public void A_phase_begun_again_has_its_whole_time()
    {
        using var clocks = new AttemptClocks(_time);
        using var clock = clocks.Rent(clocks.After(60 * Second), CancellationToken.None);
        for (var i = 0; i < 10; i++)
        {
            clock.Begin(AttemptPhase.Stall, 2 * Second);
            _time.Advance(1.5 * Second);
            Assert.False(clock.Token.IsCancellationRequested);
        }

        _time.Advance(Second);
        Assert.True(clock.Token.IsCancellationRequested);
        Assert.Equal(AttemptPhase.Stall, clock.Phase);
    }

    [Fact]
    public void No_phase_goes_beyond_the_deadline_of_the_call()
    {
        using var clocks = new AttemptClocks(_time);
        using var clock = clocks.Rent(clocks.After(3 * Second), CancellationToken.None);
        clock.Begin(AttemptPhase.Stall, 30 * Second);
        _time.Advance(3 * Second);
        Assert.True(clock.Token.IsCancellationRequested);
        Assert.Equal(AttemptPhase.Total, clock.Phase);
    }

    [Fact]
    public void Each_of_many_clocks_ends_at_its_own_time()
    {
        using var clocks = new AttemptClocks(_time);
        var deadline = clocks.After(1000 * Second);
        var random = new Random(7);
        var rented = Enumerable.Range(0, 500).Select(_ =>
        {
            var clock = clocks.Rent(deadline, CancellationToken.None);
            var seconds = random.Next(1, 100);
            clock.Begin(AttemptPhase.Stall, seconds * Second);
            return (clock, seconds);
        }).ToList();
        for (var now = 1; now <= 100; now++)
        {
            _time.Advance(Second);
            Assert.All(rented, r => Assert.Equal(r.seconds <= now, r.clock.Token.IsCancellationRequested));
        }
    }

    [Fact]
    public void A_clock_that_is_used_again_knows_nothing_of_its_earlier_use()
    {
        using var clocks = new AttemptClocks(_time);
        using var gone = new CancellationTokenSource();
        for (var i = 0; i < 100; i++)
        {
            using var earlier = clocks.Rent(clocks.After(Second), gone.Token);
            earlier.Begin(AttemptPhase.Total, Second);
        }

        using var clock = clocks.Rent(clocks.After(60 * Second), CancellationToken.None);
        Assert.False(clock.Token.IsCancellationRequested);
        gone.Cancel();
        _time.Advance(30 * Second);
        Assert.False(clock.Token.IsCancellationRequested);
    }

    [Fact]
    public void A_clock_that_has_ended_is_not_used_again()
    {
        using var clocks = new AttemptClocks(_time);
        using var gone = new CancellationTokenSource();
        var ended = clocks.Rent(clocks.After(Second), CancellationToken.None);
        ended.Begin(AttemptPhase.Total, Second);
        var left = clocks.Rent(clocks.After(60 * Second), gone.Token);
        gone.Cancel();
        _time.Advance(Second);
        Assert.True(ended.Token.IsCancellationRequested);
        Assert.True(left.Token.IsCancellationRequested);
        ended.Dispose();
        left.Dispose();
        for (var i = 0; i < 10; i++)
        {
            Assert.False(clocks.Rent(clocks.After(60 * Second), CancellationToken.None).Token.IsCancellationRequested);
        }
    }
}
