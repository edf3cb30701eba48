using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Tests.Fakes;
using StackExchange.Redis;

namespace Quoin.Tests.Gateway.RateLimits;

/// <summary>The scripts in a real Redis, with a clock of the test in place of its own.</summary>
public sealed class SharedScriptsTests
{
    // The last argument is the time; entries do not expire, as Redis would let them by its own clock.
    private const string Clock =
        """
        local now = tonumber(ARGV[#ARGV])
        local real = redis
        local redis = { call = function(command, key, value)
          if value then return real.call(command, key, value) end
          return real.call(command, key)
        end }

        """;

    private const long Frequency = SharedScripts.Frequency;

    [Fact]
    public async Task They_answer_exactly_as_TokenBuckets_do_over_random_sequences()
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var db = connection.GetDatabase();
        for (var seed = 0; seed < 60; seed++)
        {
            var random = new Random(seed);
            var now = 1_790_000_000_000_000L + random.Next();
            var (rates, buckets) = (Rates(random), new TokenBucket[3]);
            for (var i = 0; i < buckets.Length; i++)
            {
                buckets[i] = new TokenBucket(now);
            }

            for (var step = 0; step < 200; step++)
            {
                now += Pause(random, rates);
                var (i, at) = (random.Next(3), $"seed {seed} step {step}");
                switch (random.Next(8))
                {
                    case 0:
                        // A reload: another count over the same period keeps what was taken. Redis writes nothing
                        // down of refusals, so both are brought to the same time first.
                        await SettleAsync(db, KeyOf(seed, i), buckets[i], rates[i], 0, now);
                        rates[i] = rates[i] with { Count = Count(random) };
                        break;
                    case 1 or 2:
                        var difference = random.NextInt64(-rates[i].Count, rates[i].Count + 1) * random.Next(1, 80);
                        await SettleAsync(db, KeyOf(seed, i), buckets[i], rates[i], difference, now);
                        break;
                    default:
                        var costs = Array.ConvertAll(
                            rates, rate => random.Next(10) == 0 ? 0 : random.NextInt64(rate.Count + (rate.Count / 4)));
                        var expected = TakeLocally(buckets, rates, costs, now);
                        var actual = await TakeSharedAsync(db, seed, rates, costs, now);
                        Assert.True(
                            expected.SequenceEqual(actual),
                            $"{at}: {string.Join(' ', expected)} but {string.Join(' ', actual)}");
                        break;
                }
            }
        }
    }

    [Fact]
    public async Task A_clock_that_is_set_back_stands_still_for_a_period_at_most()
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var db = connection.GetDatabase();
        Rate[] rates = [new(10, 60)];
        var now = 1_790_000_000_000_000L;
        await TakeSharedAsync(db, 0, rates, [10], now);
        var back = await TakeSharedAsync(db, 0, rates, [1], now - (60 * Frequency));
        Assert.Equal((BucketAnswer.Refused, 6 * Frequency), (back[0].Answer, back[0].Wait));
        var far = now - (3600 * Frequency);
        await TakeSharedAsync(db, 0, rates, [0], far);
        await db.ScriptEvaluateAsync(Clock + SharedScripts.SettleBody, [KeyOf(0, 0)], [10, 60, 0, 60, far]);
        var later = await TakeSharedAsync(db, 0, rates, [1], far + (6 * Frequency));
        Assert.Equal(BucketAnswer.Taken, later[0].Answer);
    }

    [Fact]
    public async Task An_entry_lives_until_its_bucket_is_full()
    {
        await using var server = await RedisServer.StartAsync();
        using var connection = await ConnectionMultiplexer.ConnectAsync(server.Address);
        var db = connection.GetDatabase();
        await db.ScriptEvaluateAsync(SharedScripts.Take, ["half"], [10, 86400, 5]);
        var left = await db.KeyTimeToLiveAsync("half");
        Assert.InRange(left!.Value, TimeSpan.FromHours(11), TimeSpan.FromHours(12) + TimeSpan.FromMilliseconds(1));
        await db.ScriptEvaluateAsync(SharedScripts.Settle, ["half"], [10, 86400, -5, 60]);
        Assert.False(await db.KeyExistsAsync("half"));
        await db.ScriptEvaluateAsync(SharedScripts.Settle, ["owed"], [10, 86400, 1_000_000, 60]);
        Assert.Equal("600 0", ((string)(await db.StringGetAsync("owed"))!)[..5]);
        await db.ScriptEvaluateAsync(SharedScripts.Take, ["owed"], [1, 86400, 1]);
        Assert.True(await db.KeyExistsAsync("owed"));
    }

    private static async Task SettleAsync(
        IDatabase db, RedisKey key, TokenBucket bucket, Rate rate, long difference, long now)
    {
        bucket.Settle(rate, difference, now, Frequency);
        await db.ScriptEvaluateAsync(
            Clock + SharedScripts.SettleBody, [key],
            [rate.Count, rate.Seconds, difference, RateLimitLimits.MostPeriodsOwed, now]);
    }

    private static RedisKey KeyOf(int seed, int bucket) => $"{seed}:{bucket}";

    private static Rate[] Rates(Random random) =>
    [
        .. Enumerable.Range(0, 3).Select(_ => new Rate(
            Count(random), random.Next(4) switch { 0 => 1, 1 => 60, 2 => 3600, _ => 86400 })),
    ];

    private static long Count(Random random) => random.Next(6) switch
    {
        // Money counts in billionths of a dollar.
        4 => (MoneyRate.Most * MoneyRate.BillionthsOfDollar) - random.Next(1000),
        5 => random.NextInt64(1, MoneyRate.Most * MoneyRate.BillionthsOfDollar),
        0 => Rate.MostCount - random.Next(1000),
        1 => random.NextInt64(1, Rate.MostCount),
        _ => random.Next(1, 50),
    };

    private static long Pause(Random random, Rate[] rates)
    {
        var rate = rates[random.Next(rates.Length)];
        return random.Next(12) switch
        {
            0 => random.NextInt64(rate.Seconds * Frequency * 70),
            1 => 0,
            < 5 => random.NextInt64(rate.Seconds * Frequency),
            _ => random.NextInt64((rate.Seconds * Frequency * 2 / rate.Count) + 2),
        };
    }

    /// <summary>One after the other, with what was taken given back at the first refusal.</summary>
    private static List<BucketState> TakeLocally(TokenBucket[] buckets, Rate[] rates, long[] costs, long now)
    {
        var states = new List<BucketState>();
        for (var i = 0; i < buckets.Length; i++)
        {
            states.Add(buckets[i].Take(rates[i], costs[i], now, Frequency));
            if (states[i].Answer == BucketAnswer.Refused)
            {
                foreach (var taken in Enumerable.Range(0, i).Where(taken => costs[taken] > 0))
                {
                    buckets[taken].Settle(
                        rates[taken], -Math.Min(costs[taken], rates[taken].Count), now, Frequency);
                }

                break;
            }
        }

        return states;
    }

    private static async Task<List<BucketState>> TakeSharedAsync(
        IDatabase db, int seed, Rate[] rates, long[] costs, long now)
    {
        var claims = rates.Select((rate, i) => new BucketClaim(default, default, rate, costs[i])).ToArray();
        var take = new SharedTake(
            null!, "", claims, [],
            (long[])(await db.ScriptEvaluateAsync(
                Clock + SharedScripts.TakeBody,
                [.. rates.Select((_, i) => KeyOf(seed, i))],
                [.. SharedLimits.ValuesOf(claims), now]))!);
        return [.. Enumerable.Range(0, take.Count).Select(take.State)];
    }
}
