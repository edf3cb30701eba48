using System.Numerics;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Accounting;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.RateLimits;

/// <summary>
/// Random requests of two callers for two models under all six limits: each answer and what it tells of each limit is
/// that of a reference that counts what is left in numbers without an end.
/// </summary>
public sealed class LimitModelTests
{
    private static readonly string[] Names = ["requests", "model", "tokens", "model-tokens", "cost", "model-cost"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    public async Task All_limits_of_a_request_are_taken_and_settled_as_the_reference_does(int seed)
    {
        var (random, clock, told) = (new Random(seed), new ManualClock(), (Input: 0, Output: 0, Status: 200));
        await using var upstream = new ScriptedUpstream(connection => ScriptedUpstream.Json(
            told.Status == 200 ? UsageRig.Answer(UsageRig.Told(told.Input, told.Output)) : """{"error":{}}""",
            told.Status)(connection));
        await using var rig = await CostRig.StartAsync(
            [upstream],
            new()
            {
                Default = "20/minute",
                TokensPerMinute = 2700,
                Cost = "0.0037/minute",
                Models = new Dictionary<string, ModelLimitOptions>(StringComparer.Ordinal)
                {
                    ["m1"] = new() { Requests = "24/minute", Tokens = "3200/minute", Cost = "0.0048/minute" },
                },
            },
            time: clock);
        var buckets = new Dictionary<string, Reference>(StringComparer.Ordinal);
        var (admitted, refusals) = (0, new HashSet<string>(StringComparer.Ordinal));
        for (var step = 0; step < 250; step++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(9000) : random.Next(800)));
            var (most, key) = (random.Next(1, 300), random.Next(2) == 0 ? UsageRig.Ann : UsageRig.Bob);
            var model = random.Next(2) == 0 ? "m1" : "m2";
            told = (random.Next(4) == 0 ? random.Next(700) : 0, random.Next(3) == 0 ? random.Next(400) : 0, random.Next(8) == 0 ? 400 : 200);
            var body = UsageRig.Chat.Replace("40", $"{most}", StringComparison.Ordinal)
                .Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
            var at = $"seed {seed} step {step}";

            // Two tokens in: m1 and m2, user, hi.
            long[] wanted = [1, 1, 2 + most, 2 + most, (2 + (most * 2L)) * 1000, (2 + (most * 2L)) * 1000];
            var now = clock.GetTimestamp();
            var taken = new List<(int Limit, Reference Bucket, long Units)>();
            var refused = -1;
            using var response = await rig.SendAsync(body, key);
            await response.Content.ReadAsStringAsync();
            for (var i = 0; i < Names.Length && refused < 0; i++)
            {
                if (i % 2 == 1 && model != "m1")
                {
                    continue;
                }

                var name = i % 2 == 1 ? Names[i] : Names[i] + key;
                if (!buckets.TryGetValue(name, out var bucket))
                {
                    bucket = buckets[name] = new Reference(Capacity(i), now, clock.TimestampFrequency);
                }

                refused = bucket.Take(wanted[i], now) ? -1 : i;
                if (refused < 0)
                {
                    taken.Add((i, bucket, Math.Min(wanted[i], Capacity(i))));
                }

                var left = bucket.Left / (i >= 4 ? 1000 : 1);
                var header = CostRig.Left(response, Names[i]);
                Assert.True(left == header, $"{at}: {Names[i]} has {left} left, the header says {header}");
            }

            Assert.True((refused < 0 ? told.Status : 429) == (int)response.StatusCode, at);
            var spent = told.Status == 200 ? told : default;
            foreach (var (limit, bucket, units) in taken)
            {
                bucket.GiveBack(refused >= 0 ? units : limit switch
                {
                    < 2 => 0,
                    < 4 => units - spent.Input - spent.Output,
                    _ => units - ((spent.Input + (2L * spent.Output)) * 1000),
                });
            }

            admitted += refused < 0 ? 1 : 0;
            refusals.Add(refused < 0 ? "" : Names[refused]);
        }

        Assert.InRange(admitted, 50, 240);
        Assert.True(refusals.Count >= 5, string.Join(' ', refusals));
    }

    private static long Capacity(int limit) => limit switch
    {
        0 => 20,
        1 => 24,
        2 => 2700,
        3 => 3200,
        4 => 3_700_000,
        _ => 4_800_000,
    };

    /// <summary>A limit of a minute; what is left in units × ticks of it.</summary>
    private sealed class Reference(long count, long now, long frequency)
    {
        private readonly BigInteger _period = 60 * frequency;
        private BigInteger _left = (BigInteger)count * 60 * frequency;
        private long _now = now;

        public long Left => (long)(BigInteger.Max(_left, 0) / _period);

        public bool Take(long units, long at)
        {
            _left = BigInteger.Min(count * _period, _left + ((at - _now) * (BigInteger)count));
            _now = at;
            var wanted = Math.Min(units, count) * _period;
            var fits = _left >= wanted;
            _left -= fits ? wanted : 0;
            return fits;
        }

        /// <param name="units">Negative: more was used than was reserved.</param>
        public void GiveBack(long units)
        {
            _left = BigInteger.Min(count * _period, _left + (units * _period));
            _left = BigInteger.Max(_left, count * _period * (1 - RateLimitLimits.MostPeriodsOwed));
        }
    }
}
