using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Health;

public sealed class HealthProbeTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"model":"m","messages":[]}""";

    private const string Answer =
        """{"choices":[{"index":0,"message":{"role":"assistant","content":"b"},"finish_reason":"stop"}]}""";

    [Fact]
    public async Task A_provider_that_cannot_be_reached_is_left_aside_until_its_list_of_models_answers()
    {
        var clock = new ManualClock();
        var probed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var flaky = new ScriptedUpstream(
            Reset, Reset,
            async connection =>
            {
                await ScriptedUpstream.Json("{\"data\":[]}")(connection);
                probed.SetResult();
            },
            ScriptedUpstream.Json(Answer));
        await using var good = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.StartAsync(
            new QuoinOptions
            {
                Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
                {
                    ["flaky"] = new() { Type = "openai-compatible", BaseUrl = flaky.BaseUrl },
                    ["good"] = new() { Type = "openai-compatible", BaseUrl = good.BaseUrl },
                },
                Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
                {
                    ["m"] = [new() { Provider = "flaky" }, new() { Provider = "good" }],
                },
            },
            clock);
        for (var i = 0; i < 4; i++)
        {
            Assert.Equal(200, (await gateway.AskAsync(Chat, Ask)).Status);
        }

        // Two calls made it unhealthy; the other two did not ask it.
        Assert.Equal(2, flaky.Requests.Count);
        await gateway.ShowsAsync("quoin_provider_healthy{provider=\"flaky\"} 0.0\n");

        clock.Advance(TimeSpan.FromSeconds(15));
        await probed.Task;
        await HealthyAsync(gateway);
        Assert.StartsWith("GET /v1/models", flaky.Requests.Last().Line, StringComparison.Ordinal);
        Assert.DoesNotContain(good.Requests, request => request.Line.StartsWith("GET", StringComparison.Ordinal));
        using var response = await gateway.PostAsync(Chat, Ask);
        Assert.Equal("flaky", Assert.Single(response.Headers.GetValues("X-Quoin-Provider")));
    }

    private static Task Reset(ScriptedUpstream.Connection connection)
    {
        connection.Reset();
        return Task.CompletedTask;
    }

    /// <summary>The probe has its answer; that it is noted takes another moment.</summary>
    private static async Task HealthyAsync(TestGateway gateway)
    {
        string state;
        do
        {
            state = await gateway.Client.GetStringAsync(new Uri("/api/v1/providers/flaky", UriKind.Relative));
        }
        while (!state.Contains("\"state\":\"healthy\"", StringComparison.Ordinal));
    }
}
