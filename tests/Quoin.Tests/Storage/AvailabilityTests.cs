using Quoin.Server.Storage;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Storage;

public sealed class AvailabilityTests
{
    private readonly ManualClock _clock = new();
    private readonly Availability _availability;

    public AvailabilityTests() => _availability = new Availability(
        _clock, failures: 2, firstPause: TimeSpan.FromSeconds(1), longestPause: TimeSpan.FromSeconds(3));

    [Fact]
    public void After_failures_in_a_row_nobody_asks_for_a_while_and_then_one()
    {
        Assert.False(_availability.Fail());
        Assert.True(_availability.MayAsk());
        Assert.True(_availability.Fail());
        Assert.False(_availability.MayAsk());
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_availability.MayAsk());
        Assert.False(_availability.MayAsk());
    }

    [Fact]
    public void The_while_doubles_up_to_the_longest()
    {
        _availability.Fail();
        _availability.Fail();
        foreach (var seconds in (int[])[1, 2, 3, 3])
        {
            _clock.Advance(TimeSpan.FromSeconds(seconds) - TimeSpan.FromTicks(1));
            Assert.False(_availability.MayAsk());
            _clock.Advance(TimeSpan.FromTicks(1));
            Assert.True(_availability.MayAsk());
            Assert.False(_availability.Fail());
        }
    }

    [Fact]
    public void An_answer_ends_it_and_begins_anew()
    {
        _availability.Fail();
        Assert.False(_availability.Succeed());
        _availability.Fail();
        Assert.True(_availability.MayAsk());
        _availability.Fail();
        Assert.True(_availability.Succeed());
        Assert.False(_availability.Fail());
        Assert.True(_availability.MayAsk());
    }

    [Fact]
    public void A_caller_that_leaves_lets_another_try()
    {
        _availability.Fail();
        _availability.Fail();
        _clock.Advance(TimeSpan.FromSeconds(1));
        Assert.True(_availability.MayAsk());
        _availability.Leave();
        Assert.True(_availability.MayAsk());
    }
}
