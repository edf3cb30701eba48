using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;

namespace Quoin.Server.Gateway.Providers;

/// <summary>Anthropic's Messages API.</summary>
internal sealed class AnthropicProvider(string name, ProviderOptions options) : Provider(name, options)
{
    /// <summary>The only version of the API so far; a client's own anthropic-version header goes before it.</summary>
    private const string ApiVersion = "2023-06-01";

    public override IReadOnlyList<WireApi> Speaks { get; } =
        [WireApi.AnthropicMessages, WireApi.AnthropicCountTokens];

    public override string? DefaultBaseUrl => "https://api.anthropic.com/v1";

    public override bool OwnsName(string model) => model.StartsWith("claude-", StringComparison.Ordinal);

    public override string PathOf(WireApi api, string model, bool stream) =>
        api == WireApi.AnthropicCountTokens ? "/messages/count_tokens" : "/messages";

    public override void Authorize(UpstreamRequest request, WireApi api)
    {
        if (Options.ApiKey is { } key)
        {
            request.AddField("x-api-key", key);
        }

        request.AddField("anthropic-version", ApiVersion);
    }
}
