using System.Text.Json;
using Microsoft.AspNetCore.Http;
using Quoin.Cli;
using Quoin.Http;
using Quoin.Tests.Configuration;

namespace Quoin.Tests.Cli;

public sealed class BenchmarkVerbTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("URL: found \"nowhere\"; accepted: such as http://127.0.0.1:8080/health", "nowhere")]
    [InlineData("URL: found \"ftp://x/\"; accepted: http, https and a host", "ftp://x/")]
    [InlineData("--concurrency: found \"0\"; accepted: 1..10000", "http://x/", "--concurrency", "0")]
    [InlineData("--concurrency: found \"many\"; accepted: a whole number", "http://x/", "--concurrency", "many")]
    [InlineData("--seed: found \"99999999999\"; accepted: a number of 32 bits", "http://x/", "--seed", "99999999999")]
    [InlineData("--requests: found \"-1\"; accepted: 1..1000000000000", "http://x/", "--requests", "-1")]
    [InlineData("--rate: found \"NaN\"; accepted: 0.001..1000000", "http://x/", "--rate", "NaN")]
    [InlineData("--rate: found \"fast\"; accepted: a number of requests a second", "http://x/", "--rate", "fast")]
    [InlineData("--duration: found \"5\"; accepted: a time such as 10s, 500ms", "http://x/", "--duration", "5")]
    [InlineData("--timeout: found \"7200 s\"; accepted: 1ms..1h", "http://x/", "--timeout", "2h")]
    [InlineData("--arrivals: found \"bursts\"; accepted: constant or poisson", "http://x/", "--arrivals", "bursts")]
    [InlineData("--http: found \"4\"; accepted: 1.1, 2 or 3", "http://x/", "--http", "4")]
    [InlineData("--header: found \"x\"; accepted: Name: value", "http://x/", "--header", "x")]
    [InlineData("--max-waiting: found \"0\"; accepted: 1..10000000", "http://x/", "--max-waiting", "0")]
    [InlineData("--message-bytes: found \"-1\"; accepted: 0..16777216", "http://x/", "--message-bytes", "-1")]
    [InlineData("--connections: found \"2\"; accepted: HTTP/2 with it", "http://x/", "--connections", "2")]
    [InlineData("--http: found \"2.0\"; accepted: 1.1 with WebSocket", "ws://x/", "--http", "2")]
    [InlineData("--sse: found \"set\"; accepted: not with WebSocket", "ws://x/", "--sse")]
    [InlineData("--new-connections: found \"set\"; accepted: ", "http://x/", "--http", "2", "--new-connections")]
    public async Task What_is_wrong_is_named_with_what_it_may_be(string error, params string[] arguments)
    {
        var (code, output, errors) = await RunAsync(arguments);
        Assert.Equal((2, ""), (code, output));
        Assert.StartsWith(error, errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task All_that_is_wrong_is_named_at_once()
    {
        var (_, _, errors) = await RunAsync("http://x/", "--concurrency", "0", "--method", "G T", "--rate", "0");
        Assert.Equal(["--concurrency", "--rate", "--method"], errors.Trim().Split('\n').Select(e => e.Split(':')[0]));
    }

    [Fact]
    public async Task HTTP_3_says_what_is_missing_where_the_platform_has_none()
    {
        Assert.SkipWhen(Quoin.Quic.QuicEndpoint.UnavailableReason is null, "this platform has QUIC");
        var (code, _, errors) = await RunAsync("https://x/", "--http", "3");
        Assert.Equal(2, code);
        Assert.Contains("ngtcp2", errors, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Method_headers_and_body_go_out_as_they_were_given()
    {
        await using var app = new HttpApp(new() { Port = 0 });
        var seen = new List<string>();
        app.Map("/", ["POST", "PUT"], async (HttpContext context) =>
        {
            using var reader = new StreamReader(context.Request.Body);
            lock (seen)
            {
                seen.Add($"{context.Request.Method} {context.Request.Headers["X-A"]} {context.Request.Headers["X-B"]}");
            }

            return await reader.ReadToEndAsync();
        });
        await app.StartAsync();
        var url = app.Addresses[0].ToString();
        _folder.Write("body.txt", "from a file");
        var (code, output, _) = await RunAsync(
            url, "--requests", "3", "--concurrency", "1", "--body", "@body.txt", "--header", "X-A: 1", "--header",
            "X-B:2", "--json");
        Assert.Equal(0, code);
        Assert.Equal(Enumerable.Repeat("POST 1 2", 3), seen);
        var report = JsonElement.Parse(output);
        Assert.Equal(3, report.GetProperty("statuses").GetProperty("2xx").GetInt32());
        seen.Clear();
        (code, output, _) = await RunAsync(url, "--requests", "1", "--method", "PUT", "--body", "x", "--rate", "5");
        Assert.Equal((0, "PUT  "), (code, Assert.Single(seen)));
        Assert.Matches(@"(?m)^answers/s .* of 5 asked for$", output);
        Assert.Equal(1, (await RunAsync(url, "--requests", "1", "--method", "DELETE")).Code);
    }

    private async Task<(int Code, string Output, string Error)> RunAsync(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        var code = await QuoinCommandLine.RunAsync(["benchmark", "route", .. arguments], new CommandContext
        {
            Output = output,
            Error = error,
            Environment = _ => null,
            WorkingFolder = _folder.Path,
        });
        return (code, output.ToString(), error.ToString());
    }
}
