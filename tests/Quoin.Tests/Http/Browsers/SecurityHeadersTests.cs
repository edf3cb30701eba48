using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Http.Browsers;

public sealed class SecurityHeadersTests
{
    [Fact]
    public async Task Every_answer_has_them_and_a_handler_its_own()
    {
        await using var server = await HttpServer.StartAsync(
            app =>
            {
                app.Get("/", () => "it");
                app.Get("/own", (HttpResponse response) => response.Headers["Referrer-Policy"] = "no-referrer");
                app.Get("/failing", string () => throw new InvalidOperationException("no"));
            },
            new() { SecurityHeaders = new() });
        foreach (var path in (string[])["/", "/own", "/failing", "/missing"])
        {
            using var response = await server.GetAsync(path);
            Assert.Equal(
                ["nosniff", path == "/own" ? "no-referrer" : "strict-origin-when-cross-origin", "DENY",
                    "frame-ancestors 'none'"],
                new[] { "X-Content-Type-Options", "Referrer-Policy", "X-Frame-Options", "Content-Security-Policy" }
                    .SelectMany(response.Headers.GetValues));
            Assert.False(response.Headers.Contains("Strict-Transport-Security"));
        }
    }

    [Fact]
    public async Task HSTS_is_sent_over_TLS_only()
    {
        using var certificate = TestCertificate.Create();
        var hsts = new HstsOptions { IncludeSubdomains = true };
        await using var secure = await HttpServer.StartAsync(
            app => app.Get("/", () => "it"), new() { Certificate = certificate, Hsts = hsts });
        using var sent = await secure.GetAsync("/");
        Assert.Equal(["max-age=31536000; includeSubDomains"], sent.Headers.GetValues("Strict-Transport-Security"));
        await using var plain = await HttpServer.StartAsync(
            app => app.Get("/", () => "it"),
            new() { Hsts = hsts, Proxies = new() { Trusted = ["127.0.0.1"] } });
        using var none = await plain.GetAsync("/");
        Assert.False(none.Headers.Contains("Strict-Transport-Security"));
        using var behind = await plain.GetAsync("/", ("X-Forwarded-Proto", "https"));
        Assert.True(behind.Headers.Contains("Strict-Transport-Security"));
    }

    [Fact]
    public void Wrong_options_are_named()
    {
        var options = new HttpAppOptions
        {
            SecurityHeaders = new() { FrameOptions = "ALLOW", ReferrerPolicy = "a\nb" },
            Hsts = new() { Preload = true },
        };
        Assert.Equal(3, options.Faults().Count);
    }
}
