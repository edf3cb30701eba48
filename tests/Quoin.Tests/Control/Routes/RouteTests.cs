using System.Net;
using System.Reflection;
using Quoin.Server.Configuration;
using Quoin.Server.Control.Routes;
using Quoin.Tests.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Control.Routes;

/// <summary>The paths of <c>routes:</c>, with what stands before them.</summary>
public sealed class RouteTests
{
    private const string Key = "sk-quoin-0123456789abcdef";
    private const string Ask = """{"model":"sim","messages":[{"role":"user","content":"x"}]}""";

    [Fact]
    public async Task A_handler_answers_at_its_routes_with_version_and_without_and_where_it_was()
    {
        await using var gateway = await StartAsync(
            new RouteOptions { Path = "/stats", Handler = "metrics", Version = "v1" });
        foreach (var path in new[] { "/stats", "/v1/stats", "/v1/stats/", "/metrics" })
        {
            Assert.Contains("http_requests_total", await gateway.Client.GetStringAsync(path), StringComparison.Ordinal);
        }

        Assert.Equal(HttpStatusCode.NotFound, (await gateway.Client.GetAsync("/v2/stats")).StatusCode);
    }

    [Fact]
    public void Every_handler_that_the_configuration_takes_is_there()
    {
        var setting = typeof(RouteOptions).GetProperty(nameof(RouteOptions.Handler))!
            .GetCustomAttribute<SettingAttribute>()!;
        Assert.All(setting.Choices, name => Assert.NotNull(BuiltInHandler.Find(name, new())));
    }

    [Fact]
    public async Task Of_two_versions_of_a_path_the_first_keeps_the_bare_one()
    {
        await using var gateway = await StartAsync(
            new() { Path = "/state", Handler = "health", Version = "v1" },
            new() { Path = "/state", Handler = "metrics", Version = "v2" });
        Assert.Contains("status", await gateway.Client.GetStringAsync("/state"), StringComparison.Ordinal);
        Assert.Contains("status", await gateway.Client.GetStringAsync("/v1/state"), StringComparison.Ordinal);
        Assert.Contains("# HELP", await gateway.Client.GetStringAsync("/v2/state"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat_completions", "/llm", "/llm", "choices", "param")]
    [InlineData("messages", "/llm", "/llm", "content", "\"type\":\"error\"")]
    [InlineData("gemini", "/llm", "/llm/sim:generateContent", "candidates", "INVALID_ARGUMENT")]
    public async Task A_model_API_speaks_its_dialect_wherever_it_is(
        string handler, string path, string call, string answer, string fault)
    {
        await using var gateway = await StartAsync(new RouteOptions { Path = path, Handler = handler });
        var ask = handler == "gemini"
            ? """{"contents":[{"role":"user","parts":[{"text":"x"}]}]}"""
            : Ask.Replace("{\"model\"", "{\"max_tokens\":9,\"model\"", StringComparison.Ordinal);
        var (status, body) = await gateway.AskAsync(call, ask);
        Assert.Equal(200, status);
        Assert.Contains(answer, body, StringComparison.Ordinal);
        (status, body) = await gateway.AskAsync(call, "[");
        Assert.Equal(400, status);
        Assert.Contains(fault, body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_asked_for_on_a_model_API_wherever_it_is_and_by_auth_on_all_else()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Auth = new() { Enabled = true, Keys = [new() { Name = "ann", Key = Key }] },
            RateLimit = new() { Enabled = false },
            Routes =
            [
                new() { Path = "/llm", Handler = "chat_completions" },
                new() { Path = "/metrics", Handler = "metrics", Middleware = ["auth"] },
            ],
        });
        Assert.Equal(401, (await gateway.AskAsync("/llm", Ask)).Status);
        using var refused = await gateway.Client.GetAsync("/metrics");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Equal("Bearer", refused.Headers.WwwAuthenticate.ToString());
        gateway.Client.DefaultRequestHeaders.Authorization = new("Bearer", Key);
        Assert.Equal(200, (await gateway.AskAsync("/llm", Ask)).Status);
        Assert.Contains("# HELP", await gateway.Client.GetStringAsync("/metrics"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Without_keys_auth_admits_callers_on_this_machine_alone()
    {
        await using var gateway = await StartAsync(
            new RouteOptions { Path = "/metrics", Handler = "metrics", Version = "v1", Middleware = ["auth"] });
        Assert.Contains("# HELP", await gateway.Client.GetStringAsync("/v1/metrics"), StringComparison.Ordinal);
        gateway.Client.DefaultRequestHeaders.Add("X-Forwarded-For", "203.0.113.9");
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.Client.GetAsync("/v1/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.Forbidden, (await gateway.Client.GetAsync("/metrics")).StatusCode);
    }

    [Fact]
    public async Task A_listener_open_to_others_shows_metrics_where_a_route_says_so()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Server = new() { Host = "0.0.0.0" },
            Routes = [new() { Path = "/stats", Handler = "metrics" }],
        });
        using var client = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{gateway.Address.Port}") };
        Assert.Equal(HttpStatusCode.NotFound, (await client.GetAsync("/metrics")).StatusCode);
        Assert.Equal(HttpStatusCode.OK, (await client.GetAsync("/stats")).StatusCode);
    }

    [Fact]
    public async Task Methods_and_headers_that_a_route_does_not_take_are_told()
    {
        await using var gateway = await StartAsync(new RouteOptions
        {
            Path = "/state",
            Handler = "health",
            Methods = ["GET"],
            Headers = new Dictionary<string, string>(StringComparer.Ordinal) { ["X-Probe"] = "lb" },
        });
        using var head = await gateway.Client.SendAsync(new HttpRequestMessage(HttpMethod.Head, "/state"));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, head.StatusCode);
        Assert.Equal(["GET"], head.Content.Headers.Allow);
        using var bare = await gateway.Client.GetAsync("/state");
        Assert.Equal(HttpStatusCode.BadRequest, bare.StatusCode);
        Assert.Contains("X-Probe", await bare.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        gateway.Client.DefaultRequestHeaders.Add("X-Probe", "lb");
        Assert.Equal(HttpStatusCode.OK, (await gateway.Client.GetAsync("/state")).StatusCode);
    }

    [Theory]
    [InlineData("ratelimit", "health")]
    [InlineData("rate-limit", "health")]
    public async Task A_limited_route_answers_429_until_time_has_passed(string middleware, string handler)
    {
        var clock = new ManualClock();
        await using var gateway = await TestGateway.StartAsync(
            new QuoinOptions
            {
                RateLimit = new() { Default = "2/minute" },
                Routes = [new() { Path = "/state", Handler = handler, Middleware = [middleware] }],
            },
            clock);
        foreach (var status in new[] { 200, 200, 429 })
        {
            Assert.Equal(status, (int)(await gateway.Client.GetAsync("/state")).StatusCode);
        }

        Assert.Equal(200, (int)(await gateway.Client.GetAsync("/health")).StatusCode);
        clock.Advance(TimeSpan.FromSeconds(30));
        using var again = await gateway.Client.GetAsync("/state");
        Assert.Equal(200, (int)again.StatusCode);
        using var refused = await gateway.Client.GetAsync("/state");
        Assert.Equal(TimeSpan.FromSeconds(30), refused.Headers.RetryAfter?.Delta);
    }

    [Fact]
    public async Task A_route_with_logging_is_logged_where_requests_are_not()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Logging = new() { Requests = false },
            Routes = [new() { Path = "/state", Handler = "health", Middleware = ["logging"] }],
        });
        await gateway.Client.GetStringAsync("/health");
        await gateway.Client.GetStringAsync("/state");
        var log = await gateway.StopAsync();
        Assert.Equal(2, log.Split("\"endpoint\":\"/health\"").Length);
    }

    [Theory]
    [InlineData("{path: status, handler: health}", "routes[0].path")]
    [InlineData("{path: /status/, handler: health}", "routes[0].path")]
    [InlineData("{path: /api/v1/x, handler: health}", "routes[0].path")]
    [InlineData("{path: /a, handler: health, version: v/1}", "routes[0].version")]
    [InlineData("{path: /a, handler: health, methods: [POST]}", "routes[0].methods")]
    [InlineData("{path: /a, handler: health, middleware: [gzip]}", "routes[0].middleware")]
    [InlineData("{path: /a, handler: health, middleware: [cors]}", "routes[0].middleware")]
    [InlineData("{path: /a, handler: health, headers: {'a b': c}}", "routes[0].headers")]
    [InlineData("{path: /a, handler: health}, {path: /A, handler: live}", "routes[1].path")]
    public void A_route_that_cannot_be_is_refused_with_its_key(string routes, string key) => Assert.Contains(
        $": {key}: ", Assert.Single(ConfigurationText.Errors($"routes: [{routes}]")), StringComparison.Ordinal);

    private static Task<TestGateway> StartAsync(params RouteOptions[] routes) =>
        TestGateway.StartAsync(new QuoinOptions { Routes = routes });
}
