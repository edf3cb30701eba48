using Quoin.Http.Benchmarking.Pacing;

namespace Quoin.Tests.Http.Benchmarking;

public sealed class ScheduleTests
{
    private const long Millisecond = TimeSpan.TicksPerMillisecond;

    [Fact]
    public void A_closed_loop_starts_when_asked_until_the_number_or_the_time_is_up()
    {
        var byNumber = new ClosedLoop(2, long.MaxValue);
        Assert.True(byNumber.TryTake(5, out var intended));
        Assert.Equal(5, intended);
        Assert.True(byNumber.TryTake(9, out _));
        Assert.False(byNumber.TryTake(9, out _));
        var byTime = new ClosedLoop(long.MaxValue, 100);
        Assert.True(byTime.TryTake(99, out _));
        Assert.False(byTime.TryTake(100, out _));
    }

    [Fact]
    public void Starts_are_equally_far_apart_and_do_not_drift()
    {
        var arrivals = new Arrivals(3, poisson: null);
        long[] first = [.. Enumerable.Range(0, 4).Select(_ => arrivals.Next())];
        Assert.Equal([0, 3_333_333, 6_666_666, 10_000_000], first);
        for (var i = 4; i < 3_000_000; i++)
        {
            arrivals.Next();
        }

        Assert.Equal(1_000_000 * TimeSpan.TicksPerSecond, arrivals.Next());
    }

    [Fact]
    public void Poisson_starts_are_as_many_vary_as_they_should_and_come_again_from_the_same_seed()
    {
        var (one, same, other) = (Poisson(7), Poisson(7), Poisson(8));
        Assert.Equal(one, same);
        Assert.NotEqual(one, other);
        var gaps = one.Zip(one.Skip(1), (before, after) => (double)(after - before)).ToList();
        var mean = gaps.Average();
        var deviation = Math.Sqrt(gaps.Average(gap => (gap - mean) * (gap - mean)));
        // An exponential distribution deviates by its mean.
        Assert.InRange(mean, 9_700, 10_300);
        Assert.InRange(deviation / mean, 0.97, 1.03);
    }

    [Fact]
    public void A_request_that_is_not_due_is_taken_ahead_by_one_only()
    {
        var loop = Open(rate: 1000, requests: 3);
        Assert.True(loop.TryTake(0, out var first));
        Assert.True(loop.TryTake(0, out var second));
        Assert.True(loop.TryTake(0, out var third));
        Assert.Equal((0, Millisecond, 2 * Millisecond), (first, second, third));
        Assert.False(loop.TryTake(0, out _));
        Assert.Equal(0, loop.Missed);
    }

    [Fact]
    public void Requests_that_nobody_could_send_keep_their_times()
    {
        var loop = Open(rate: 1000, requests: 1000);
        Assert.True(loop.TryTake(0, out _));
        for (var i = 1; i <= 500; i++)
        {
            Assert.True(loop.TryTake(500 * Millisecond, out var intended));
            Assert.Equal(i * Millisecond, intended);
        }

        Assert.True(loop.TryTake(500 * Millisecond, out var next));
        Assert.Equal(501 * Millisecond, next);
    }

    [Fact]
    public void Those_for_which_no_place_is_left_to_wait_are_missed_not_forgotten()
    {
        var loop = Open(rate: 1000, requests: 100, maxWaiting: 10);
        var taken = 0;
        long last = 0;
        Assert.True(loop.TryTake(0, out _));
        while (loop.TryTake(Millisecond * 200, out last))
        {
            taken++;
        }

        // 1 ms to 99 ms were due; the first ten of them found a place.
        Assert.Equal((10, 89L), (taken, loop.Missed));
    }

    [Fact]
    public void Who_still_waits_when_the_time_to_drain_is_over_is_missed()
    {
        var loop = new OpenLoop(
            new Arrivals(1000, poisson: null), long.MaxValue, 100 * Millisecond, 50 * Millisecond, 1000);
        Assert.True(loop.TryTake(149 * Millisecond, out var intended));
        Assert.Equal(0, intended);
        Assert.False(loop.TryTake(150 * Millisecond, out _));
        Assert.Equal(99, loop.Missed);
    }

    private static OpenLoop Open(double rate, long requests, int maxWaiting = 10_000) =>
        new(new Arrivals(rate, poisson: null), requests, long.MaxValue, TimeSpan.TicksPerMinute, maxWaiting);

    private static long[] Poisson(int seed)
    {
        var arrivals = new Arrivals(1000, new Random(seed));
        return [.. Enumerable.Range(0, 20_000).Select(_ => arrivals.Next())];
    }
}
