using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Providers;

/// <summary>
/// Any server that speaks OpenAI's chat completions: vLLM, llama.cpp, DeepSeek, Mistral, Groq, xAI, …
/// </summary>
internal class OpenAICompatibleProvider(string name, ProviderOptions options) : Provider(name, options)
{
    public override IReadOnlyList<WireApi> Speaks { get; } =
        [WireApi.OpenAIChat, WireApi.OpenAICompletions, WireApi.OpenAIEmbeddings];

    public override string? DefaultBaseUrl => null;

    public override bool OwnsName(string model) => false;

    public override string PathOf(WireApi api, string model, bool stream) => api switch
    {
        WireApi.OpenAIResponses => "/responses",
        WireApi.OpenAICompletions => "/completions",
        WireApi.OpenAIEmbeddings => "/embeddings",
        _ => "/chat/completions",
    };

    public override void Authorize(UpstreamRequest request, WireApi api)
    {
        if (Options.ApiKey is { } key)
        {
            request.AddField("Authorization", "Bearer " + key);
        }
    }

    public override UpstreamTraits TraitsFor(string model, bool stream) =>
        base.TraitsFor(model, stream) with { CompatibleServer = true };
}
