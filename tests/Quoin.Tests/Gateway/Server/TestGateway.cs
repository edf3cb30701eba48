using System.Text;
using Quoin.Server;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

/// <summary>The whole server in this process on a free port, and a client for it.</summary>
internal sealed class TestGateway : IAsyncDisposable
{
    private readonly RunningServer _server;
    private readonly ConfigurationSource _source;
    private readonly MemoryStream _log;

    private TestGateway(RunningServer server, ConfigurationSource source, MemoryStream log)
    {
        (_server, _source, _log) = (server, source, log);
        Address = server.Addresses[0];
        Client = new HttpClient { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(30) };
    }

    public Uri Address { get; }

    public HttpClient Client { get; }

    public ConfigurationSource Source => _source;

    public static async Task<TestGateway> StartAsync(
        QuoinOptions options, TimeProvider? time = null, int metricsPort = 0)
    {
        var source = ConfigurationSource.Of(options with
        {
            Server = options.Server with { Port = 0 },
            Metrics = options.Metrics with { Port = metricsPort },
        });
        var log = new MemoryStream();
        var server = await ServerHost.StartAsync(
            source, time ?? TimeProvider.System, Stream.Synchronized(log), TextWriter.Null, CancellationToken.None);
        return new TestGateway(server, source, log);
    }

    /// <summary>A gateway before one provider that is called <c>up</c> and serves every model.</summary>
    public static Task<TestGateway> BeforeAsync(
        ScriptedUpstream upstream, string type = "openai-compatible", Func<QuoinOptions, QuoinOptions>? change = null,
        TimeProvider? time = null)
    {
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["up"] = new()
                {
                    Type = type,
                    BaseUrl = upstream.BaseUrl,
                    Models = ["*"],
                    ApiKey = "sk-secret-key-1234",
                },
            },

            // A probe would take the answer that the script meant for a call.
            Llm = new() { Retry = new() { MaxRetries = 0 }, HealthCheck = new() { Enabled = false } },
        };
        return StartAsync(change is null ? options : change(options), time);
    }

    public Task<HttpResponseMessage> PostAsync(
        string path, string json, CancellationToken cancellationToken = default)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, path)
        {
            Content = new StringContent(json, Encoding.UTF8, "application/json"),
        };
        return Client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
    }

    public async Task<(int Status, string Body)> AskAsync(string path, string json)
    {
        using var response = await PostAsync(path, json);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    /// <summary>Asserts that the metrics come to show this: requests are counted after their answers.</summary>
    public async Task ShowsAsync(params IEnumerable<string> metrics)
    {
        var page = "";
        foreach (var metric in metrics)
        {
            for (var i = 0; i < 1000 && !page.Contains(metric, StringComparison.Ordinal); i++)
            {
                page = await Client.GetStringAsync(new Uri("/metrics", UriKind.Relative));
            }

            Assert.Contains(metric, page, StringComparison.Ordinal);
        }
    }

    /// <summary>Stops the server and gives its log.</summary>
    public async Task<string> StopAsync()
    {
        await _server.DisposeAsync();
        return Encoding.UTF8.GetString(_log.ToArray());
    }

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _server.DisposeAsync();
        _source.Dispose();
        await _log.DisposeAsync();
    }
}
