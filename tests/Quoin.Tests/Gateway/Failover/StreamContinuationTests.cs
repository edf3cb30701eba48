using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Failover;

/// <summary>A stream that breaks and is gone on with by another provider, as the client sees it.</summary>
public sealed class StreamContinuationTests
{
    private const string Chat = "/v1/chat/completions";

    private const string Ask = """
        {"model":"m","stream":true,"stream_options":{"include_usage":true},
        "messages":[{"role":"user","content":"hi"}]}
        """;

    private static readonly string Begun =
        Chunk("\"role\":\"assistant\",\"content\":\"\"") + Chunk("\"content\":\"The sky\"")
        + Chunk("\"content\":\" is \"");

    [Fact]
    public async Task The_next_provider_gets_the_text_so_far_and_only_its_own_words_go_out()
    {
        await using var one = new ScriptedUpstream(Cut(Begun));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Events(
            Chunk("\"role\":\"assistant\",\"content\":\"\"") + Chunk("\"content\":\" blue\"")
            + Chunk("\"content\":\".\"")
            + "data: {\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
            + "\"usage\":{\"prompt_tokens\":7,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n"));
        await using var gateway = await StartAsync(one, two, "openai-compatible");
        var (_, body) = await gateway.AskAsync(Chat, Ask);
        Assert.StartsWith(Begun, body, StringComparison.Ordinal);
        var rest = body[Begun.Length..];
        Assert.StartsWith(": quoin continued on two\n\n", rest, StringComparison.Ordinal);
        Assert.EndsWith("data: [DONE]\n\n", rest, StringComparison.Ordinal);
        Assert.Equal(["blue", "."], Contents(rest));
        Assert.DoesNotContain("\"role\"", rest, StringComparison.Ordinal);
        Assert.All(Ids(rest), id => Assert.Equal("a", id));
        Assert.Contains("\"completion_tokens\":2", rest, StringComparison.Ordinal);

        using var asked = JsonDocument.Parse(two.Only.Body);
        var last = asked.RootElement.GetProperty("messages").EnumerateArray().Last();
        Assert.Equal("assistant", last.GetProperty("role").GetString());
        Assert.Equal("The sky is", last.GetProperty("content").GetString());
    }

    [Fact]
    public async Task Usage_of_both_adds_up()
    {
        var usage = "data: {\"id\":\"a\",\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3}}\n\n";
        await using var one = new ScriptedUpstream(Cut(Begun + usage));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Events(
            Chunk("\"content\":\"blue\"")
            + "data: {\"id\":\"b\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}],"
            + "\"usage\":{\"prompt_tokens\":8,\"completion_tokens\":1}}\n\ndata: [DONE]\n\n"));
        await using var gateway = await StartAsync(one, two, "openai-compatible");
        var (_, body) = await gateway.AskAsync(Chat, Ask);
        Assert.Contains("\"prompt_tokens\":13,\"completion_tokens\":4", body, StringComparison.Ordinal);
        await gateway.ShowsAsync(
            "quoin_tokens_total{provider=\"two\",model=\"m\",type=\"input\"} 13\n",
            "quoin_attempts_total{provider=\"one\",outcome=\"broken\"} 1\n");
    }

    [Fact]
    public async Task Another_dialect_can_go_on()
    {
        await using var one = new ScriptedUpstream(Cut(Begun));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Events(
            Event("message_start", "\"message\":{\"id\":\"x\",\"model\":\"c\",\"usage\":{\"input_tokens\":3}}")
            + Event("content_block_start", "\"index\":0,\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
            + Event("content_block_delta", "\"index\":0,\"delta\":{\"type\":\"text_delta\",\"text\":\" blue\"}")
            + Event("content_block_stop", "\"index\":0")
            + Event("message_delta", "\"delta\":{\"stop_reason\":\"end_turn\"},\"usage\":{\"output_tokens\":1}")
            + Event("message_stop", null)));
        await using var gateway = await StartAsync(one, two, "anthropic");
        var (_, body) = await gateway.AskAsync(Chat, Ask);
        Assert.Equal(["blue"], Contents(body[Begun.Length..]));
        Assert.EndsWith("data: [DONE]\n\n", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_with_a_tool_call_is_not_gone_on_with()
    {
        var call = Chunk(
            "\"tool_calls\":[{\"index\":0,\"id\":\"t\",\"type\":\"function\",\"function\":{\"name\":\"f\","
            + "\"arguments\":\"{\\\"a\"}}]");
        await using var one = new ScriptedUpstream(Cut(Begun + call));
        await using var two = new ScriptedUpstream(ScriptedUpstream.Json("{}", 500));
        await using var gateway = await StartAsync(one, two, "openai-compatible");
        var (_, body) = await gateway.AskAsync(Chat, Ask);
        Assert.Contains("\"error\"", body.TrimEnd().Split("\n\n")[^1], StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
        Assert.Empty(two.Requests);
    }

    [Fact]
    public async Task A_continuation_that_breaks_too_ends_in_one_error()
    {
        await using var one = new ScriptedUpstream(Cut(Begun));
        await using var two = new ScriptedUpstream(Cut(Chunk("\"content\":\"blue\"")));
        await using var gateway = await StartAsync(one, two, "openai-compatible");
        var (_, body) = await gateway.AskAsync(Chat, Ask);
        Assert.Equal(["blue"], Contents(body[Begun.Length..]));
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
        Assert.Equal(2, body.Split("\"error\"").Length);
    }

    private static Func<ScriptedUpstream.Connection, Task> Cut(string events) => async connection =>
    {
        await connection.SendStreamHeadAsync();
        await connection.SendChunksAsync(events);
        await connection.SendAsync("0\r\n\r\n");
    };

    private static string Chunk(string delta) =>
        "data: {\"id\":\"a\",\"choices\":[{\"index\":0,\"delta\":{" + delta + "},\"finish_reason\":null}]}\n\n";

    private static string Event(string type, string? fields) =>
        $"event: {type}\ndata: {{\"type\":\"{type}\"{(fields is null ? "" : "," + fields)}}}\n\n";

    private static List<string> Contents(string stream) =>
    [
        .. Payloads(stream).Where(json => json.TryGetProperty("choices", out var c) && c.GetArrayLength() > 0)
            .Select(json => json.GetProperty("choices")[0].GetProperty("delta"))
            .Where(delta => delta.TryGetProperty("content", out _))
            .Select(delta => delta.GetProperty("content").GetString()!),
    ];

    private static List<string> Ids(string stream) =>
        [.. Payloads(stream).Select(json => json.GetProperty("id").GetString()!)];

    private static IEnumerable<JsonElement> Payloads(string stream) => stream.Split("\n\n")
        .Where(line => line.StartsWith("data: {", StringComparison.Ordinal))
        .Select(line => JsonDocument.Parse(line["data: ".Length..]).RootElement);

    private static Task<TestGateway> StartAsync(ScriptedUpstream one, ScriptedUpstream two, string type) =>
        TestGateway.StartAsync(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["one"] = new() { Type = "openai-compatible", BaseUrl = one.BaseUrl },
                ["two"] = new() { Type = type, BaseUrl = two.BaseUrl, ApiKey = "sk-two-key-1" },
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "one" }, new() { Provider = "two", Continue = true }],
            },
        });
}
