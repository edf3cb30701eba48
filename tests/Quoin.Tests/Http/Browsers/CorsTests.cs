using System.Net;
using Quoin.Http;

namespace Quoin.Tests.Http.Browsers;

public sealed class CorsTests
{
    private const string App = "https://app.example";

    [Theory]
    [InlineData("https://app.example", true)]
    [InlineData("https://app.example:444", false)]
    [InlineData("http://app.example", false)]
    [InlineData("https://a.below.example", true)]
    [InlineData("https://a.b.below.example", true)]
    [InlineData("https://below.example", false)]
    [InlineData("https://abelow.example", false)]
    [InlineData("https://a.below.example.evil.example", false)]
    [InlineData("null", false)]
    public async Task Origins_are_allowed_by_name_or_below_one(string origin, bool allowed)
    {
        await using var server = await StartAsync(new() { AllowedOrigins = [App, "https://*.below.example"] });
        using var response = await server.GetAsync("/", ("Origin", origin));
        Assert.Equal(allowed ? [origin] : [], Header(response, "Access-Control-Allow-Origin"));
        Assert.Contains("Origin", response.Headers.Vary);
        Assert.Equal("it", await response.Content.ReadAsStringAsync());
    }

    [Fact]
    public async Task A_preflight_is_answered_before_the_app_sees_it()
    {
        await using var server = await StartAsync(new()
        {
            AllowedOrigins = [App],
            AllowedMethods = ["PUT"],
            AllowedHeaders = ["X-One"],
            Credentials = true,
            MaxAge = TimeSpan.FromMinutes(5),
        });
        using var response = await server.SendAsync(
            HttpMethod.Options, "/guarded", ("Origin", App), ("Access-Control-Request-Method", "PUT"),
            ("Access-Control-Request-Headers", "x-one"));
        Assert.Equal(HttpStatusCode.NoContent, response.StatusCode);
        Assert.Equal(["PUT"], Header(response, "Access-Control-Allow-Methods"));
        Assert.Equal(["X-One"], Header(response, "Access-Control-Allow-Headers"));
        Assert.Equal(["true"], Header(response, "Access-Control-Allow-Credentials"));
        Assert.Equal(["300"], Header(response, "Access-Control-Max-Age"));
        using var refused = await server.SendAsync(
            HttpMethod.Options, "/guarded", ("Origin", "https://evil.example"),
            ("Access-Control-Request-Method", "PUT"));
        Assert.Empty(Header(refused, "Access-Control-Allow-Origin"));
        using var plain = await server.SendAsync(HttpMethod.Options, "/", ("Origin", App));
        Assert.Contains("GET", plain.Content.Headers.Allow);
    }

    [Fact]
    public async Task Errors_may_be_read_too_and_answers_without_an_origin_vary_by_it()
    {
        await using var server = await StartAsync(new() { AllowedOrigins = [App], ExposedHeaders = ["X-Two"] });
        using var failed = await server.GetAsync("/failing", ("Origin", App));
        Assert.Equal(HttpStatusCode.InternalServerError, failed.StatusCode);
        Assert.Equal([App], Header(failed, "Access-Control-Allow-Origin"));
        Assert.Equal(["X-Two"], Header(failed, "Access-Control-Expose-Headers"));
        using var bare = await server.GetAsync("/");
        Assert.Contains("Origin", bare.Headers.Vary);
        Assert.Empty(Header(bare, "Access-Control-Allow-Origin"));
    }

    [Fact]
    public async Task All_origins_are_one_for_caches()
    {
        await using var server = await StartAsync(new() { AllowedOrigins = ["*"] });
        using var response = await server.GetAsync("/", ("Origin", App));
        Assert.Equal(["*"], Header(response, "Access-Control-Allow-Origin"));
        Assert.DoesNotContain("Origin", response.Headers.Vary);
    }

    [Theory]
    [InlineData("https://app.example:8443", true)]
    [InlineData("http://localhost:3000", true)]
    [InlineData("http://[::1]:3000", true)]
    [InlineData("https://app.example/", false)]
    [InlineData("https://*.com", false)]
    [InlineData("https://a.*.example.com", false)]
    [InlineData("https://*.*.example.com", false)]
    [InlineData("*.example.com", false)]
    [InlineData("app.example", false)]
    [InlineData("ftp://app.example", false)]
    [InlineData("null", false)]
    [InlineData("", false)]
    public void Origins_are_checked_at_the_start(string origin, bool isOne) =>
        Assert.Equal(isOne ? 0 : 1, new CorsOptions { AllowedOrigins = [origin] }.Faults().Count());

    [Fact]
    public void Wrong_options_are_named() => Assert.Equal(3, new CorsOptions
    {
        AllowedOrigins = ["*"],
        Credentials = true,
        AllowedHeaders = ["a b"],
        MaxAge = TimeSpan.FromDays(2),
    }.Faults().Count());

    private static Task<HttpServer> StartAsync(CorsOptions cors) => HttpServer.StartAsync(
        app =>
        {
            app.Use((context, next) => context.Request.Path == "/guarded"
                ? throw new InvalidOperationException("seen")
                : next(context));
            app.Get("/", () => "it");
            app.Get("/guarded", () => "it");
            app.Get("/failing", string () => throw new InvalidOperationException("no"));
        },
        new() { Cors = cors });

    private static IEnumerable<string> Header(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) ? values : [];
}
