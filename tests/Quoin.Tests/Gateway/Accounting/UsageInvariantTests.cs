using System.Globalization;
using Quoin.Server.Configuration;
using Quoin.Tests.Configuration;

namespace Quoin.Tests.Gateway.Accounting;

/// <summary>
/// Random requests through providers with faults, some of whose clients leave: whatever a request's end, it has exactly
/// one record if it was admitted and none if not, and records, sums by day, and what keys have spent agree.
/// </summary>
public sealed class UsageInvariantTests
{
    /// <summary>Of a dollar in a day.</summary>
    private const long LimitMillionths = 1_000_000;

    private const string Faults =
        """
        rules:
          - {match: {stream: true}, fault: {type: stall, after: 3, for: 50ms}, every: 3}
          - {match: {}, fault: {type: error, status: 500}, every: 5}
          - {match: {}, fault: {type: rate_limit}, every: 7}
          - {match: {stream: true}, fault: {type: cut, after: 5, ending: close}, every: 4}
          - {match: {stream: true}, fault: {type: error_event, after: 3, message: Overloaded}, every: 6}
          - {match: {stream: true}, fault: {type: malformed_chunk, at: 6}, every: 8}
          - {match: {stream: true}, fault: missing_end, every: 9}
          - {match: {stream: false}, fault: {type: truncated_body, missing: 16}, every: 6}
          - {match: {}, fault: context_length, every: 11}
        """;

    [Theory]
    [InlineData(1, "cancel", false)]
    [InlineData(2, "drain", false)]
    [InlineData(3, "cancel", true)]
    public async Task Every_admitted_request_has_one_record_and_all_sums_agree(int seed, string policy, bool hedged)
    {
        using var folder = new TemporaryFolder();
        var scenario = folder.Write("faults.yaml", Faults);
        var started = TimeProvider.System.GetTimestamp();
        await using var rig = await UsageRig.StartAsync(
            [], [new() { Amount = 0.05, Per = "month" }], options => Change(options, scenario, policy, hedged));
        var random = new Random(seed);
        var plans = Enumerable.Range(0, 300).Select(i => Plan.Of(random, seed, i)).ToArray();
        var ends = new End[plans.Length];
        await Parallel.ForEachAsync(
            Enumerable.Range(0, plans.Length), new ParallelOptions { MaxDegreeOfParallelism = 16 },
            async (i, _) => ends[i] = await RunAsync(rig, plans[i]));
        await SettledAsync(rig);

        var records = await rig.RecordsAsync();
        var written = records.ToLookup(record => record.RequestId, StringComparer.Ordinal);
        for (var i = 0; i < plans.Length; i++)
        {
            var count = written[plans[i].Id].Count();
            Assert.True(
                ends[i] switch { End.Admitted => count == 1, End.Refused => count == 0, _ => count <= 1 },
                $"seed {seed}: {plans[i]} ended {ends[i]} and has {count} records");
        }

        Assert.Equal(records.Count, records.DistinctBy(record => record.RequestId).Count());
        Assert.All(records, record => Assert.Equal(
            (record.Use.Input * 1000) + (record.Use.Output * 2000), record.Cost));
        Assert.Contains(records, record => record.Error.Length > 0 && record.Cost > 0);
        Assert.Contains(records, record => record.Status == 499);
        Assert.Contains(records, record => record.FromCache);
        Assert.Contains(records, record => record.Attempts > 1);
        Assert.Contains(End.Refused, ends);

        var days = (await rig.GetAsync("/api/v1/usage?by=key")).GetProperty("data").EnumerateArray().ToArray();
        var ann = records.Where(record => record.Key == "ann").ToArray();
        var day = days.Single(row => row.GetProperty("key").GetString() == "ann");
        Assert.Equal(ann.Length, day.GetProperty("requests").GetInt64());
        Assert.Equal(ann.Sum(record => record.Cost) / 1e9m, day.GetProperty("cost_usd").GetDecimal());
        var budget = (await rig.GetAsync("/api/v1/keys")).GetProperty("data")[0].GetProperty("budgets")[0];
        Assert.Equal(ann.Sum(record => record.Cost) / 1e9m, budget.GetProperty("spent_usd").GetDecimal());
        Assert.Equal(0m, budget.GetProperty("reserved_usd").GetDecimal());
        await HoldsLimitAsync(rig, ann.Sum(record => record.Cost), started);
    }

    /// <summary>Ann's limit lacks what her requests cost, but for what has come back since the start.</summary>
    private static async Task HoldsLimitAsync(UsageRig rig, long cost, long started)
    {
        using var response = await rig.SendAsync(
            """{"model":"unpriced","max_tokens":1,"messages":[{"role":"user","content":"hi"}]}""");
        var header = response.Headers.GetValues("RateLimit").Single();
        var at = header.IndexOf("\"cost\";r=", StringComparison.Ordinal) + 9;
        var left = long.Parse(header[at..header.IndexOf(';', at)], CultureInfo.InvariantCulture);
        var back = TimeProvider.System.GetElapsedTime(started).TotalSeconds * LimitMillionths / 86400;
        var lacking = LimitMillionths - left;
        Assert.InRange(lacking, Math.Max(0, (cost / 1000) - (long)back - 2), (cost / 1000) + 2);
    }

    private static QuoinOptions Change(QuoinOptions options, string scenario, string policy, bool hedged)
    {
        ProviderOptions Sim(long seed) => new()
        {
            Type = "sim",
            Prices = new Dictionary<string, PriceOptions>(StringComparer.Ordinal) { ["m"] = UsageRig.Prices["*"] },
            Models = ["m", "unpriced"],
            Sim = new() { Scenario = scenario, Seed = seed },
        };
        return options with
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["one"] = Sim(1),
                ["two"] = Sim(2),
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "one" }, new() { Provider = "two", Continue = !hedged }],
            },
            Llm = options.Llm with
            {
                OnClientDisconnect = policy,
                Cache = options.Llm.Cache with { Enable = true },
                Hedge = options.Llm.Hedge with { Enabled = hedged, MinDelay = TimeSpan.FromMilliseconds(1) },
            },
            CircuitBreaker = new() { Enabled = false },
            RateLimit = new() { Enabled = true, Default = "1000000000/second", Cost = "1/day" },
            Auth = options.Auth with { Keys = [options.Auth.Keys[0], options.Auth.Keys[1] with { Cost = "0" }] },
        };
    }

    private static async Task<End> RunAsync(UsageRig rig, Plan plan)
    {
        using var leaving = new CancellationTokenSource();
        try
        {
            using var response = await rig.SendAsync(
                plan.Body, plan.Key, plan.Path, leaving.Token, ("X-Request-ID", plan.Id));
            await using var stream = await response.Content.ReadAsStreamAsync();
            if (plan.Leaves)
            {
                // Only a read that is given up closes the connection: a disposed answer is read to its end.
                _ = await stream.ReadAtLeastAsync(new byte[100], 100, throwOnEndOfStream: false);
                var rest = stream.CopyToAsync(Stream.Null, leaving.Token);
                await leaving.CancelAsync();
                await rest.ContinueWith(static _ => { }, TaskScheduler.Default);
                return End.Admitted;
            }

            using var reader = new StreamReader(stream);
            var text = await reader.ReadToEndAsync(CancellationToken.None);
            return plan.Refused || text.Contains("budget_exceeded", StringComparison.Ordinal)
                || text.Contains("budget of this key", StringComparison.Ordinal)
                ? End.Refused
                : End.Admitted;
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return End.Unknown;
        }
    }

    /// <summary>Requests whose client left go on for a while.</summary>
    private static async Task SettledAsync(UsageRig rig)
    {
        for (var i = 0; ; i++)
        {
            await rig.GetAsync("/api/v1/usage");
            var page = await rig.Gateway.Client.GetStringAsync("/metrics");
            if (page.Contains("\nquoin_usage_pending 0.0\n", StringComparison.Ordinal))
            {
                return;
            }

            Assert.True(i < 2000, "requests are still under way");
            await Task.Delay(TimeSpan.FromMilliseconds(5), TimeProvider.System);
        }
    }

    private enum End
    {
        Admitted,
        Refused,
        Unknown,
    }

    private sealed record Plan(string Id, string Path, string Body, string Key, bool Leaves, bool Refused)
    {
        public static Plan Of(Random random, int seed, int number)
        {
            var stream = random.Next(2) == 0 ? ",\"stream\":true" : "";
            var anthropic = random.Next(3) == 0;

            // Some of ann's ask for more than her budget has, some questions are asked again.
            var most = random.Next(12) == 0 ? 1_000_000 : 500;
            var question = random.Next(4) == 0 ? "again" : "hi " + number.ToString(CultureInfo.InvariantCulture);
            var body = $"{{\"model\":\"m\",\"max_tokens\":{most}{stream},"
                + $"\"messages\":[{{\"role\":\"user\",\"content\":\"{question}\"}}]}}";
            var kind = random.Next(20);
            return new Plan(
                $"s{seed}-{number}",
                anthropic ? "/v1/messages" : "/v1/chat/completions",
                kind == 0 ? body[..^1] : body,
                kind == 1 ? "an-unknown-key-of-nobody" : random.Next(3) == 0 ? UsageRig.Bob : UsageRig.Ann,
                Leaves: kind > 1 && most == 500 && stream.Length > 0 && random.Next(4) == 0,
                Refused: kind <= 1);
        }
    }
}
