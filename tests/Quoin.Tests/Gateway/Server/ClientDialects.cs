using System.Net;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

/// <summary>A client's path and a good request there; the model's name is put in for <c>MODEL</c>.</summary>
/// <param name="Foreign">A provider's type that does not speak it, so that it must be translated.</param>
internal sealed record ClientDialect(string Name, string Path, string Good, string Foreign)
{
    public string PathFor(string model) => Path.Replace("MODEL", model, StringComparison.Ordinal);

    public string GoodFor(string model) => Good.Replace("MODEL", model, StringComparison.Ordinal);
}

/// <summary>Every way in, what its errors look like, and servers to try them on.</summary>
internal static class ClientDialects
{
    private const string Turn = "{\"role\":\"user\",\"content\":\"hi\"}";

    public static readonly IReadOnlyDictionary<string, ClientDialect> All = new ClientDialect[]
    {
        new("openai-chat", "/v1/chat/completions",
            $$"""{"model":"MODEL","messages":[{{Turn}}],"temperature":1,"stream":false}""", "anthropic"),
        new("openai-responses", "/v1/responses", """{"model":"MODEL","input":"hi","temperature":1}""", "anthropic"),
        new("anthropic", "/v1/messages",
            $$"""{"model":"MODEL","max_tokens":5,"messages":[{{Turn}}],"temperature":1}""", "openai-compatible"),
        new("gemini", "/v1beta/models/MODEL:generateContent",
            """{"contents":[{"role":"user","parts":[{"text":"hi"}]}],"generationConfig":{"temperature":1}}""",
            "openai-compatible"),
        new("openai-completions", "/v1/completions",
            """{"model":"MODEL","prompt":"hi","max_tokens":5,"temperature":1}""", "anthropic"),
        new("hapax-completions", "/v1/completions",
            $$"""{"model":"MODEL","messages":[{{Turn}}],"temperature":1}""", "anthropic"),
        new("openai-embeddings", "/v1/embeddings", """{"model":"MODEL","input":"hi","dimensions":4}""", "gemini"),
    }.ToDictionary(dialect => dialect.Name, StringComparer.Ordinal);

    public static TheoryData<string> Names => [.. All.Keys];

    /// <summary>A gateway with the simulated provider, which speaks every dialect.</summary>
    public static Task<TestGateway> SimAsync(Func<ServerOptions, ServerOptions>? change = null)
    {
        var options = new QuoinOptions
        {
            Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
            {
                ["sim"] = new() { Type = "sim" },
            },
        };
        return TestGateway.StartAsync(change is null ? options : options with { Server = change(options.Server) });
    }

    /// <summary>A gateway whose one provider must be translated to and is never reached.</summary>
    public static Task<TestGateway> TranslatingAsync(ClientDialect client) => TestGateway.StartAsync(new QuoinOptions
    {
        Providers = new Dictionary<string, ProviderOptions>(StringComparer.Ordinal)
        {
            ["up"] = new()
            {
                Type = client.Foreign,
                BaseUrl = "http://127.0.0.1:1/v1",
                Models = ["*"],
                ApiKey = "sk-secret-1234",
            },
        },
    });

    public static async Task<(int Status, string Body)> AskAsync(TestGateway gateway, string path, byte[] body)
    {
        using var content = new ByteArrayContent(body);
        content.Headers.ContentType = new("application/json");
        using var response = await gateway.Client.PostAsync(path, content);
        return ((int)response.StatusCode, await response.Content.ReadAsStringAsync());
    }

    public static Task<(int Status, string Body)> AskAsync(TestGateway gateway, string path, string body) =>
        AskAsync(gateway, path, Encoding.UTF8.GetBytes(body));

    /// <summary>The server goes on: a good request to the simulated provider is answered.</summary>
    public static async Task AssertUnharmedAsync(TestGateway gateway, ClientDialect client)
    {
        var (status, body) = await AskAsync(gateway, client.PathFor("sim"), client.GoodFor("sim"));
        Assert.True(status == (int)HttpStatusCode.OK, body);
    }

    /// <summary>Exactly the dialect's error object, and nothing else.</summary>
    public static void AssertError(ClientDialect client, int expected, int status, string body)
    {
        Assert.True(expected == status, $"{client.Name}: {status} {body}");
        using var json = JsonDocument.Parse(body);
        var error = json.RootElement.GetProperty("error");
        var names = error.EnumerateObject().Select(property => property.Name);
        switch (client.Name)
        {
            case "anthropic":
                Assert.Equal(["type", "error", "request_id"], json.RootElement.EnumerateObject().Select(p => p.Name));
                Assert.Equal("error", json.RootElement.GetProperty("type").GetString());
                Assert.Equal(["type", "message"], names);
                break;
            case "gemini":
                Assert.Equal(["error"], json.RootElement.EnumerateObject().Select(p => p.Name));
                Assert.Equal(["code", "message", "status", "details"], names);
                Assert.Equal(expected, error.GetProperty("code").GetInt32());
                break;
            default:
                Assert.Equal(["error"], json.RootElement.EnumerateObject().Select(p => p.Name));
                Assert.Equal(["message", "type", "param", "code"], names);
                break;
        }

        Assert.NotEmpty(error.GetProperty("message").GetString()!);
        Assert.DoesNotContain("   at ", body, StringComparison.Ordinal);
    }
}
