using System.Globalization;
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

    /// <summary>In a minute; about half of what the callers of this test ask for.</summary>
    private static readonly long[] Tight = [18, 19, 2800, 3000, 4_000_000, 4_200_000];

    [Theory]
    [InlineData(1, "requests")]
    [InlineData(2, "model")]
    [InlineData(3, "tokens")]
    [InlineData(4, "model-tokens")]
    [InlineData(5, "cost")]
    [InlineData(6, "model-cost")]
    public async Task All_limits_of_a_request_are_taken_and_settled_as_the_reference_does(int seed, string tight)
    {
        var most = Names.Select((name, i) => name == tight ? Tight[i] : Tight[i] * 6).ToArray();
        var (random, clock, told) = (new Random(seed), new ManualClock(), (Input: 0, Output: 0, Status: 200));
        await using var upstream = new ScriptedUpstream(connection => ScriptedUpstream.Json(
            told.Status == 200 ? UsageRig.Answer(UsageRig.Told(told.Input, told.Output)) : """{"error":{}}""",
            told.Status)(connection));
        await using var rig = await CostRig.StartAsync([upstream], Limits(most), time: clock);
        var buckets = new Dictionary<string, Reference>(StringComparer.Ordinal);
        var refusals = new HashSet<string>(StringComparer.Ordinal);
        for (var step = 0; step < 250; step++)
        {
            clock.Advance(TimeSpan.FromMilliseconds(random.Next(3) == 0 ? random.Next(3000) : random.Next(400)));
            var (output, key) = (random.Next(1, 300), random.Next(2) == 0 ? UsageRig.Ann : UsageRig.Bob);
            var model = random.Next(2) == 0 ? "m1" : "m2";
            told = (
                random.Next(4) == 0 ? random.Next(700) : 0, random.Next(3) == 0 ? random.Next(400) : 0,
                random.Next(8) == 0 ? 400 : 200);
            var body = UsageRig.Chat.Replace("40", $"{output}", StringComparison.Ordinal)
                .Replace("\"m\"", $"\"{model}\"", StringComparison.Ordinal);
            var at = $"seed {seed} step {step}";

            // Two tokens in: m1 and m2, user, hi.
            long[] wanted = [1, 1, 2 + output, 2 + output, (2 + (output * 2L)) * 1000, (2 + (output * 2L)) * 1000];
            var now = clock.GetTimestamp();
            var taken = new List<(int Limit, Reference Bucket, long Units)>();
            var refused = -1;
            using var response = await rig.SendAsync(body, key);
            await response.Content.ReadAsStringAsync();

            // The same connection answers when the request before has been settled: no time passes until then.
            await rig.Gateway.Client.GetStringAsync("/live");
            for (var i = 0; i < Names.Length && refused < 0; i++)
            {
                if (i % 2 == 1 && model != "m1")
                {
                    continue;
                }

                var name = i % 2 == 1 ? Names[i] : Names[i] + key;
                if (!buckets.TryGetValue(name, out var bucket))
                {
                    bucket = buckets[name] = new Reference(most[i], now, clock.TimestampFrequency);
                }

                refused = bucket.Take(wanted[i], now) ? -1 : i;
                if (refused < 0)
                {
                    taken.Add((i, bucket, Math.Min(wanted[i], most[i])));
                }

                var left = bucket.Left / (i >= 4 ? 1000 : 1);
                var header = CostRig.Left(response, Names[i]);
                Assert.True(left == header, $"{at}: {Names[i]} has {left} left, the header says {header}");
            }

            Assert.True((refused < 0 ? told.Status : 429) == (int)response.StatusCode, at);
            var spent = told.Status == 200 ? told : default;
            refusals.Add(refused < 0 ? "none" : Names[refused]);
            foreach (var (limit, bucket, units) in taken)
            {
                bucket.GiveBack(refused >= 0 ? units : Unused(limit, units, spent.Input, spent.Output));
            }
        }

        Assert.Contains("none", refusals);
        Assert.Contains(tight, refusals);
    }

    private static RateLimitOptions Limits(long[] most) => new()
    {
        Default = $"{most[0]}/minute",
        TokensPerMinute = most[2],
        Cost = Dollars(most[4]),
        Models = new Dictionary<string, ModelLimitOptions>(StringComparer.Ordinal)
        {
            ["m1"] = new()
            {
                Requests = $"{most[1]}/minute",
                Tokens = $"{most[3]}/minute",
                Cost = Dollars(most[5]),
            },
        },
    };

    /// <summary>What is given back of a limit's reservation: all but what was used.</summary>
    private static long Unused(int limit, long reserved, int input, int output) => limit switch
    {
        < 2 => 0,
        < 4 => reserved - input - output,
        _ => reserved - ((input + (2L * output)) * 1000),
    };

    private static string Dollars(long billionths) =>
        string.Create(CultureInfo.InvariantCulture, $"{billionths / 1e9m}/minute");

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
