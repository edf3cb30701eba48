using System.Numerics;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;

namespace Quoin.Tests.Gateway.RateLimits;

public sealed class TokenBucketTests
{
    private const long Frequency = 1000;

    /// <summary>The reference counts what is left, in units × ticks of the period, in numbers without an end.</summary>
    [Fact]
    public void It_answers_as_the_reference_does_whatever_happens_and_however_the_clock_jumps()
    {
        for (var seed = 0; seed < 300; seed++)
        {
            var random = new Random(seed);
            var rate = new Rate(random.Next(1, 50), random.Next(3) switch { 0 => 1, 1 => 60, _ => 3600 });
            var (period, now) = (new BigInteger(rate.Seconds * Frequency), 1_000_000L);
            var capacity = rate.Count * period;
            var (left, seen) = (capacity, now);
            var bucket = new TokenBucket(now);
            for (var step = 0; step < 300; step++)
            {
                now += random.Next(20) switch
                {
                    0 => -random.NextInt64(rate.Seconds * Frequency * 3),
                    1 => random.NextInt64(rate.Seconds * Frequency * 3),
                    _ => random.NextInt64(rate.Seconds * Frequency * 2 / rate.Count),
                };
                left = BigInteger.Min(capacity, left + (Math.Max(0, now - seen) * (BigInteger)rate.Count));
                seen = Math.Max(seen, now);
                var at = $"seed {seed} step {step}";
                if (random.Next(4) == 0)
                {
                    var difference = random.Next(-10, 11);
                    bucket.Settle(rate, difference, now, Frequency);
                    left = BigInteger.Min(capacity, left - (difference * period));
                    left = BigInteger.Max(left, capacity - (capacity * RateLimitLimits.MostPeriodsOwed));
                    continue;
                }

                var cost = random.Next((int)rate.Count + 3);
                var needed = Math.Min(cost, rate.Count) * period;
                var state = bucket.Take(rate, cost, now, Frequency);
                var fits = cost == 0 || left >= needed;
                Assert.True(fits == (state.Answer == BucketAnswer.Taken), at);
                if (fits)
                {
                    left -= needed;
                }
                else
                {
                    Assert.True((needed - left + rate.Count - 1) / rate.Count == state.Wait, at);
                }

                Assert.True(BigInteger.Max(left, 0) / period == state.Left, at);
            }
        }
    }

    [Fact]
    public void What_was_refused_is_taken_after_the_wait_and_not_a_tick_before()
    {
        var (bucket, rate) = (new TokenBucket(0), new Rate(7, 60));
        for (var i = 0; i < 7; i++)
        {
            Assert.Equal(BucketAnswer.Taken, bucket.Take(rate, 1, 0, Frequency).Answer);
        }

        var wait = bucket.Take(rate, 1, 0, Frequency).Wait;
        Assert.Equal(BucketAnswer.Refused, bucket.Take(rate, 1, wait - 1, Frequency).Answer);
        Assert.Equal(BucketAnswer.Taken, bucket.Take(rate, 1, wait, Frequency).Answer);
    }

    [Fact]
    public void More_than_fit_take_a_full_bucket()
    {
        var (bucket, rate) = (new TokenBucket(0), new Rate(100, 60));
        Assert.Equal(BucketAnswer.Taken, bucket.Take(rate, 5000, 0, Frequency).Answer);
        Assert.Equal(BucketAnswer.Refused, bucket.Take(rate, 1, 0, Frequency).Answer);
        Assert.Equal(BucketAnswer.Taken, bucket.Take(rate, 5000, 60 * Frequency, Frequency).Answer);
    }

    [Fact]
    public void What_takes_nothing_is_not_refused_even_where_much_is_owed()
    {
        var (bucket, rate) = (new TokenBucket(0), new Rate(10, 60));
        bucket.Settle(rate, 100, 0, Frequency);
        Assert.Equal(BucketAnswer.Refused, bucket.Take(rate, 1, 0, Frequency).Answer);
        Assert.Equal(BucketAnswer.Taken, bucket.Take(rate, 0, 0, Frequency).Answer);
    }

    [Fact]
    public void A_bucket_that_was_let_go_takes_no_settlement()
    {
        var (bucket, rate) = (new TokenBucket(0), new Rate(10, 60));
        Assert.True(bucket.Settle(rate, 3, 0, Frequency));
        Assert.True(bucket.Retire(0, even: true));
        Assert.False(bucket.Settle(rate, 3, 0, Frequency));
    }

    [Theory]
    [InlineData("60/minute", 60, 60)]
    [InlineData("1/second", 1, 1)]
    [InlineData("1000000000/day", 1000000000, 86400)]
    [InlineData("5 / hour", 5, 3600)]
    public void A_rate_is_read(string text, long count, int seconds)
    {
        Assert.True(Rate.TryParse(text, out var rate));
        Assert.Equal(new Rate(count, seconds), rate);
    }

    [Theory]
    [InlineData("0/minute")]
    [InlineData("-1/minute")]
    [InlineData("60")]
    [InlineData("60/week")]
    [InlineData("1000000001/day")]
    [InlineData("1e3/day")]
    [InlineData("")]
    public void What_is_no_rate_is_refused(string text) => Assert.False(Rate.TryParse(text, out _));
}
