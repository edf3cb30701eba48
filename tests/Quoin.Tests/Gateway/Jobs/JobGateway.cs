using System.Net;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Tests.Gateway.Server;

namespace Quoin.Tests.Gateway.Jobs;

/// <summary>A gateway with a journal in a folder of the test's, which can be stopped and started again.</summary>
internal sealed class JobGateway : IAsyncDisposable
{
    public const string Chat = "/v1/chat/completions";

    public const string Body = """{"model":"m","messages":[]}""";

    public const string Answer =
        """
        {"id":"c1","object":"chat.completion","model":"m","choices":[{"index":0,
        "message":{"role":"assistant","content":"hi"},"finish_reason":"stop"}]}
        """;

    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-jobs-").FullName;
    private TestGateway? _gateway;

    public string JournalPath => Path.Combine(_folder, "state", "jobs.journal");

    public TestGateway Gateway => _gateway ?? throw new InvalidOperationException("not started");

    public HttpClient Client => Gateway.Client;

    public static async Task<JobGateway> StartAsync(
        ScriptedUpstream upstream, Func<QuoinOptions, QuoinOptions>? change = null)
    {
        var jobs = new JobGateway();
        await jobs.RestartAsync(upstream, change);
        return jobs;
    }

    public async Task RestartAsync(ScriptedUpstream upstream, Func<QuoinOptions, QuoinOptions>? change = null)
    {
        await StopAsync();
        _gateway = await TestGateway.BeforeAsync(upstream, change: options =>
        {
            options = options with
            {
                Queue = new QueueOptions { StatePath = JournalPath },
                Server = options.Server with { ShutdownTimeout = TimeSpan.Zero },
            };
            return change is null ? options : change(options);
        });
    }

    public async Task StopAsync()
    {
        if (_gateway is { } gateway)
        {
            _gateway = null;
            await gateway.DisposeAsync();
        }
    }

    public async Task<HttpResponseMessage> PostAsync(
        string body = Body, string path = Chat, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(body, Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("Prefer", "respond-async");
        foreach (var (name, value) in headers)
        {
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return await Client.SendAsync(request);
    }

    /// <summary>The id of a job that was accepted.</summary>
    public async Task<string> AcceptAsync(
        string body = Body, string path = Chat, params (string Name, string Value)[] headers)
    {
        using var response = await PostAsync(body, path, headers);
        var text = await response.Content.ReadAsStringAsync();
        Assert.True(response.StatusCode == HttpStatusCode.Accepted, text);
        var id = JsonElement.Parse(text).GetProperty("id").GetString()!;
        Assert.Equal("/v1/jobs/" + id, response.Headers.Location!.ToString());
        Assert.Equal("respond-async", Assert.Single(response.Headers.GetValues("Preference-Applied")));
        return id;
    }

    public async Task<JsonElement> GetAsync(string id, string query = "?wait=30s")
    {
        using var response = await Client.GetAsync($"/v1/jobs/{id}{query}");
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync());
    }

    public async Task<JsonElement> ListAsync(string query)
    {
        using var response = await Client.GetAsync("/v1/jobs" + query);
        return JsonElement.Parse(await response.Content.ReadAsStringAsync());
    }

    public async ValueTask DisposeAsync()
    {
        await StopAsync();
        Directory.Delete(_folder, recursive: true);
    }
}
