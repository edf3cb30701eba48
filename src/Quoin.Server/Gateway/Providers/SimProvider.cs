using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// The simulated provider: speaks every wire API, so that each dialect is relayed to it as it is. Its connections
/// are a <see cref="Sim.SimHandler"/>, not sockets.
/// </summary>
internal sealed class SimProvider(string name, ProviderOptions options) : Provider(name, options)
{
    public override IReadOnlyList<WireApi> Speaks { get; } =
        [.. Enum.GetValues<WireApi>().Where(api => api != WireApi.HapaxCompletions)];

    /// <summary>Reserved by RFC 6761: never resolved, should a call ever reach a socket.</summary>
    public override string? DefaultBaseUrl => "http://sim.invalid";

    public override IEnumerable<string> AdvertisedModels => base.AdvertisedModels.DefaultIfEmpty("sim");

    public override string? ModelsPath => "/v1/models";

    public override bool OwnsName(string model) =>
        model == "sim" || model.StartsWith("sim-", StringComparison.Ordinal)
        || model.StartsWith("sim/", StringComparison.Ordinal);

    public override string PathOf(WireApi api, string model, bool stream) => api switch
    {
        WireApi.OpenAIChat => "/v1/chat/completions",
        WireApi.OpenAIResponses => "/v1/responses",
        WireApi.OpenAICompletions => "/v1/completions",
        WireApi.OpenAIEmbeddings => "/v1/embeddings",
        WireApi.AnthropicMessages => "/v1/messages",
        WireApi.AnthropicCountTokens => "/v1/messages/count_tokens",
        WireApi.GeminiGenerate when stream => Gemini(model, "streamGenerateContent?alt=sse"),
        WireApi.GeminiGenerate => Gemini(model, "generateContent"),
        WireApi.GeminiCountTokens => Gemini(model, "countTokens"),
        WireApi.GeminiEmbed => Gemini(model, "embedContent"),
        _ => Gemini(model, "batchEmbedContents"),
    };

    public override void Authorize(UpstreamRequest request, WireApi api)
    {
        if (Options.ApiKey is { } key)
        {
            request.AddField("Authorization", "Bearer " + key);
        }
    }

    private static string Gemini(string model, string method) =>
        $"/v1beta/models/{Uri.EscapeDataString(model)}:{method}";
}
