using System.Net;
using Quoin.Server.Gateway.Accounting;
using Quoin.Tests.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Accounting;

public sealed class UsageTests
{
    private const string Content =
        """{"id":"x","object":"chat.completion.chunk","created":1,"model":"m",""" + "\"choices\":"
        + """[{"index":0,"delta":{"content":"hello"}}]}""";

    [Fact]
    public async Task An_answer_is_recorded_once_with_what_its_provider_told_and_its_price()
    {
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(5, 6)));
        await using var rig = await UsageRig.StartAsync([upstream]);
        Assert.Equal(200, (await rig.AskAsync()).Status);
        var record = Assert.Single(await rig.RecordsAsync());
        Assert.Equal(("ann", "chat", "up0", "m", 200, ""),
            (record.Key, record.Operation, record.Provider, record.Model, record.Status, record.Error));
        Assert.Equal(new TokenUse(5, 6), record.Use);
        Assert.Equal(5000 + 12000, record.Cost);
    }

    [Fact]
    public async Task A_zero_stays_zero_and_silence_is_estimated_and_said_to_be()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(UsageRig.Answer(UsageRig.Told(0, 0))),
            ScriptedUpstream.Json(UsageRig.Answer("")));
        await using var rig = await UsageRig.StartAsync([upstream]);
        await rig.AskAsync();
        await rig.AskAsync();
        var records = await rig.RecordsAsync(2);
        Assert.Equal(new TokenUse(0, 0), records[0].Use);
        Assert.True(records[1].Use is { Estimated: true, Input: > 0, Output: > 0 });
        Assert.True(records[1].Cost > 0);
    }

    [Fact]
    public async Task An_error_is_recorded_and_free_and_a_refusal_is_not_recorded()
    {
        await using var upstream = Upstream("""{"error":{"message":"no"}}""", 400);
        await using var rig = await UsageRig.StartAsync([upstream]);
        Assert.Equal(400, (await rig.AskAsync()).Status);
        Assert.Equal(400, (await rig.AskAsync("{")).Status);
        Assert.Equal(401, (await rig.AskAsync(key: "an-unknown-key-of-nobody")).Status);
        var record = Assert.Single(await rig.RecordsAsync());
        Assert.Equal((400, "invalid_request", 0, 0L), (record.Status, record.Error, record.Use.Total, record.Cost));
    }

    [Fact]
    public async Task Failover_counts_only_the_attempts_that_cost()
    {
        await using var bad = Upstream("""{"error":{"message":"down"}}""", 500);
        await using var good = Upstream(UsageRig.Answer(UsageRig.Told(5, 6)));
        await using var rig = await UsageRig.StartAsync([bad, good]);
        Assert.Equal(200, (await rig.AskAsync()).Status);
        var record = Assert.Single(await rig.RecordsAsync());
        Assert.Equal(("up1", 2, new TokenUse(5, 6)), (record.Provider, record.Attempts, record.Use));
    }

    [Fact]
    public async Task A_stream_that_breaks_costs_what_has_come_of_it()
    {
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync($"data: {Content}\n\ndata: {Content}\n\n");
            connection.Reset();
        });
        await using var rig = await UsageRig.StartAsync([upstream]);
        await rig.AskAsync(UsageRig.StreamedChat);
        var record = Assert.Single(await rig.RecordsAsync());
        Assert.True(record is { Error: "bad_gateway", Use: { Estimated: true, Output: >= 2 and < 100 } });
        Assert.Equal((record.Use.Input * 1000) + (record.Use.Output * 2000), record.Cost);
    }

    [Theory]
    [InlineData("cancel")]
    [InlineData("drain")]
    public async Task A_client_that_leaves_is_recorded_once(string policy)
    {
        var left = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync($"data: {Content}\n\n");
            await left.Task;
            if (policy == "cancel")
            {
                await connection.WaitForCloseAsync();
                return;
            }

            var usage = Content.Replace(
                "\"choices\":[{\"index\":0,\"delta\":{\"content\":\"hello\"}}]",
                $"\"choices\":[],\"usage\":{UsageRig.Told(70, 80)}", StringComparison.Ordinal);
            await connection.SendChunksAsync($"data: {usage}\n\ndata: [DONE]\n\n");
            await connection.SendAsync("0\r\n\r\n");
        });
        await using var rig = await UsageRig.StartAsync([upstream], change: options => options with
        {
            Llm = options.Llm with { OnClientDisconnect = policy },
        });
        using (var response = await rig.SendAsync(UsageRig.StreamedChat))
        {
            await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[20]);
        }

        left.SetResult();
        var record = Assert.Single(await rig.RecordsAsync());
        if (policy == "drain")
        {
            // Whether the gateway sees first that the client left, or the answer's end, is chance.
            Assert.Equal(new TokenUse(70, 80), record.Use);
            return;
        }

        Assert.Equal(499, record.Status);
        Assert.True(record.Use is { Estimated: true, Input: > 0, Output: > 0 });
    }

    [Fact]
    public async Task An_answer_from_the_cache_is_recorded_and_free()
    {
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(5, 6)));
        await using var rig = await UsageRig.StartAsync([upstream], change: options => options with
        {
            Llm = options.Llm with { Cache = options.Llm.Cache with { Enable = true } },
        });
        await rig.AskAsync();
        await rig.AskAsync();
        var records = await rig.RecordsAsync(2);
        Assert.Equal(["miss", "hit"], records.Select(record => record.Cache));
        Assert.Equal([17000L, 0L], records.Select(record => record.Cost));
    }

    [Fact]
    public async Task A_job_is_recorded_when_it_ran()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(5, 6)));
        await using var rig = await UsageRig.StartAsync([upstream], change: options => options with
        {
            Queue = new() { StatePath = Path.Combine(folder.Path, "journal") },
        });
        using var accepted = await rig.SendAsync(headers: ("Prefer", "respond-async"));
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        var record = Assert.Single(await rig.RecordsAsync());
        Assert.Equal(("ann", 17000L), (record.Key, record.Cost));
    }

    [Fact]
    public async Task The_log_and_the_page_of_metrics_never_hold_a_key_and_the_cost_is_a_metric()
    {
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(5, 6)));
        await using var rig = await UsageRig.StartAsync([upstream], [new() { Amount = 1, Per = "day" }]);
        await rig.AskAsync();
        await rig.RecordsAsync();
        await rig.Gateway.ShowsAsync(
            "quoin_cost_usd_total{provider=\"up0\",model=\"m\"} 1.7e-05",
            "quoin_budget_spent_ratio{key=\"ann\",period=\"day\",unit=\"usd\"} 1.7e-05",
            "quoin_usage_records_total 1");
        var page = await rig.Gateway.Client.GetStringAsync("/metrics");
        Assert.DoesNotContain(UsageRig.Ann, page, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/api/v1/usage?limit=101", "1..100")]
    [InlineData("/api/v1/usage?by=day,color", "day, key, provider, model")]
    [InlineData("/api/v1/usage?from=yesterday", "2026-01-31")]
    [InlineData("/api/v1/usage?cursor=abc", "next_cursor")]
    [InlineData("/api/v1/usage?since=1", "by, key")]
    public async Task A_question_that_cannot_be_is_refused_with_what_can(string path, string accepted)
    {
        await using var upstream = Upstream("{}");
        await using var rig = await UsageRig.StartAsync([upstream]);
        using var response = await rig.Gateway.Client.GetAsync(path);
        Assert.Equal(HttpStatusCode.BadRequest, response.StatusCode);
        Assert.Contains(accepted, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_a_database_nothing_is_kept_and_that_is_said()
    {
        await using var upstream = Upstream(UsageRig.Answer(UsageRig.Told(5, 6)));
        await using var rig = await UsageRig.StartAsync([upstream], change: options => options with
        {
            Database = new(),
        });
        Assert.Equal(200, (await rig.AskAsync()).Status);
        using var response = await rig.Gateway.Client.GetAsync("/api/v1/usage");
        Assert.Equal(HttpStatusCode.NotFound, response.StatusCode);
        Assert.Contains("database.url", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    private static ScriptedUpstream Upstream(string answer, int status = 200) =>
        new(ScriptedUpstream.Json(answer, status));
}
