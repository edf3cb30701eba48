using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;

namespace Quoin.Server.Gateway.Providers;

/// <summary>Google's Gemini API.</summary>
internal sealed class GeminiProvider(string name, ProviderOptions options) : Provider(name, options)
{
    public override IReadOnlyList<WireApi> Speaks { get; } =
        [WireApi.GeminiGenerate, WireApi.GeminiCountTokens, WireApi.GeminiBatchEmbed, WireApi.GeminiEmbed];

    public override string? DefaultBaseUrl => "https://generativelanguage.googleapis.com/v1beta";

    public override bool OwnsName(string model) =>
        model.StartsWith("gemini-", StringComparison.Ordinal) || model.StartsWith("gemma-", StringComparison.Ordinal);

    /// <summary>
    /// A stream is always asked for as server-sent events; the client's own framing is made on our side.
    /// </summary>
    public override string PathOf(WireApi api, string model, bool stream) =>
        $"/models/{Uri.EscapeDataString(model)}:" + (api, stream) switch
        {
            (WireApi.GeminiCountTokens, _) => "countTokens",
            (WireApi.GeminiEmbed, _) => "embedContent",
            (WireApi.GeminiBatchEmbed, _) => "batchEmbedContents",
            (_, true) => "streamGenerateContent?alt=sse",
            _ => "generateContent",
        };

    public override void Authorize(UpstreamRequest request, WireApi api)
    {
        if (Options.ApiKey is { } key)
        {
            request.AddField("x-goog-api-key", key);
        }
    }
}
