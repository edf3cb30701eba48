using System.Net;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

/// <summary>What surrounds the gateway: health, metrics, unknown paths, the drain.</summary>
public sealed class ServerTests
{
    [Fact]
    public async Task Health_tells_a_local_caller_what_is_served()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        var body = await gateway.Client.GetStringAsync("/health");
        Assert.Contains("\"status\":\"ok\"", body, StringComparison.Ordinal);
        Assert.Contains("\"models\":[\"sim\"]", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/live")]
    [InlineData("/ready")]
    [InlineData("/health")]
    public async Task Health_answers_head_too(string path)
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        using var response = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, path));
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_listener_open_to_others_tells_neither_models_nor_metrics()
    {
        var options = new QuoinOptions { Server = new ServerOptions { Host = "0.0.0.0" } };
        await using var gateway = await TestGateway.StartAsync(options);
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{gateway.Address.Port}") };
        Assert.Equal("{\"status\":\"ok\"}", await client.GetStringAsync("/health"));
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/metrics")).StatusCode);
    }

    [Fact]
    public async Task The_metrics_port_serves_the_metrics_and_nothing_else()
    {
        using var probe = new System.Net.Sockets.TcpListener(IPAddress.Loopback, 0);
        probe.Start();
        var port = ((IPEndPoint)probe.LocalEndpoint).Port;
        probe.Stop();
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions(), metricsPort: port);
        await gateway.AskAsync(
            "/v1/chat/completions", """{"model":"sim","messages":[{"role":"user","content":"x"}]}""");
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{port}") };
        const string Counted = "quoin_attempts_total{provider=\"sim\",outcome=\"success\"} 1";
        await gateway.ShowsAsync(Counted);
        Assert.Contains(Counted, await client.GetStringAsync("/metrics"), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/health")).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/v1/models")).StatusCode);
    }

    [Theory]
    [InlineData("GET", "/nothing", 404)]
    [InlineData("PUT", "/health", 405)]
    public async Task Paths_that_nobody_serves_are_problems(string method, string path, int status)
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        using var response = await gateway.Client.SendAsync(new HttpRequestMessage(new HttpMethod(method), path));
        Assert.Equal(status, (int)response.StatusCode);
        Assert.Equal("application/problem+json", response.Content.Headers.ContentType?.MediaType);
        Assert.Equal(status == 405, response.Content.Headers.Allow.Count > 0);
    }

    [Theory]
    [InlineData("/health", "Allow: GET, HEAD, OPTIONS\r\n")]
    [InlineData("/v1/chat/completions", "Allow: POST, OPTIONS\r\n")]
    [InlineData("*", "")]
    public async Task OPTIONS_tells_what_a_path_takes(string path, string allow)
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions());
        var answer = await RawClient.AskAsync(
            gateway.Address, $"OPTIONS {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
        Assert.Equal((204, ""), (answer.Status, answer.Body));
        Assert.Contains(allow, answer.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_server_that_stops_lets_a_stream_finish()
    {
        var goOn = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            await connection.SendStreamHeadAsync();
            await connection.SendChunksAsync("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"a\"}}]}\n\n");
            await goOn.Task;
            await connection.SendChunksAsync(
                "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\ndata: [DONE]\n\n");
            await connection.SendAsync("0\r\n\r\n");
        });
        var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(
            "/v1/chat/completions", """{"model":"m","stream":true,"messages":[]}""");
        var stopping = gateway.StopAsync();
        goOn.SetResult();
        Assert.EndsWith("data: [DONE]\n\n", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("\"finish\":\"stop\"", await stopping, StringComparison.Ordinal);
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task A_candidate_that_speaks_the_clients_api_gets_what_another_cannot_be_told()
    {
        await using var other = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        await using var native = new ScriptedUpstream(ScriptedUpstream.Json(
            """{"choices":[{"index":0,"message":{"role":"assistant","content":"b"},"finish_reason":"stop"}]}"""));
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["other"] = new() { Type = "anthropic", BaseUrl = other.BaseUrl },
                ["native"] = new() { Type = "openai-compatible", BaseUrl = native.BaseUrl },
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["m"] = [new() { Provider = "other" }, new() { Provider = "native" }],
            },
        });
        using var response = await gateway.PostAsync("/v1/chat/completions", """{"model":"m","messages":[],"n":2}""");
        Assert.Equal(200, (int)response.StatusCode);
        Assert.Equal("1", Assert.Single(response.Headers.GetValues("X-Quoin-Attempts")));
        Assert.Empty(other.Requests);
    }

    [Fact]
    public async Task Other_dialects_are_translated_to_the_api_that_the_provider_is_set_to()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("""
            {"id":"r","object":"response","status":"completed","model":"m","output":[
            {"type":"reasoning","id":"rs","summary":[{"type":"summary_text","text":"hm"}]},
            {"type":"message","id":"ms","role":"assistant","status":"completed","content":
            [{"type":"output_text","text":"yes","annotations":[]}]}],"usage":{"input_tokens":1,"output_tokens":2}}
            """));
        await using var gateway = await TestGateway.BeforeAsync(upstream, "openai", options => options with
        {
            Providers = options.Providers.ToDictionary(
                pair => pair.Key,
                pair => pair.Value with { TranslateTo = "openai-responses" },
                StringComparer.Ordinal),
        });
        var (status, body) = await gateway.AskAsync(
            "/v1/messages", """{"model":"m","max_tokens":9,"messages":[{"role":"user","content":"well?"}]}""");
        Assert.Equal(200, status);
        Assert.StartsWith("POST /v1/responses ", upstream.Only.Line, StringComparison.Ordinal);
        Assert.Contains("\"thinking\":\"hm\"", body, StringComparison.Ordinal);
        Assert.Contains("\"text\":\"yes\"", body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true, true)]
    [InlineData(true, false)]
    [InlineData(false, true)]
    [InlineData(false, false)]
    public async Task Prompts_and_answers_are_logged_only_when_that_is_asked_for(bool asked, bool stream)
    {
        var options = new QuoinOptions { Logging = new LoggingOptions { Prompts = asked } };
        var gateway = await TestGateway.StartAsync(options);
        await gateway.AskAsync("/v1/chat/completions",
            "{\"model\":\"sim\",\"stream\":" + (stream ? "true" : "false")
            + ",\"messages\":[{\"role\":\"user\",\"content\":\"echo: marmalade\"}]}");
        var log = await gateway.StopAsync();
        Assert.Equal(asked, log.Contains("echo: marmalade", StringComparison.Ordinal));
        Assert.Equal(asked, log.Contains("\"answer\":", StringComparison.Ordinal));
        await gateway.DisposeAsync();
    }

    [Fact]
    public async Task An_estimate_of_tokens_calls_no_provider()
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        using var response = await gateway.PostAsync(
            "/v1/messages/count_tokens", """{"model":"m","messages":[{"role":"user","content":"eight bytes"}]}""");
        Assert.Equal("{\"input_tokens\":7}", await response.Content.ReadAsStringAsync());
        Assert.Equal("tokens", Assert.Single(response.Headers.GetValues("X-Quoin-Estimate")));
        Assert.Empty(upstream.Requests);
    }
}
