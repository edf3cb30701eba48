using System.Net;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

/// <summary>The same dialect on both sides: openai-chat to an openai-compatible provider.</summary>
public sealed class RelayTests
{
    private const string Chat = "/v1/chat/completions";

    private const string Answer =
        """
        {"id":"c1","object":"chat.completion","model":"up-model","x_unknown":{"kept":[1,2]},
        "choices":[{"index":0,"message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}],
        "usage":{"prompt_tokens":3,"completion_tokens":1,"total_tokens":4}}
        """;

    private const string Stream =
        "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\",\"content\":\"\"}}]}\n\n"
        + ": still here\n\n"
        + "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\"h\u00e9\"}}],\"x\":1}\r\n\r\n"
        + "data: {\"id\":\"c1\",\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n";

    private const string Done = "data: [DONE]\n\n";

    [Fact]
    public async Task Bodies_go_through_byte_for_byte_both_ways()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        const string Request = """{ "model":"gpt-x" ,"messages":[], "x_new_field": {"a": [1 , 2]},"n":2 }""";
        var (status, body) = await gateway.AskAsync(Chat, Request);
        Assert.Equal(200, status);
        Assert.Equal(Answer, body);
        Assert.Equal(Request, upstream.Only.Body);
        Assert.StartsWith("POST /v1/chat/completions HTTP/1.1", upstream.Only.Line, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_route_exchanges_the_models_name_and_nothing_else()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["fast"] = [new() { Provider = "up", Model = "big/\"model\"" }],
            },
        });
        await gateway.AskAsync(Chat, """{"a":1,"model" : "fast","messages":[]}""");
        Assert.Equal("""{"a":1,"model" : "big/\"model\"","messages":[]}""", upstream.Only.Body);
    }

    [Fact]
    public async Task Credentials_of_the_client_stay_here_and_ours_go_out()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        gateway.Client.DefaultRequestHeaders.TryAddWithoutValidation("Authorization", "Bearer client-token");
        gateway.Client.DefaultRequestHeaders.TryAddWithoutValidation("Cookie", "session=1");
        gateway.Client.DefaultRequestHeaders.TryAddWithoutValidation("OpenAI-Beta", "assistants=v2");
        await gateway.AskAsync(Chat, """{"model":"m","messages":[]}""");
        Assert.Contains("Authorization: Bearer sk-secret-key-1234", upstream.Only.Head, StringComparison.Ordinal);
        Assert.Contains("openai-beta: assistants=v2", upstream.Only.Head, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("client-token", upstream.Only.Head, StringComparison.Ordinal);
        Assert.DoesNotContain("session=1", upstream.Only.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_trace_goes_on_with_a_span_of_ours()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        const string Trace = "0af7651916cd43dd8448eb211c80319c";
        gateway.Client.DefaultRequestHeaders.Add("traceparent", $"00-{Trace}-b7ad6b7169203331-01");
        gateway.Client.DefaultRequestHeaders.Add("tracestate", "a=1");
        await gateway.AskAsync(Chat, """{"model":"m","messages":[]}""");
        Assert.Contains($"traceparent: 00-{Trace}-", upstream.Only.Head, StringComparison.Ordinal);
        Assert.DoesNotContain("b7ad6b7169203331", upstream.Only.Head, StringComparison.Ordinal);
        Assert.Contains("tracestate: a=1", upstream.Only.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Answers_tell_provider_model_attempts_timing_and_request_id()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json(
                Answer, headers: "x-request-id: req-up\r\nx-ratelimit-remaining: 7\r\nset-cookie: a=1\r\n"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        gateway.Client.DefaultRequestHeaders.Add("X-Request-ID", "mine-1");
        using var response = await gateway.PostAsync(Chat, """{"model":"m","messages":[]}""");
        string Header(string name) => Assert.Single(response.Headers.GetValues(name));
        Assert.Equal("mine-1", Header("X-Request-ID"));
        Assert.Equal("up", Header("X-Quoin-Provider"));
        Assert.Equal("m", Header("X-Quoin-Model"));
        Assert.Equal("1", Header("X-Quoin-Attempts"));
        Assert.Equal("req-up", Header("X-Quoin-Provider-Request-ID"));
        Assert.Equal("7", Header("x-ratelimit-remaining"));
        Assert.Contains("provider;dur=", Header("Server-Timing"), StringComparison.Ordinal);
        Assert.False(response.Headers.Contains("Set-Cookie"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    [InlineData(1000000)]
    public async Task A_stream_goes_through_byte_for_byte_wherever_it_is_cut(int piece)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(Stream + Done, piece));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(Chat, """{"model":"m","stream":true,"messages":[]}""");
        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(Stream + Done, await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Each_event_is_sent_when_it_is_there()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(Stream);
            await goOn.Task;
            await connection.SendChunksAsync(Done);
            await connection.SendAsync("0\r\n\r\n");
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(Chat, """{"model":"m","stream":true,"messages":[]}""");
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync());
        string? line;
        do
        {
            line = await reader.ReadLineAsync();
        }
        while (line?.Contains("finish_reason\":\"stop\"", StringComparison.Ordinal) != true);

        goOn.SetResult();
        Assert.Contains("[DONE]", await reader.ReadToEndAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_complete_stream_without_its_end_marker_gets_one()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Events(Stream));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, """{"model":"m","stream":true,"messages":[]}""");
        Assert.Equal(Stream + Done, body);
    }

    [Fact]
    public async Task A_large_unstreamed_answer_goes_through_whole()
    {
        var large = Answer.Replace("\"hi\"", "\"" + new string('x', 9_000_000) + "\"", StringComparison.Ordinal);
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(large));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (_, body) = await gateway.AskAsync(Chat, """{"model":"m","messages":[]}""");
        Assert.Equal(large, body);
    }

    [Fact]
    public async Task A_large_answer_that_is_cut_ends_the_connection()
    {
        var large = new string('x', 6_000_000);
        var begun = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendAsync(
                "HTTP/1.1 200 X\r\nContent-Type: application/json\r\nContent-Length: 9000000\r\n\r\n" + large);
            await begun.Task;
            connection.Reset();
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(Chat, """{"model":"m","messages":[]}""");
        begun.SetResult();
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task Requests_without_a_known_model_are_404_with_near_names()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["up"] = new() { Type = "openai-compatible", BaseUrl = "http://127.0.0.1:1/v1", Models = ["gpt-4o"] },
            },
        });
        var (status, body) = await gateway.AskAsync(Chat, """{"model":"gtp-4o","messages":[]}""");
        Assert.Equal(404, status);
        Assert.Contains("did you mean gpt-4o", body, StringComparison.Ordinal);
        Assert.Contains("model_not_found", body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_provider_that_lists_a_model_gets_it()
    {
        await using var upstream = new ScriptedUpstream(
            ScriptedUpstream.Json("""{"object":"list","data":[{"id":"listed-model"}]}"""),
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Providers = options.Providers.ToDictionary(
                pair => pair.Key, pair => pair.Value with { Models = [] }, StringComparer.Ordinal),
        });
        var (status, _) = await gateway.AskAsync(Chat, """{"model":"listed-model","messages":[]}""");
        Assert.Equal(200, status);
        Assert.Equal(2, upstream.Requests.Count);
    }

    [Fact]
    public async Task A_model_may_name_its_provider()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        await gateway.AskAsync(Chat, """{"model":"up/org/thing","messages":[]}""");
        Assert.Contains("\"model\":\"org/thing\"", upstream.Only.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_reload_does_not_touch_requests_under_way()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync(Stream);
            await goOn.Task;
            await connection.SendChunksAsync(Done);
            await connection.SendAsync("0\r\n\r\n");
        });
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(Chat, """{"model":"m","stream":true,"messages":[]}""");
        gateway.Source.Replace(gateway.Source.Current with
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["other"] = new() { Type = "sim" },
            },
        });
        Assert.Equal(HttpStatusCode.NotFound,
            (await gateway.PostAsync(Chat, """{"model":"up/m","messages":[]}""")).StatusCode);
        goOn.SetResult();
        Assert.EndsWith(Done, await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }
}
