using System.Globalization;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Accounting;

public sealed class BudgetTests
{
    // An answer costs 17000 billionths of a dollar; the request reserves 1 or 2 tokens in and 40 out: 82000 at most.
    private static readonly string Answer = UsageRig.Answer(UsageRig.Told(5, 6));

    [Theory]
    [InlineData("/v1/chat/completions", "error.code", "budget_exceeded")]
    [InlineData("/v1/messages", "error.type", "rate_limit_error")]
    public async Task A_request_that_does_not_fit_is_refused_until_the_period_ends(
        string path, string field, string value)
    {
        var clock = new ManualClock();
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var rig = await UsageRig.StartAsync(
            [upstream], [new() { Tokens = 60, Per = "day" }], time: clock);
        Assert.Equal(200, (await rig.AskAsync()).Status);
        await rig.RecordsAsync();
        Assert.Equal(200, (await rig.AskAsync()).Status);
        await rig.RecordsAsync(2);
        using var refused = await rig.SendAsync(path: path);
        Assert.Equal(429, (int)refused.StatusCode);
        var midnight = clock.GetUtcNow().UtcDateTime.Date.AddDays(1) - clock.GetUtcNow().UtcDateTime;
        Assert.Equal(
            Math.Ceiling(midnight.TotalSeconds).ToString(CultureInfo.InvariantCulture),
            refused.Headers.GetValues("Retry-After").Single());
        Assert.Equal("false", refused.Headers.GetValues("x-should-retry").Single());
        using var json = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        var at = json.RootElement;
        foreach (var name in field.Split('.'))
        {
            at = at.GetProperty(name);
        }

        Assert.Equal(value, at.GetString());
        Assert.Equal(200, (await rig.AskAsync(key: UsageRig.Bob)).Status);
        clock.Advance(midnight);
        Assert.Equal(200, (await rig.AskAsync()).Status);
    }

    [Fact]
    public async Task Requests_under_way_reserve_what_they_may_cost()
    {
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await go.Task;
            await ScriptedUpstream.Json(Answer)(connection);
        });
        await using var rig = await UsageRig.StartAsync([upstream], [new() { Amount = 0.0002, Per = "month" }]);
        var asked = Enumerable.Range(0, 20).Select(_ => rig.AskAsync()).ToArray();
        await foreach (var refused in Task.WhenEach(asked).Take(18))
        {
            Assert.Equal(429, (await refused).Status);
        }

        go.SetResult();
        var statuses = (await Task.WhenAll(asked)).Select(answer => answer.Status).Order();
        Assert.Equal([200, 200, .. Enumerable.Repeat(429, 18)], statuses);
        Assert.Equal(2, (await rig.RecordsAsync(2)).Count);
        Assert.Equal(200, (await rig.AskAsync()).Status);
    }

    [Fact]
    public async Task What_was_spent_outlives_the_server()
    {
        using var folder = new TemporaryFolder();
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        BudgetOptions[] budgets = [new() { Amount = 0.0001, Per = "week" }];
        await using (var rig = await UsageRig.StartAsync([upstream], budgets, folder: folder))
        {
            Assert.Equal(200, (await rig.AskAsync()).Status);
            await rig.RecordsAsync();
            Assert.Equal(200, (await rig.AskAsync()).Status);
        }

        await using var again = await UsageRig.StartAsync([upstream], budgets, folder: folder);
        Assert.Equal(429, (await again.AskAsync()).Status);
        var key = (await again.GetAsync("/api/v1/keys")).GetProperty("data")[0];
        var budget = key.GetProperty("budgets")[0];
        Assert.Equal(0.000034m, budget.GetProperty("spent_usd").GetDecimal());
        Assert.Equal(0.000066m, budget.GetProperty("remaining_usd").GetDecimal());
        Assert.Equal(0m, budget.GetProperty("reserved_usd").GetDecimal());
    }

    [Fact]
    public async Task Keys_are_listed_without_a_key_or_its_hash()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var rig = await UsageRig.StartAsync([upstream], [new() { Tokens = 60, Per = "day" }]);
        var text = await rig.Gateway.Client.GetStringAsync("/api/v1/keys");
        Assert.Contains("\"name\":\"ann\"", text, StringComparison.Ordinal);
        Assert.Contains("\"remaining_tokens\":60", text, StringComparison.Ordinal);
        Assert.DoesNotContain(UsageRig.Ann, text, StringComparison.Ordinal);
        Assert.DoesNotContain("hash", text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_limit_that_refuses_gives_the_budget_back()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var rig = await UsageRig.StartAsync([upstream], [new() { Tokens = 1000, Per = "day" }],
            options => options with { RateLimit = new() { Enabled = true, Default = "1/day" } });
        Assert.Equal(200, (await rig.AskAsync()).Status);
        Assert.Equal(429, (await rig.AskAsync()).Status);
        Assert.Single(await rig.RecordsAsync());
        var budget = (await rig.GetAsync("/api/v1/keys")).GetProperty("data")[0].GetProperty("budgets")[0];
        Assert.Equal((11L, 0L), (
            budget.GetProperty("spent_tokens").GetInt64(), budget.GetProperty("reserved_tokens").GetInt64()));
    }

    [Fact]
    public async Task A_budget_that_comes_by_a_reload_without_a_database_lets_nothing_be_spent_unseen()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var rig = await UsageRig.StartAsync(
            [upstream], change: options => options with { Database = new() });
        Assert.Equal(200, (await rig.AskAsync()).Status);
        var source = rig.Gateway.Source;
        source.Replace(source.Current with
        {
            Auth = source.Current.Auth with
            {
                Keys = [source.Current.Auth.Keys[0] with { Budgets = [new() { Tokens = 9, Per = "day" }] }],
            },
        });
        Assert.Equal(503, (await rig.AskAsync()).Status);
    }
}
