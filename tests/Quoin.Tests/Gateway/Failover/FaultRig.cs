using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Sim;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Failover;

/// <summary>
/// A gateway before two simulated providers on real sockets: the primary has faults, the fallback has none or its own.
/// The model <c>m</c> goes to both in order.
/// </summary>
internal sealed class FaultRig : IAsyncDisposable
{
    public const int Words = 60;

    private readonly SimServer _primary;
    private readonly SimServer _fallback;
    private readonly bool _anthropic;

    private FaultRig(SimServer primary, SimServer fallback, TestGateway gateway, bool anthropic) =>
        (_primary, _fallback, Gateway, _anthropic) = (primary, fallback, gateway, anthropic);

    public TestGateway Gateway { get; }

    /// <summary>Sixty tokens.</summary>
    public static string FullText { get; } =
        string.Join(' ', Enumerable.Range(1, Words).Select(i => $"w{i:00}"));

    public static string Beginning(int words) => FullText[..((words * 4) - 1)];

    public static async Task<FaultRig> StartAsync(
        string dialect, string fault, string fallbackFault = "", bool continues = false,
        Func<QuoinOptions, QuoinOptions>? change = null, TimeProvider? time = null)
    {
        var clock = time ?? TimeProvider.System;
        var (primary, fallback) = (await ServeAsync(fault, clock), await ServeAsync(fallbackFault, clock));
        var anthropic = dialect == "anthropic";
        ProviderOptions Provider(SimServer server) => new()
        {
            Type = anthropic ? "anthropic" : "openai-compatible",
            BaseUrl = server.Address.GetLeftPart(UriPartial.Authority) + "/v1",
            ApiKey = "sk-rig-key-0001",
        };
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["primary"] = Provider(primary),
                ["fallback"] = Provider(fallback),
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "primary" }, new() { Provider = "fallback", Continue = continues }],
            },
            Llm = new()
            {
                HealthCheck = new() { Enabled = false },
            },
        };
        var gateway = await TestGateway.StartAsync(change is null ? options : change(options), time);
        return new FaultRig(primary, fallback, gateway, anthropic);
    }

    public async Task<FaultAnswer> AskAsync(bool stream)
    {
        var body = $$"""
            {"model":"m","max_tokens":500,"stream":{{(stream ? "true" : "false")}},
            "messages":[{"role":"user","content":"echo: {{FullText}}"}]}
            """;
        using var response = await Gateway.PostAsync(_anthropic ? "/v1/messages" : "/v1/chat/completions", body);
        var text = await response.Content.ReadAsStringAsync();
        return FaultAnswer.Read((int)response.StatusCode, text, stream, _anthropic, response);
    }

    public Task<int> PrimaryCallsAsync() => CallsAsync(_primary);

    public Task<int> FallbackCallsAsync() => CallsAsync(_fallback);

    public Task<string> MetricsAsync() => Gateway.Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));

    public async ValueTask DisposeAsync()
    {
        await Gateway.DisposeAsync();
        await _primary.DisposeAsync();
        await _fallback.DisposeAsync();
    }

    private static async Task<int> CallsAsync(SimServer server)
    {
        using var client = new HttpClient { BaseAddress = server.Address };
        using var state = JsonDocument.Parse(await client.GetStringAsync(new Uri("/sim/state", UriKind.Relative)));
        return state.RootElement.GetProperty("calls").GetInt32();
    }

    private static async Task<SimServer> ServeAsync(string fault, TimeProvider time)
    {
        var scenario = fault.Length == 0 ? "" : $"rules: [{fault}]";
        var engine = new SimEngine(
            new SimOptions(), SimScenarioReader.Parse(scenario, "rig.yaml"), SimDialects.Default, time, control: true);
        var server = new SimServer(engine, time);
        await server.StartAsync("127.0.0.1", 0, TestContext.Current.CancellationToken);
        return server;
    }
}

/// <summary>What a client got.</summary>
/// <param name="Complete">It looks like a whole answer: an end marker, or an unstreamed 200.</param>
/// <param name="Failed">It says that it failed: an error status, or an error event at the end of a stream.</param>
internal sealed record FaultAnswer(
    int Status, string Text, bool Complete, bool Failed, string Body, string? Provider, string? Attempts,
    TimeSpan? RetryAfter)
{
    public static FaultAnswer Read(
        int status, string body, bool stream, bool anthropic, HttpResponseMessage response)
    {
        string? Header(string name) =>
            response.Headers.TryGetValues(name, out var values) ? values.Single() : null;
        var text = new StringBuilder();
        var (complete, failed) = (false, status != 200);
        if (status == 200 && stream)
        {
            (complete, failed) = ReadStream(body, anthropic, text);
        }
        else if (status == 200)
        {
            using var json = JsonDocument.Parse(body);
            text.Append(anthropic
                ? json.RootElement.GetProperty("content")[0].GetProperty("text").GetString()
                : json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
            complete = true;
        }

        return new FaultAnswer(
            status, text.ToString(), complete, failed, body, Header("X-Quoin-Provider"), Header("X-Quoin-Attempts"),
            response.Headers.RetryAfter?.Delta);
    }

    private static (bool Complete, bool Failed) ReadStream(string body, bool anthropic, StringBuilder text)
    {
        var (complete, failed) = (false, false);
        foreach (var line in body.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)))
        {
            Assert.False(complete || failed, "something follows the end:\n" + body);
            var data = line["data: ".Length..];
            if (data == "[DONE]")
            {
                complete = true;
                continue;
            }

            using var json = JsonDocument.Parse(data);
            var root = json.RootElement;
            failed = root.TryGetProperty("error", out _);
            if (anthropic)
            {
                complete = root.GetProperty("type").GetString() == "message_stop";
                if (root.TryGetProperty("delta", out var delta) && delta.TryGetProperty("text", out var more))
                {
                    text.Append(more.GetString());
                }
            }
            else if (root.TryGetProperty("choices", out var choices) && choices.GetArrayLength() > 0
                && choices[0].GetProperty("delta").TryGetProperty("content", out var content))
            {
                text.Append(content.GetString());
            }
        }

        return (complete, failed);
    }
}
