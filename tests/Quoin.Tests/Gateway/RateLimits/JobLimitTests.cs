using System.Net;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.RateLimits;

public sealed class JobLimitTests
{
    private const string Ann = "ann-0123456789-secret";
    private const string Bob = "bob-0123456789-secret";
    private const string Chat = """{"model":"sim","max_tokens":40,"messages":[{"role":"user","content":"hi"}]}""";

    [Fact]
    public async Task A_job_costs_its_request_when_accepted_and_runs_whatever_the_limit_and_is_its_key_s_alone()
    {
        using var folder = new TemporaryFolder();
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Queue = new() { StatePath = Path.Combine(folder.Path, "journal") },
            RateLimit = new() { Enabled = true, Default = "1/day" },
            Auth = new()
            {
                Enabled = true,
                Keys = [new() { Name = "ann", Key = Ann }, new() { Name = "bob", Key = Bob }],
            },
        });
        using var accepted = await SendAsync(gateway, HttpMethod.Post, "/v1/chat/completions", Ann);
        Assert.Equal(HttpStatusCode.Accepted, accepted.StatusCode);
        using var refused = await SendAsync(gateway, HttpMethod.Post, "/v1/chat/completions", Ann);
        Assert.Equal(HttpStatusCode.TooManyRequests, refused.StatusCode);
        var job = accepted.Headers.Location!.ToString();
        using var foreign = await SendAsync(gateway, HttpMethod.Get, job, Bob);
        Assert.Equal(HttpStatusCode.NotFound, foreign.StatusCode);
        using var done = await SendAsync(gateway, HttpMethod.Get, job + "?wait=20s", Ann);
        using var json = JsonDocument.Parse(await done.Content.ReadAsStringAsync());
        Assert.Equal("succeeded", json.RootElement.GetProperty("status").GetString());
    }

    private static Task<HttpResponseMessage> SendAsync(TestGateway gateway, HttpMethod method, string path, string key)
    {
        var request = new HttpRequestMessage(method, path);
        request.Headers.Add("x-api-key", key);
        if (method == HttpMethod.Post)
        {
            request.Headers.Add("Prefer", "respond-async");
            request.Content = new StringContent(Chat, Encoding.UTF8, "application/json");
        }

        return gateway.Client.SendAsync(request);
    }
}
