using System.Net;
using Quoin.EndToEnd.Processes;

namespace Quoin.EndToEnd.Command;

/// <summary>The environment's HTTP proxy. It is a second server, which answers whatever host it is asked for.</summary>
public sealed class ProxyTests
{
    private const string Configuration = """
        providers:
          away: {type: openai-compatible, base_url: "http://provider.invalid/v1", models: ["*"]}
        """;

    private const string Question = """{"model":"sim","messages":[{"role":"user","content":"echo: Through"}]}""";

    [Theory]
    [InlineData("", HttpStatusCode.OK, "Through")]
    [InlineData("provider.invalid", HttpStatusCode.BadGateway, "name cannot be resolved")]
    public async Task A_provider_is_called_through_the_proxy_unless_it_is_excepted(
        string excepted, HttpStatusCode status, string answer)
    {
        await using var proxy = await QuoinProcess.StartAsync(null, TestContext.Current.CancellationToken);
        await using var quoin = await QuoinProcess.StartAsync(
            Configuration, TestContext.Current.CancellationToken, program: null, files: null,
            ("HTTP_PROXY", proxy.Address.ToString()), ("NO_PROXY", excepted));
        using var http = new HttpClient(new HttpClientHandler { UseProxy = false }) { BaseAddress = quoin.Address };
        using var content = new StringContent(Question, null, "application/json");
        using var response = await http.PostAsync(
            "/v1/chat/completions", content, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.StatusCode == status, text);
        Assert.Contains(answer, text, StringComparison.Ordinal);
    }
}
