using System.Text.Json;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

/// <summary>What the client sees when the provider fails, and what it never sees.</summary>
public sealed class FaultTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Plain = """{"model":"m","messages":[]}""";
    private const string Streamed = """{"model":"m","stream":true,"messages":[]}""";

    private const string First =
        "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"},\"finish_reason\":null}]}\n\n";

    private const string Rest =
        "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n";

    private const string Answer =
        """{"choices":[{"index":0,"message":{"role":"assistant","content":"b"},"finish_reason":"stop"}]}""";

    [Theory]
    [InlineData(400, 400)]
    [InlineData(401, 502)]
    [InlineData(402, 502)]
    [InlineData(403, 502)]
    [InlineData(404, 404)]
    [InlineData(413, 413)]
    [InlineData(422, 422)]
    [InlineData(429, 429)]
    [InlineData(500, 502)]
    [InlineData(503, 503)]
    [InlineData(504, 504)]
    [InlineData(529, 503)]
    public async Task A_providers_status_has_one_meaning(int upstreamStatus, int expected)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(
            """{"error":{"message":"the words","type":"t","param":"p","code":"c"}}""", upstreamStatus));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        foreach (var request in new[] { Plain, Streamed })
        {
            var (status, body) = await gateway.AskAsync(Chat, request);
            Assert.Equal(expected, status);
            using var json = JsonDocument.Parse(body);
            Assert.Equal(JsonValueKind.String, json.RootElement.GetProperty("error").GetProperty("message").ValueKind);
        }
    }

    [Theory]
    [InlineData("{\"choices\":", Plain, "broken")]
    [InlineData("data: {\"choices\":\n\n", Streamed, "broken")]
    [InlineData(null, Plain, "unreachable")]
    public async Task An_attempt_is_counted_by_what_went_wrong(string? answer, string request, string outcome)
    {
        await using var upstream = new ScriptedUpstream(
            request == Streamed ? ScriptedUpstream.Events(answer!) : ScriptedUpstream.Json(answer ?? ""));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => answer is not null
            ? options
            : options with
            {
                Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
                {
                    ["up"] = options.Providers["up"] with { BaseUrl = "http://127.0.0.1:1/v1" },
                },
            });
        Assert.Equal(502, (await gateway.AskAsync(Chat, request)).Status);
        await gateway.ShowsAsync($"quoin_attempts_total{{provider=\"up\",outcome=\"{outcome}\"}} 1\n");
    }

    [Theory]
    [InlineData("Retry-After: 7\r\n", "7")]
    [InlineData("retry-after-ms: 1200\r\n", "2")]
    [InlineData("", null)]
    public async Task Retry_after_is_kept(string header, string? expected)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}", 429, header));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(Chat, Plain);
        Assert.Equal(429, (int)response.StatusCode);
        Assert.Equal(expected, response.Headers.TryGetValues("Retry-After", out var values) ? values.Single() : null);
    }

    [Theory]
    [InlineData(401, "Incorrect API key provided: sk-secret-key-1234")]
    [InlineData(400, "bad key sk-secre**********1234")]
    public async Task Our_key_is_told_to_nobody(int status, string words)
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("{\"error\":{\"message\":\"" + words + "\"}}", status));
        var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, Plain);
        var log = await gateway.StopAsync();
        Assert.DoesNotContain("sk-secre", body, StringComparison.Ordinal);
        Assert.DoesNotContain("sk-secre", log, StringComparison.Ordinal);
        await gateway.DisposeAsync();
    }

    /// <summary>Half a surrogate pair, escaped: valid JSON, but no text.</summary>
    [Theory]
    [InlineData("/v1/chat/completions", """{"model":"m","messages":[{"role":"user","content":"HALF"}]}""")]
    [InlineData("/v1/responses", """{"model":"m","input":"HALF"}""")]
    [InlineData(
        "/v1/messages", """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"HALF"}]}""")]
    [InlineData("/v1beta/models/m:generateContent", """{"contents":[{"parts":[{"text":"HALF"}]}]}""")]
    public async Task Text_that_is_no_text_is_a_fault_of_whoever_wrote_it(string path, string request)
    {
        const string Half = "a\\ud800b";
        var anthropic = path == "/v1/messages";
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(anthropic
            ? """{"choices":[{"index":0,"message":{"role":"assistant","content":"a\ud800b"},"finish_reason":"stop"}]}"""
            : """{"type":"message","content":[{"type":"text","text":"a\ud800b"}],"stop_reason":"end_turn"}"""));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, anthropic ? "openai-compatible" : "anthropic");
        var (status, body) = await gateway.AskAsync(path, request.Replace("HALF", Half, StringComparison.Ordinal));
        Assert.Equal(400, status);
        Assert.Contains("Unicode", body, StringComparison.Ordinal);
        Assert.Empty(upstream.Requests);

        (status, body) = await gateway.AskAsync(path, request.Replace("HALF", "hi", StringComparison.Ordinal));
        Assert.Equal(502, status);
        using var error = JsonDocument.Parse(body);
        Assert.True(error.RootElement.TryGetProperty("error", out _));
        Assert.Single(upstream.Requests);
    }

    [Fact]
    public async Task An_html_error_page_becomes_an_error_of_the_dialect()
    {
        await using var upstream = new ScriptedUpstream(connection => connection.SendAsync(
            "HTTP/1.1 502 Bad\r\nContent-Type: text/html\r\nContent-Length: 15\r\n\r\n<h1>cloudy</h1>"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (status, body) = await gateway.AskAsync(Chat, Plain);
        Assert.Equal(502, status);
        Assert.Contains("provider up answered 502", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_unreachable_provider_is_a_502()
    {
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["up"] = new() { Type = "openai-compatible", BaseUrl = "http://127.0.0.1:9/v1", Models = ["m"] },
            },
        };
        await using var gateway = await TestGateway.StartAsync(options);
        var (status, body) = await gateway.AskAsync(Chat, Plain);
        Assert.Equal(502, status);
        Assert.Contains("cannot be connected to", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Streamed)]
    public async Task A_reset_before_the_answer_is_a_502(string request)
    {
        await using var upstream = new ScriptedUpstream(connection =>
        {
            connection.Reset();
            return Task.CompletedTask;
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        Assert.Equal(502, (await gateway.AskAsync(Chat, request)).Status);
    }

    [Fact]
    public async Task A_stream_that_is_cut_ends_in_an_error_event()
    {
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(First + "data: {\"choices\":[{\"ind");
            connection.Reset();
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, Streamed);
        AssertBroken(body);
    }

    [Fact]
    public async Task A_stream_that_ends_in_good_order_without_a_finish_is_cut_all_the_same()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(First));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, Streamed);
        AssertBroken(body);
    }

    [Theory]
    [InlineData("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\n\n")]
    [InlineData("data: <html>\n\n")]
    public async Task A_malformed_event_ends_in_an_error_event(string malformed)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(First + malformed + Rest));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, Streamed);
        AssertBroken(body);
        Assert.DoesNotContain("html", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_providers_error_inside_a_stream_ends_it()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(
            First + "data: {\"error\":{\"message\":\"the engine exploded\",\"type\":\"server_error\"}}\n\n" + Rest));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, Streamed);
        AssertBroken(body);
        Assert.Contains("the engine exploded", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stream_that_begins_with_an_error_is_an_error_status()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(
            "data: {\"error\":{\"message\":\"slow down\",\"type\":\"rate_limit_error\"}}\n\n"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (status, body) = await gateway.AskAsync(Chat, Streamed);
        Assert.Equal(429, status);
        Assert.Contains("slow down", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_page_instead_of_a_stream_is_a_502()
    {
        await using var upstream = new ScriptedUpstream(connection => connection.SendAsync(
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\nhi"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        Assert.Equal(502, (await gateway.AskAsync(Chat, Streamed)).Status);
    }

    [Theory]
    [InlineData("{\"choices\":[{\"index\":0")]
    [InlineData("not json")]
    [InlineData("[]")]
    public async Task A_malformed_answer_is_a_502(string body)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(body));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        Assert.Equal(502, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Theory]
    [InlineData(Plain, "llm.timeout")]
    [InlineData(Streamed, "llm.first_token_timeout")]
    public async Task A_silent_provider_is_a_504(string request, string setting)
    {
        await using var upstream = new ScriptedUpstream(connection => connection.WaitForCloseAsync());
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Llm = options.Llm with
            {
                Timeout = TimeSpan.FromMilliseconds(600),
                FirstTokenTimeout = TimeSpan.FromMilliseconds(200),
            },
        });
        var (status, body) = await gateway.AskAsync(Chat, request);
        Assert.Equal(504, status);
        Assert.Contains(setting, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_stalled_stream_ends_in_an_error_event()
    {
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(First);
            await connection.WaitForCloseAsync();
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Llm = options.Llm with { StallTimeout = TimeSpan.FromMilliseconds(200) },
        });
        var (_, body) = await gateway.AskAsync(Chat, Streamed);
        AssertBroken(body);
        Assert.Contains("llm.stall_timeout", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(Plain)]
    [InlineData(Streamed)]
    public async Task The_next_candidate_answers_when_the_first_fails(string request)
    {
        await using var bad = new ScriptedUpstream(ScriptedUpstream.Json("{}", 503));
        await using var good = new ScriptedUpstream(
            request == Plain ? ScriptedUpstream.Json(Answer) : ScriptedUpstream.Events(First + Rest));
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["bad"] = new() { Type = "openai-compatible", BaseUrl = bad.BaseUrl },
                ["good"] = new() { Type = "openai-compatible", BaseUrl = good.BaseUrl },
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "bad" }, new() { Provider = "good" }],
            },
        });
        using var response = await gateway.PostAsync(Chat, request);
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("good", Assert.Single(response.Headers.GetValues("X-Quoin-Provider")));
        Assert.Equal("2", Assert.Single(response.Headers.GetValues("X-Quoin-Attempts")));
    }

    [Fact]
    public async Task A_bad_request_is_not_tried_elsewhere()
    {
        await using var first = new ScriptedUpstream(ScriptedUpstream.Json("{\"error\":{\"message\":\"no\"}}", 400));
        await using var second = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["first"] = new() { Type = "openai-compatible", BaseUrl = first.BaseUrl },
                ["second"] = new() { Type = "openai-compatible", BaseUrl = second.BaseUrl },
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "first" }, new() { Provider = "second" }],
            },
        });
        Assert.Equal(400, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.Empty(second.Requests);
    }

    [Fact]
    public async Task A_client_that_leaves_cancels_the_provider()
    {
        var closed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(First);
            await connection.WaitForCloseAsync();
            closed.SetResult();
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var response = await gateway.PostAsync(Chat, Streamed);
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[10]);
        response.Dispose();
        await closed.Task.WaitAsync(TimeSpan.FromSeconds(20));
    }

    [Fact]
    public async Task A_client_that_leaves_a_draining_gateway_lets_the_provider_finish()
    {
        var left = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        var sent = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(First);
            await left.Task;
            await connection.SendChunksAsync(
                "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":77}}\n\n" + Rest);
            await connection.SendAsync("0\r\n\r\n");
            sent.SetResult();
        });
        var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Llm = options.Llm with { OnClientDisconnect = "drain" },
        });
        var response = await gateway.PostAsync(Chat, Streamed);
        await (await response.Content.ReadAsStreamAsync()).ReadExactlyAsync(new byte[10]);
        response.Dispose();
        left.SetResult();
        await sent.Task.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.Contains("\"output_tokens\":77", await gateway.StopAsync(), StringComparison.Ordinal);
        await gateway.DisposeAsync();
    }

    private static void AssertBroken(string body)
    {
        Assert.StartsWith(First, body, StringComparison.Ordinal);
        Assert.DoesNotContain("[DONE]", body, StringComparison.Ordinal);
        var last = body.TrimEnd().Split("\n\n")[^1];
        Assert.StartsWith("data: ", last, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(last["data: ".Length..]);
        Assert.NotEmpty(json.RootElement.GetProperty("error").GetProperty("message").GetString()!);
    }
}
