using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Gateway.Failover;

/// <summary>
/// The sixteen ways in which a provider fails a gateway, each streamed and unstreamed, in two dialects. Passed is: the
/// whole answer from elsewhere, or an error that says so; never a part of an answer that looks whole.
/// <c>bench/peers/failover/run</c> prints the scorecard.
/// </summary>
public sealed class SixteenFaultsTests
{
    /// <summary>Streamed or not, in which dialect.</summary>
    public static TheoryData<bool, string> Ways => new()
    {
        { true, "openai" }, { false, "openai" }, { true, "anthropic" }, { false, "anthropic" },
    };

    [Theory, MemberData(nameof(Ways))]
    public async Task S01_429_with_Retry_After_moves_on_at_once_and_is_heeded(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: {type: rate_limit, retry_after: 60s}}");
        AssertWhole(await rig.AskAsync(stream), attempts: 2);
        AssertWhole(await rig.AskAsync(stream), attempts: 1);
        Assert.Equal(1, await rig.PrimaryCallsAsync());
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S02_429_without_Retry_After(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: rate_limit}");
        AssertWhole(await rig.AskAsync(stream), attempts: 2);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S03_500_once(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: {type: error, status: 500}, times: 1}");
        AssertWhole(await rig.AskAsync(stream), attempts: 2);
        var next = await rig.AskAsync(stream);
        AssertWhole(next, attempts: 1);
        Assert.Equal("primary", next.Provider);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S04_503_that_lasts_opens_the_breaker(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(
            dialect, "{fault: {type: error, status: 503}}", change: WithBreaker(3, TimeSpan.FromMinutes(10)));
        for (var i = 0; i < 6; i++)
        {
            AssertWhole(await rig.AskAsync(stream), attempts: i < 3 ? 2 : 1);
        }

        Assert.Equal(3, await rig.PrimaryCallsAsync());
        await rig.Gateway.ShowsAsync("quoin_circuit_breaker_state{provider=\"primary\"} 2.0\n");
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S05_TCP_reset(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: reset}");
        AssertWhole(await rig.AskAsync(stream), attempts: 2);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S06_no_response(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: no_response}", change: Impatient);
        AssertWhole(await rig.AskAsync(stream), attempts: null);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S07_slow_first_token(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(
            dialect, "{fault: {type: slow_first_token, delay: 60s}}", change: Impatient);
        AssertWhole(await rig.AskAsync(stream), attempts: null);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S08_cut_at_40_of_60_tokens(bool stream, string dialect)
    {
        foreach (var ending in new[] { "close", "reset" })
        {
            await AssertBrokenAsync(stream, dialect, $"{{fault: {{type: cut, after: 40, ending: {ending}}}}}");
        }
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S09_stall(bool stream, string dialect) =>
        await AssertBrokenAsync(stream, dialect, "{fault: {type: stall, after: 40}}");

    [Theory, MemberData(nameof(Ways))]
    public async Task S10_malformed_chunk(bool stream, string dialect)
    {
        await AssertBrokenAsync(stream, dialect, "{fault: {type: malformed_chunk, at: 41}}");
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: {type: malformed_chunk, at: 1}}");
        AssertWhole(await rig.AskAsync(stream), attempts: 2);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S11_no_end_marker(bool stream, string dialect)
    {
        // The answer has said why it ended, so it is whole; the marker is put in.
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: missing_end}");
        AssertWhole(await rig.AskAsync(stream), attempts: 1);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S12_context_length_is_final_unless_the_route_says_otherwise(bool stream, string dialect)
    {
        const string Fault = "{fault: context_length}";
        await using var rig = await FaultRig.StartAsync(dialect, Fault);
        var answer = await rig.AskAsync(stream);
        AssertError(answer, 400, dialect, "invalid_request_error");
        Assert.Equal(0, await rig.FallbackCallsAsync());

        await using var next = await FaultRig.StartAsync(
            dialect, Fault, change: options => First(options, first => first with { OnContextLength = "next" }));
        AssertWhole(await next.AskAsync(stream), attempts: 2);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S13_content_filter_is_final_in_the_dialects_shape(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: content_filter}");
        AssertError(await rig.AskAsync(stream), 400, dialect, "invalid_request_error");
        Assert.Equal(0, await rig.FallbackCallsAsync());

        // An answer that a filter ended is an answer: it says so by its finish reason.
        await using var finish = await FaultRig.StartAsync(
            dialect, "{fault: {type: content_filter, as: finish, after: 5}}");
        var answer = await finish.AskAsync(stream);
        Assert.Equal((200, true, false), (answer.Status, answer.Complete, answer.Failed));
        Assert.Equal(FaultRig.Beginning(5), answer.Text);
        Assert.Contains(
            dialect == "anthropic" ? "\"refusal\"" : "\"content_filter\"", answer.Body, StringComparison.Ordinal);
        Assert.Equal(0, await finish.FallbackCallsAsync());
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S14_cut_stream_and_a_fallback_that_refuses_prefill(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(
            dialect, "{fault: {type: cut, after: 40}}", "{fault: no_prefill}", continues: true);
        var answer = await rig.AskAsync(stream);
        if (!stream)
        {
            AssertWhole(answer, attempts: 2);
            return;
        }

        Assert.Equal((200, false, true), (answer.Status, answer.Complete, answer.Failed));
        Assert.Equal(FaultRig.Beginning(40), answer.Text);
        Assert.Equal(1, await rig.FallbackCallsAsync());
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S15_flapping_primary(bool stream, string dialect)
    {
        var clock = new ManualClock();
        await using var rig = await FaultRig.StartAsync(
            dialect, "{fault: {type: flapping, down: 30s, up: 30s, while: error, status: 503}}",
            change: WithBreaker(3, TimeSpan.FromSeconds(10)), time: clock);
        var fromPrimary = 0;
        for (var second = 0; second < 120; second++)
        {
            var answer = await rig.AskAsync(stream);
            AssertWhole(answer, attempts: null);
            fromPrimary += answer.Provider == "primary" ? 1 : 0;
            clock.Advance(TimeSpan.FromSeconds(1));
        }

        // Up for 60 of 120 seconds; found again within the breaker's 10 s. While down: 3 calls, then probes only.
        Assert.InRange(fromPrimary, 40, 60);
        Assert.InRange(await rig.PrimaryCallsAsync() - fromPrimary, 3, 12);
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task S16_accounting_through_failover(bool stream, string dialect)
    {
        await using var rig = await FaultRig.StartAsync(dialect, "{fault: {type: error, status: 500}}");
        AssertWhole(await rig.AskAsync(stream), attempts: 2);
        await rig.Gateway.ShowsAsync(
            "quoin_attempts_total{provider=\"primary\",outcome=\"server_error\"} 1\n",
            "quoin_attempts_total{provider=\"fallback\",outcome=\"success\"} 1\n",
            "quoin_request_duration_seconds_count{");
        var page = await rig.MetricsAsync();
        Assert.Equal(1, Sum(page, "quoin_request_duration_seconds_count"));

        // An openai stream tells its usage only where the client asks for it.
        var expected = stream && dialect == "openai" ? 0 : FaultRig.Words;
        Assert.Equal(expected, Sum(page, "quoin_tokens_total", "type=\"output\""));
        Assert.Equal(0, Sum(page, "quoin_tokens_total", "provider=\"primary\""));
    }

    /// <summary>A fault in the middle: whole elsewhere when unstreamed or gone on with, else an error ending.</summary>
    private static async Task AssertBrokenAsync(bool stream, string dialect, string fault)
    {
        await using var plain = await FaultRig.StartAsync(dialect, fault, change: Impatient);
        var answer = await plain.AskAsync(stream);
        if (stream)
        {
            Assert.Equal((200, false, true), (answer.Status, answer.Complete, answer.Failed));
            Assert.Equal(FaultRig.Beginning(40), answer.Text);
        }
        else
        {
            AssertWhole(answer, attempts: null);
        }

        await using var going = await FaultRig.StartAsync(dialect, fault, continues: true, change: Impatient);
        answer = await going.AskAsync(stream);
        AssertWhole(answer, attempts: null);
        Assert.Equal(stream, answer.Body.Contains(": quoin continued on fallback\n\n", StringComparison.Ordinal));
    }

    private static void AssertWhole(FaultAnswer answer, int? attempts)
    {
        Assert.True(answer is { Status: 200, Complete: true, Failed: false }, $"{answer.Status} {answer.Body}");
        Assert.Equal(FaultRig.FullText, answer.Text);
        if (attempts is { } expected)
        {
            Assert.Equal(expected.ToString(System.Globalization.CultureInfo.InvariantCulture), answer.Attempts);
        }
    }

    private static void AssertError(FaultAnswer answer, int status, string dialect, string type)
    {
        Assert.True(answer.Status == status && answer.Failed, $"{answer.Status} {answer.Body}");
        using var json = JsonDocument.Parse(answer.Body);
        var error = json.RootElement.GetProperty("error");
        Assert.Equal(type, error.GetProperty("type").GetString());
        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.Equal(
            dialect == "anthropic" ? ["type", "error", "request_id"] : ["error"],
            json.RootElement.EnumerateObject().Select(property => property.Name));
    }

    private static QuoinOptions Impatient(QuoinOptions options) => options with
    {
        Llm = options.Llm with
        {
            FirstTokenTimeout = TimeSpan.FromMilliseconds(700),
            AttemptTimeout = TimeSpan.FromMilliseconds(700),
            StallTimeout = TimeSpan.FromMilliseconds(700),
        },
    };

    private static Func<QuoinOptions, QuoinOptions> WithBreaker(int threshold, TimeSpan timeout) =>
        options => options with
        {
            CircuitBreaker = new() { FailureThreshold = threshold, Timeout = timeout },
        };

    private static QuoinOptions First(QuoinOptions options, Func<CandidateOptions, CandidateOptions> change) =>
        options with
        {
            Models = options.Models.ToDictionary(
                route => route.Key,
                route => (IReadOnlyList<CandidateOptions>)[change(route.Value[0]), .. route.Value.Skip(1)],
                StringComparer.Ordinal),
        };

    private static double Sum(string page, string metric, string label = "") => page.Split('\n')
        .Where(line => line.StartsWith(metric + "{", StringComparison.Ordinal)
            && line.Contains(label, StringComparison.Ordinal))
        .Sum(line => double.Parse(
            line[(line.LastIndexOf(' ') + 1)..], System.Globalization.CultureInfo.InvariantCulture));
}
