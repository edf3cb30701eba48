using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Failover;

/// <summary>A second call beside a slow first one.</summary>
public sealed class HedgeTests
{
    private const string Chat = "/v1/chat/completions";

    /// <summary>As many as tell a percentile.</summary>
    private const int Samples = 20;

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_slow_call_is_overtaken_by_another_and_cancelled(bool stream)
    {
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var one = new ScriptedUpstream(
        [
            .. Enumerable.Repeat(Answer("one", stream), Samples),
            async connection =>
            {
                await connection.WaitForCloseAsync();
                cancelled.SetResult();
            },
        ]);
        await using var two = new ScriptedUpstream(Answer("two", stream));
        await using var gateway = await StartAsync(one, two);
        await WarmUpAsync(gateway, stream);
        using var response = await gateway.PostAsync(Chat, Ask(stream));
        Assert.Contains("from two", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal("two", Assert.Single(response.Headers.GetValues("X-Quoin-Provider")));
        Assert.Equal("2", Assert.Single(response.Headers.GetValues("X-Quoin-Attempts")));
        await cancelled.Task;
        await gateway.ShowsAsync(
            "quoin_attempts_total{provider=\"one\",outcome=\"cancelled\"} 1\n",
            "quoin_attempts_total{provider=\"two\",outcome=\"success\"} 1\n",
            "quoin_provider_in_flight{provider=\"one\"} 0.0\n");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_first_call_answers_when_it_is_first_after_all(bool stream)
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var cancelled = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var one = new ScriptedUpstream(
        [
            .. Enumerable.Repeat(Answer("one", stream), Samples),
            async connection =>
            {
                await asked.Task;
                await Answer("one", stream)(connection);
            },
        ]);
        await using var two = new ScriptedUpstream(async connection =>
        {
            asked.SetResult();
            await connection.WaitForCloseAsync();
            cancelled.SetResult();
        });
        await using var gateway = await StartAsync(one, two);
        await WarmUpAsync(gateway, stream);
        var (status, body) = await gateway.AskAsync(Chat, Ask(stream));
        Assert.Equal(200, status);
        Assert.Contains("from one", body, StringComparison.Ordinal);
        await cancelled.Task;
    }

    [Fact]
    public async Task A_first_call_that_fails_leaves_the_second_to_answer()
    {
        var asked = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var failed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var one = new ScriptedUpstream(
        [
            .. Enumerable.Repeat(Answer("one", stream: false), Samples),
            async connection =>
            {
                await asked.Task;
                await ScriptedUpstream.Json("{}", 500)(connection);
                failed.SetResult();
            },
        ]);
        await using var two = new ScriptedUpstream(async connection =>
        {
            asked.SetResult();
            await failed.Task;
            await Answer("two", stream: false)(connection);
        });
        await using var gateway = await StartAsync(one, two);
        await WarmUpAsync(gateway, stream: false);
        var (status, body) = await gateway.AskAsync(Chat, Ask(stream: false));
        Assert.Equal(200, status);
        Assert.Contains("from two", body, StringComparison.Ordinal);
    }

    private static async Task WarmUpAsync(TestGateway gateway, bool stream)
    {
        for (var i = 0; i < Samples; i++)
        {
            Assert.Equal(200, (await gateway.AskAsync(Chat, Ask(stream))).Status);
        }
    }

    private static string Ask(bool stream) =>
        $$"""{"model":"m","stream":{{(stream ? "true" : "false")}},"messages":[{"role":"user","content":"hi"}]}""";

    private static Func<ScriptedUpstream.Connection, Task> Answer(string name, bool stream) => stream
        ? ScriptedUpstream.Events(
            "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"from " + name + "\"},"
            + "\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n")
        : ScriptedUpstream.Json(
            "{\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\"from " + name
            + "\"},\"finish_reason\":\"stop\"}]}");

    private static Task<TestGateway> StartAsync(ScriptedUpstream one, ScriptedUpstream two) =>
        TestGateway.StartAsync(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["one"] = new() { Type = "openai-compatible", BaseUrl = one.BaseUrl },
                ["two"] = new() { Type = "openai-compatible", BaseUrl = two.BaseUrl },
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "one" }, new() { Provider = "two" }],
            },

            // Long enough that no warming call, however the machine is held up, is likely to be hedged.
            Llm = new() { Hedge = new() { Enabled = true, MinDelay = TimeSpan.FromMilliseconds(300) } },
        });
}
