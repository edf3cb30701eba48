using System.Net;
using Quoin.Server.Configuration;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Accounting;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.RateLimits;

/// <summary>Limits in money and of models, from a request to what is left.</summary>
public sealed class CostLimitTests
{
    [Fact]
    public async Task Money_is_reserved_by_an_estimate_and_settled_by_what_was_told()
    {
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Default = "100/minute", Cost = "0.0002/hour" }, time: new ManualClock());
        using (var first = await rig.SendAsync())
        {
            Assert.Equal(
                "\"requests\";q=100;w=60, \"cost\";q=200;w=3600;qu=\"micro-usd\"",
                string.Join(", ", first.Headers.GetValues("RateLimit-Policy")));
            Assert.Equal(200 - CostRig.Reserved, CostRig.Left(first));
            await first.Content.ReadAsStringAsync();
        }

        Assert.Equal((200, 200 - 17 - CostRig.Reserved), await CostRig.AskAsync(rig));
    }

    [Fact]
    public async Task A_request_that_may_cost_more_than_is_left_is_refused_until_there_is_enough()
    {
        var clock = new ManualClock();
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await CostRig.StartAsync([upstream], new() { Cost = "0.0001/hour" }, time: clock);
        Assert.Equal(200, (await CostRig.AskAsync(rig)).Status);
        Assert.Equal(200, (await CostRig.AskAsync(rig)).Status);
        using (var refused = await rig.SendAsync())
        {
            // 66 millionths are left and 82 are wanted: 16 come back in 576 seconds.
            Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
            Assert.Equal("576", refused.Headers.GetValues("Retry-After").Single());
            var text = await refused.Content.ReadAsStringAsync();
            Assert.Contains(
                "the limit of $0.0001 in 3600 s is used up, for 576 s more", text, StringComparison.Ordinal);
            Assert.Contains("rate_limit_exceeded", text, StringComparison.Ordinal);
        }

        // The reservation fell with what was asked for, and another caller has a limit of its own.
        var less = UsageRig.Chat.Replace("40", "20", StringComparison.Ordinal);
        Assert.Equal((200, 66 - 42), await CostRig.AskAsync(rig, less));
        Assert.Equal(200, (await CostRig.AskAsync(rig, key: UsageRig.Bob)).Status);
        Assert.Contains(
            "quoin_rate_limit_refusals_total{limit=\"cost\"} 1",
            await rig.Gateway.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal((200, 100 - CostRig.Reserved), await CostRig.AskAsync(rig));
    }

    [Theory]
    [InlineData("""{"id":"x","choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}""", 200, 0)]
    [InlineData("""{"error":{"message":"no"}}""", 400, 0)]
    [InlineData("""{"id":"x","choices":[]}""", 200, 2 + (2 * 5))]
    public async Task A_zero_is_zero_an_error_is_free_and_silence_is_estimated(string answer, int status, int cost)
    {
        await using var upstream = Upstream(answer, status);
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Cost = "0.0002/hour" }, time: new ManualClock());
        Assert.Equal(status, (await CostRig.AskAsync(rig)).Status);
        Assert.Equal(200 - cost, (await CostRig.AskAsync(rig, CostRig.Free)).Left);
    }

    [Fact]
    public async Task The_highest_price_is_reserved_and_each_attempt_costs_its_own()
    {
        var told = "data: {\"id\":\"x\",\"choices\":[],\"usage\":" + UsageRig.Told(7, 3) + "}\n\n";
        await using var bad = new ScriptedUpstream(ScriptedUpstream.Events(
            told + "data: {\"error\":{\"message\":\"down\",\"type\":\"server_error\"}}\n\n"));
        await using var good = new ScriptedUpstream(ScriptedUpstream.Events(
            "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hi\"},"
            + "\"finish_reason\":\"stop\"}]}\n\n"
            + "data: {\"id\":\"x\",\"choices\":[],\"usage\":" + UsageRig.Told(5, 6) + "}\n\ndata: [DONE]\n\n"));
        await using var rig = await CostRig.StartAsync(
            [bad, good], new() { Cost = "0.001/hour" },
            options => options with
            {
                Providers = new Dictionary<string, ProviderOptions>(options.Providers, StringComparer.Ordinal)
                {
                    ["up1"] = options.Providers["up1"] with { Prices = CostRig.Prices(3, 5) },
                },
            },
            new ManualClock());
        Assert.Equal((200, 1000 - (2 * 3) - (40 * 5)), await CostRig.AskAsync(rig, UsageRig.StreamedChat));
        await CostRig.ShowsAsync(rig, left => left == 1000 - (7 + (3 * 2)) - ((5 * 3) + (6 * 5)));
    }

    [Fact]
    public async Task An_answer_from_the_cache_costs_nothing()
    {
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Cost = "0.0002/hour" },
            options => options with
            {
                Llm = options.Llm with { Cache = options.Llm.Cache with { Enable = true } },
            },
            new ManualClock());
        for (var i = 0; i < 5; i++)
        {
            Assert.Equal(200, (await CostRig.AskAsync(rig)).Status);
        }

        Assert.Single(upstream.Requests);
        Assert.Equal(200 - 17, (await CostRig.AskAsync(rig, CostRig.Free)).Left);
    }

    [Fact]
    public async Task A_client_that_leaves_pays_for_what_has_come()
    {
        var answered = false;
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            if (answered)
            {
                await ScriptedUpstream.Json(CostRig.Answer)(connection);
                return;
            }

            answered = true;
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(
                "data: {\"id\":\"x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]}\n\n");
            await connection.WaitForCloseAsync();
        });
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Default = "1000000/second", Cost = "0.0002/hour" }, time: new ManualClock());
        using var leaving = new CancellationTokenSource();
        using (var response = await rig.SendAsync(UsageRig.StreamedChat, cancellationToken: leaving.Token))
        {
            Assert.Equal(200 - CostRig.Reserved, CostRig.Left(response));
            await (await response.Content.ReadAsStreamAsync(leaving.Token)).ReadExactlyAsync(new byte[20]);
            await leaving.CancelAsync();
        }

        // Two tokens in and one out.
        await CostRig.ShowsAsync(rig, left => left == 200 - 4);
    }

    [Fact]
    public async Task A_model_s_tokens_and_money_are_one_for_all_and_a_refusal_costs_its_caller_nothing()
    {
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await CostRig.StartAsync(
            [upstream],
            new()
            {
                TokensPerMinute = 1000,
                Cost = "0.001/hour",
                Models = new Dictionary<string, ModelLimitOptions>(StringComparer.Ordinal)
                {
                    ["m"] = new() { Requests = "50/hour", Cost = "0.00009/hour" },
                    ["m2"] = new() { Tokens = "50/hour" },
                },
            },
            time: new ManualClock());
        Assert.Equal((200, 90 - CostRig.Reserved), await CostRig.AskAsync(rig, limit: "model-cost"));
        using (var refused = await rig.SendAsync(key: UsageRig.Bob))
        {
            Assert.Equal(429, (int)refused.StatusCode);
            Assert.Contains(
                "the limit of $0.00009 for this model in 3600 s", await refused.Content.ReadAsStringAsync(),
                StringComparison.Ordinal);
            Assert.Equal(
                "\"requests\";q=60;w=60, \"model\";q=50;w=3600, \"tokens\";q=1000;w=60;qu=\"tokens\", "
                + "\"cost\";q=1000;w=3600;qu=\"micro-usd\", \"model-cost\";q=90;w=3600;qu=\"micro-usd\"",
                string.Join(", ", refused.Headers.GetValues("RateLimit-Policy")));
        }

        using (var free = await rig.SendAsync(CostRig.Free, UsageRig.Bob))
        {
            Assert.Equal(
                (59, 1000 - 43, 1000),
                (CostRig.Left(free, "requests"), CostRig.Left(free, "tokens"), CostRig.Left(free)));
            await free.Content.ReadAsStringAsync();
        }

        var second = UsageRig.Chat.Replace("\"m\"", "\"m2\"", StringComparison.Ordinal);
        Assert.Equal((200, 50 - 42), await CostRig.AskAsync(rig, second, limit: "model-tokens"));
        using var used = await rig.SendAsync(second, UsageRig.Bob);
        Assert.Contains(
            "the limit of 50 tokens for this model in 3600 s", await used.Content.ReadAsStringAsync(),
            StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_s_own_limit_counts_by_key_and_its_zero_is_none()
    {
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Cost = "0.0001/hour", Per = "ip" },
            options => options with
            {
                Auth = options.Auth with
                {
                    Keys =
                    [
                        options.Auth.Keys[0] with { Cost = "0.0005/day" },
                        options.Auth.Keys[1] with { Cost = "0" },
                        new() { Name = "cid", Key = "cid-0123456789-secret" },
                        new() { Name = "dan", Key = "dan-0123456789-secret" },
                    ],
                },
            },
            new ManualClock());
        Assert.Equal((200, 500 - CostRig.Reserved), await CostRig.AskAsync(rig));
        Assert.Equal((200, -1), await CostRig.AskAsync(rig, key: UsageRig.Bob));
        Assert.Equal((200, 100 - CostRig.Reserved), await CostRig.AskAsync(rig, key: "cid-0123456789-secret"));
        Assert.Equal((200, 83 - CostRig.Reserved), await CostRig.AskAsync(rig, key: "dan-0123456789-secret"));
        Assert.Equal(429, (await CostRig.AskAsync(rig, key: "cid-0123456789-secret")).Status);
        var keys = (await rig.GetAsync("/api/v1/keys")).GetProperty("data");
        Assert.Equal(
            ["0.0005/day", "0", "0.0001/hour"],
            keys.EnumerateArray().Take(3).Select(key => key.GetProperty("cost").GetString()));
    }

    [Fact]
    public async Task More_was_used_than_is_owed_back_and_only_what_is_free_passes_meanwhile()
    {
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(100, 200)));
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Cost = "0.0001/hour" }, time: new ManualClock());
        Assert.Equal(200, (await CostRig.AskAsync(rig)).Status);
        Assert.Equal((200, 0), await CostRig.AskAsync(rig, CostRig.Free));
        using var refused = await rig.SendAsync();

        // 500 are used of 100: 400 are owed and 82 are wanted.
        Assert.Equal((482 * 36).ToString(System.Globalization.CultureInfo.InvariantCulture),
            refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal(2, (await rig.Gateway.StopAsync()).Split("has no price").Length);
    }

    [Fact]
    public async Task A_job_is_charged_when_it_runs_and_never_refused()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(10, 40)));
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Default = "1000000/second", Cost = "0.0001/hour" },
            options => options with { Queue = new() { StatePath = Path.Combine(folder.Path, "journal") } },
            new ManualClock());
        for (var i = 0; i < 2; i++)
        {
            using var accepted = await rig.SendAsync(headers: ("Prefer", "respond-async"));
            if (i > 0 && accepted.StatusCode == HttpStatusCode.TooManyRequests)
            {
                break;
            }

            Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        }

        // Two runs cost 90 each, or one where the first had run before the second was asked for.
        await CostRig.ShowsAsync(rig, left => left is 0 or 10);
    }

    [Fact]
    public async Task With_a_database_the_same_is_recorded_and_limited()
    {
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await UsageRig.StartAsync(
            [upstream], change: options => options with { RateLimit = new() { Enabled = true, Cost = "0.0002/day" } },
            time: new ManualClock());
        Assert.Equal((200, 200 - CostRig.Reserved), await CostRig.AskAsync(rig));
        Assert.Equal((200, 200 - 17 - CostRig.Reserved), await CostRig.AskAsync(rig));
        Assert.Equal([17000, 17000], (await rig.RecordsAsync(2)).Select(record => record.Cost));
    }

    [Fact]
    public async Task A_reload_changes_the_limit_and_keeps_what_was_spent()
    {
        await using var upstream = Upstream(CostRig.Answer);
        await using var rig = await CostRig.StartAsync(
            [upstream], new() { Cost = "0.0001/hour" }, time: new ManualClock());
        Assert.Equal(200, (await CostRig.AskAsync(rig)).Status);
        var source = rig.Gateway.Source;
        source.Replace(source.Current with { RateLimit = source.Current.RateLimit with { Cost = "0.0003/hour" } });
        Assert.Equal((200, 300 - 17 - CostRig.Reserved), await CostRig.AskAsync(rig));
    }

    private static ScriptedUpstream Upstream(string answer, int status = 200) =>
        new(ScriptedUpstream.Json(answer, status));
}
