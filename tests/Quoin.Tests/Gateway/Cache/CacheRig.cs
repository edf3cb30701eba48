using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Cache;

/// <summary>A gateway with a cache before a scripted provider, and what is asked of both.</summary>
internal static class CacheRig
{
    public const string Chat = "/v1/chat/completions";
    public const string Body = """{"model":"m","messages":[{"role":"user","content":"Hi"}]}""";

    public const string Answer =
        """{"id":"c1","object":"chat.completion","created":1,"model":"m-1","choices":[{"index":0,"message":"""
        + """{"role":"assistant","content":"Hello there"},"finish_reason":"stop"}],"""
        + """ "usage":{"prompt_tokens":3,"completion_tokens":2,"total_tokens":5}}""";

    public static readonly string StreamText =
        Event("""{"role":"assistant","content":""}""", "null") + Event("""{"content":"Hello"}""", "null")
        + Event("""{"content":" there"}""", "null") + Event("{}", "\"stop\"") + "data: [DONE]\n\n";

    public static Task<TestGateway> StartAsync(
        ScriptedUpstream upstream, Func<CacheOptions, CacheOptions>? change = null, TimeProvider? clock = null)
    {
        var cache = new CacheOptions { Enable = true };
        return TestGateway.BeforeAsync(
            upstream,
            change: options => options with
            {
                // Where many calls fail, who is refused by the breaker depends on who is first.
                CircuitBreaker = new() { Enabled = false },
                Llm = options.Llm with { Cache = change is null ? cache : change(cache) },
            },
            time: clock);
    }

    public static string? OutcomeOf(HttpResponseMessage response) =>
        response.Headers.TryGetValues("X-Quoin-Cache", out var values) ? Assert.Single(values) : null;

    /// <summary>Calls of the model; a clock that is turned on lets the gateway ask after its health too.</summary>
    public static int CallsOf(ScriptedUpstream upstream) =>
        upstream.Requests.Count(request => request.Head.StartsWith("POST", StringComparison.Ordinal));

    public static HttpRequestMessage NewRequest(string directives)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(Body, null, "application/json"),
        };
        if (directives.Length > 0)
        {
            request.Headers.TryAddWithoutValidation("Cache-Control", directives);
        }

        return request;
    }

    public static async Task<JsonElement> StatsAsync(TestGateway gateway) =>
        JsonElement.Parse(await gateway.Client.GetStringAsync("/api/v1/cache"));

    public static async Task WaitAsync(TestGateway gateway, int waiting)
    {
        while ((await StatsAsync(gateway)).GetProperty("waiting").GetInt32() < waiting)
        {
            await Task.Yield();
        }
    }

    public static string Event(string delta, string finish) =>
        """data: {"id":"c1","object":"chat.completion.chunk","created":1,"model":"m-1","choices":[{"index":0,"delta":"""
        + delta + ",\"finish_reason\":" + finish + "}]}\n\n";

    public static async Task<string?> AskAsync(
        TestGateway gateway, string directives, params (string Name, string Value)[] headers)
    {
        using var request = NewRequest(directives);
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        using var response = await gateway.Client.SendAsync(request);
        Assert.Equal(200, (int)response.StatusCode);
        return OutcomeOf(response);
    }
}
