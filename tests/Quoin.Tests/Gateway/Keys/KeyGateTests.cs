using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Keys;

public sealed class KeyGateTests
{
    private const string Ann = "ann-0123456789-secret";
    private const string Bob = "bob-0123456789-secret";
    private const string ChatBody = """{"model":"sim","messages":[{"role":"user","content":"hi"}]}""";

    [Theory]
    [InlineData("Authorization", "Bearer " + Ann)]
    [InlineData("Authorization", "bearer " + Ann)]
    [InlineData("x-api-key", Ann)]
    [InlineData("api-key", Ann)]
    [InlineData("x-goog-api-key", Ann)]
    public async Task A_key_is_taken_from_the_header_of_each_api(string header, string value)
    {
        await using var gateway = await StartAsync();
        using var response = await SendAsync(gateway, "/v1/chat/completions", header, value);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
    }

    [Fact]
    public async Task A_key_in_the_query_is_taken_and_never_logged()
    {
        await using var gateway = await StartAsync();
        using var response = await gateway.PostAsync($"/v1/chat/completions?key={Ann}", ChatBody);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        using var refused = await gateway.PostAsync("/v1/chat/completions?key=not-a-key-of-anyone", ChatBody);
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        var log = await gateway.StopAsync();
        Assert.DoesNotContain(Ann, log, StringComparison.Ordinal);
        Assert.DoesNotContain("not-a-key-of-anyone", log, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("/v1/chat/completions", "error.code", "invalid_api_key")]
    [InlineData("/v1/responses", "error.code", "invalid_api_key")]
    [InlineData("/v1/embeddings", "error.code", "invalid_api_key")]
    [InlineData("/v1/messages", "error.type", "authentication_error")]
    [InlineData("/v1beta/models/sim:generateContent", "error.status", "UNAUTHENTICATED")]
    [InlineData("/v1/models/sim:generateContent", "error.status", "UNAUTHENTICATED")]
    public async Task Without_a_known_key_the_refusal_is_in_the_dialect_of_the_path(
        string path, string field, string value)
    {
        await using var gateway = await StartAsync();
        foreach (var key in (string?[])[null, "an-unknown-key-of-nobody", "", Ann + "x"])
        {
            using var response = await SendAsync(gateway, path, "x-api-key", key);
            Assert.Equal(HttpStatusCode.Unauthorized, response.StatusCode);
            Assert.Equal("Bearer", response.Headers.WwwAuthenticate.ToString());
            using var json = JsonDocument.Parse(await response.Content.ReadAsStringAsync());
            var at = json.RootElement;
            foreach (var name in field.Split('.'))
            {
                at = at.GetProperty(name);
            }

            Assert.Equal(value, at.GetString());
        }
    }

    [Fact]
    public async Task The_refusal_comes_before_the_body()
    {
        await using var gateway = await StartAsync();
        using var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(gateway.Address.Host, gateway.Address.Port);
        await socket.SendAsync(Encoding.ASCII.GetBytes(
            "POST /v1/chat/completions HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            + "Content-Length: 1000000\r\n\r\n"));
        var buffer = new byte[4096];
        var read = await socket.ReceiveAsync(buffer);
        Assert.StartsWith("HTTP/1.1 401", Encoding.ASCII.GetString(buffer, 0, read), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_asks_only_for_its_models_and_sees_only_those()
    {
        await using var gateway = await StartAsync();
        using var refused = await SendAsync(gateway, "/v1/chat/completions", "x-api-key", Bob);
        Assert.Equal(HttpStatusCode.Forbidden, refused.StatusCode);
        Assert.Contains("model_not_allowed", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        var all = await GetAsync(gateway, "/v1/models", Ann);
        var some = await GetAsync(gateway, "/v1/models", Bob);
        Assert.Equal(200, some.Status);
        Assert.Contains("\"sim\"", all.Body, StringComparison.Ordinal);
        Assert.DoesNotContain("\"sim\"", some.Body, StringComparison.Ordinal);
        Assert.Contains("\"cheap-1\"", some.Body, StringComparison.Ordinal);
        Assert.Equal(403, (await GetAsync(gateway, "/v1/models/sim", Bob)).Status);
        Assert.Equal(200, (await GetAsync(gateway, "/v1/models/cheap-1", Bob)).Status);
        Assert.Equal(401, (await GetAsync(gateway, "/v1/models", key: null)).Status);
    }

    [Fact]
    public async Task A_key_ends_at_its_time()
    {
        var clock = new ManualClock();
        var end = clock.GetUtcNow().AddHours(1);
        await using var gateway = await StartAsync(
            options => options with
            {
                Auth = options.Auth with
                {
                    Keys = [new() { Name = "ann", Key = Ann, Expires = end.ToString("O") }],
                },
            },
            clock);
        Assert.Equal(200, (await GetAsync(gateway, "/v1/models", Ann)).Status);
        clock.Advance(TimeSpan.FromHours(1));
        Assert.Equal(401, (await GetAsync(gateway, "/v1/models", Ann)).Status);
    }

    [Fact]
    public async Task A_reload_revokes_a_key_and_admits_another()
    {
        await using var gateway = await StartAsync();
        gateway.Source.Replace(gateway.Source.Current with
        {
            Auth = new AuthOptions { Enabled = true, Keys = [new() { Name = "new", Key = "new-0123456789-secret" }] },
        });
        Assert.Equal(401, (await GetAsync(gateway, "/v1/models", Ann)).Status);
        Assert.Equal(200, (await GetAsync(gateway, "/v1/models", "new-0123456789-secret")).Status);
    }

    [Fact]
    public async Task Only_an_admin_key_opens_the_control_plane_to_others()
    {
        await using var gateway = await StartAsync();
        Assert.Equal(403, (await GetAsync(gateway, "/api/v1/cache", Bob, forwarded: true)).Status);
        Assert.Equal(403, (await GetAsync(gateway, "/api/v1/cache", key: null, forwarded: true)).Status);
        Assert.Equal(200, (await GetAsync(gateway, "/api/v1/cache", Ann, forwarded: true)).Status);
        Assert.Equal(401, (await GetAsync(gateway, "/v1/jobs", key: null)).Status);
        Assert.Equal(200, (await GetAsync(gateway, "/health", key: null)).Status);
    }

    private static Task<TestGateway> StartAsync(
        Func<QuoinOptions, QuoinOptions>? change = null, TimeProvider? time = null)
    {
        var options = new QuoinOptions
        {
            Auth = new AuthOptions
            {
                Enabled = true,
                Keys =
                [
                    new() { Name = "ann", Key = Ann, Admin = true },
                    new() { Name = "bob", Key = Bob, Models = ["cheap-*"] },
                ],
            },
            Models = new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal)
            {
                ["cheap-1"] = [new() { Provider = "sim", Model = "sim" }],
                ["sim"] = [new() { Provider = "sim" }],
            },
        };
        return TestGateway.StartAsync(change is null ? options : change(options), time);
    }

    private static Task<HttpResponseMessage> SendAsync(TestGateway gateway, string path, string header, string? value)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(ChatBody, Encoding.UTF8, "application/json"),
        };
        if (value is not null)
        {
            request.Headers.TryAddWithoutValidation(header, value);
        }

        return gateway.Client.SendAsync(request);
    }

    private static async Task<(int Status, string Body)> GetAsync(
        TestGateway gateway, string path, string? key, bool forwarded = false)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        if (key is not null)
        {
            request.Headers.Add("Authorization", "Bearer " + key);
        }

        if (forwarded)
        {
            request.Headers.Add("X-Forwarded-For", "10.1.2.3");
        }

        using var response = await gateway.Client.SendAsync(request);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
