using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.RateLimits;

public sealed class RateLimiterTests
{
    private const string Chat = """{"model":"m","max_tokens":40,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task Without_keys_and_limits_nothing_is_throttled()
    {
        await using var gateway = await StartAsync(new RateLimitOptions());
        for (var i = 0; i < 70; i++)
        {
            using var response = await AskAsync(gateway);
            Assert.Equal(200, (int)response.StatusCode);
            Assert.False(response.Headers.Contains("RateLimit"));
        }
    }

    [Fact]
    public async Task Success_and_refusal_tell_what_is_left()
    {
        await using var gateway = await StartAsync(new() { Enabled = true, Default = "2/minute" });
        using var first = await AskAsync(gateway);
        Assert.Equal("\"requests\";q=2;w=60", Header(first, "RateLimit-Policy"));
        Assert.Equal("\"requests\";r=1;t=30", Header(first, "RateLimit"));
        using var second = await AskAsync(gateway);
        Assert.Equal("\"requests\";r=0;t=60", Header(second, "RateLimit"));
        using var refused = await AskAsync(gateway);
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.Equal("30", Header(refused, "Retry-After"));
        Assert.Equal("\"requests\";q=2;w=60", Header(refused, "RateLimit-Policy"));
        Assert.Equal("\"requests\";r=0;t=30", Header(refused, "RateLimit"));
    }

    [Fact]
    public async Task After_the_wait_the_next_is_answered()
    {
        var clock = new ManualClock();
        await using var gateway = await StartAsync(new() { Enabled = true, Default = "1/minute" }, clock);
        Assert.Equal(200, await StatusAsync(gateway));
        clock.Advance(TimeSpan.FromSeconds(59));
        Assert.Equal(429, await StatusAsync(gateway));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal(200, await StatusAsync(gateway));
    }

    [Theory]
    [InlineData("/v1/chat/completions", "error.code", "rate_limit_exceeded")]
    [InlineData("/v1/messages", "error.type", "rate_limit_error")]
    [InlineData("/v1beta/models/sim:generateContent", "error.status", "RESOURCE_EXHAUSTED")]
    public async Task The_refusal_is_in_the_dialect_of_the_path(string path, string field, string value)
    {
        await using var gateway = await StartAsync(new() { Enabled = true, Default = "1/hour" });
        Assert.Equal(200, await StatusAsync(gateway));
        using var refused = await gateway.PostAsync(path, Chat);
        Assert.Equal(429, (int)refused.StatusCode);
        using var json = JsonDocument.Parse(await refused.Content.ReadAsStringAsync());
        var at = json.RootElement;
        foreach (var name in field.Split('.'))
        {
            at = at.GetProperty(name);
        }

        Assert.Equal(value, at.GetString());
    }

    [Fact]
    public async Task Each_key_has_its_own_limit()
    {
        await using var gateway = await StartAsync(new() { Enabled = true, Default = "1/hour" }, keys: true);
        Assert.Equal(200, await StatusAsync(gateway, "ann-0123456789-secret"));
        Assert.Equal(429, await StatusAsync(gateway, "ann-0123456789-secret"));
        for (var i = 0; i < 3; i++)
        {
            Assert.Equal(200, await StatusAsync(gateway, "bob-0123456789-secret"));
        }

        Assert.Equal(429, await StatusAsync(gateway, "bob-0123456789-secret"));
    }

    [Fact]
    public async Task By_address_keys_without_a_limit_of_their_own_share_it()
    {
        await using var gateway = await StartAsync(
            new() { Enabled = true, Default = "1/hour", Per = "ip" }, keys: true);
        Assert.Equal(200, await StatusAsync(gateway, "ann-0123456789-secret"));
        Assert.Equal(429, await StatusAsync(gateway, "cid-0123456789-secret"));
        Assert.Equal(200, await StatusAsync(gateway, "bob-0123456789-secret"));
    }

    [Fact]
    public async Task A_model_s_limit_is_one_for_all_and_a_refusal_costs_its_caller_nothing()
    {
        await using var gateway = await StartAsync(
            new()
            {
                Enabled = true,
                Default = "2/hour",
                Models = Models(new() { Requests = "1/hour" }),
            },
            keys: true);
        Assert.Equal(200, await StatusAsync(gateway, "ann-0123456789-secret"));
        using var refused = await AskAsync(gateway, "cid-0123456789-secret");
        Assert.Equal(429, (int)refused.StatusCode);
        Assert.Equal("\"requests\";q=2;w=3600, \"model\";q=1;w=3600", Header(refused, "RateLimit-Policy"));
        var other = Chat.Replace("\"m\"", "\"other\"", StringComparison.Ordinal);
        Assert.Equal(200, await StatusAsync(gateway, "cid-0123456789-secret", other));
        Assert.Equal(200, await StatusAsync(gateway, "cid-0123456789-secret", other));
        Assert.Equal(429, await StatusAsync(gateway, "cid-0123456789-secret", other));
    }

    [Fact]
    public async Task Tokens_are_reserved_by_an_estimate_and_settled_by_use()
    {
        await using var gateway = await StartAsync(
            new() { Enabled = true, Default = "100/minute", TokensPerMinute = 100 }, new ManualClock());
        using var first = await AskAsync(gateway);
        Assert.Equal("\"requests\";q=100;w=60, \"tokens\";q=100;w=60;qu=\"tokens\"", Header(first, "RateLimit-Policy"));
        Assert.Equal(100 - 42, Left(first));

        // The provider told 5 + 6: so much is gone when the next one reserves its 42.
        using var second = await AskAsync(gateway);
        Assert.Equal(100 - 11 - 42, Left(second));
    }

    [Theory]
    [InlineData("""{"id":"x","choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}""", 200, 100 - 42)]
    [InlineData("""{"error":{"message":"no"}}""", 400, 100 - 42)]
    [InlineData("""{"id":"x","choices":[]}""", 200, 100 - 2 - 5 - 42)]
    public async Task A_zero_is_zero_an_error_is_free_and_silence_is_estimated(string answer, int status, int left)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json(answer, status));
        await using var gateway = await TestGateway.BeforeAsync(
            upstream,
            change: options => options with
            {
                RateLimit = new() { Enabled = true, Default = "100/minute", TokensPerMinute = 100 },
            },
            time: new ManualClock());
        Assert.Equal(status, await StatusAsync(gateway));
        using var next = await AskAsync(gateway);
        Assert.Equal(left, Left(next));
    }

    private static Dictionary<string, ModelLimitOptions> Models(ModelLimitOptions limits) =>
        new(StringComparer.Ordinal) { ["m*"] = limits };

    private static async Task<TestGateway> StartAsync(
        RateLimitOptions limits, TimeProvider? time = null, bool keys = false)
    {
        var upstream = new ScriptedUpstream(ScriptedUpstream.Json(
            """
            {"id":"x","object":"chat.completion","created":1,"model":"m",
             "choices":[{"index":0,"message":{"role":"assistant","content":"hello"},"finish_reason":"stop"}],
             "usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}
            """));
        return await TestGateway.BeforeAsync(
            upstream,
            change: options => options with
            {
                RateLimit = limits,
                Auth = new AuthOptions
                {
                    Enabled = keys,
                    Keys =
                    [
                        new() { Name = "ann", Key = "ann-0123456789-secret" },
                        new() { Name = "bob", Key = "bob-0123456789-secret", RateLimit = "3/hour" },
                        new() { Name = "cid", Key = "cid-0123456789-secret" },
                    ],
                },
            },
            time: time);
    }

    private static Task<HttpResponseMessage> AskAsync(TestGateway gateway, string? key = null, string body = Chat)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions")
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        if (key is not null)
        {
            request.Headers.Add("x-api-key", key);
        }

        return gateway.Client.SendAsync(request);
    }

    private static async Task<int> StatusAsync(TestGateway gateway, string? key = null, string body = Chat)
    {
        using var response = await AskAsync(gateway, key, body);
        return (int)response.StatusCode;
    }

    private static string Header(HttpResponseMessage response, string name) =>
        string.Join(", ", response.Headers.GetValues(name));

    private static int Left(HttpResponseMessage response)
    {
        var text = Header(response, "RateLimit");
        var at = text.IndexOf("\"tokens\";r=", StringComparison.Ordinal) + "\"tokens\";r=".Length;
        return int.Parse(text[at..text.IndexOf(';', at)], System.Globalization.CultureInfo.InvariantCulture);
    }
}
