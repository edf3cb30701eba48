using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway.Providers;

/// <summary>OpenAI itself.</summary>
internal sealed class OpenAIProvider(string name, ProviderOptions options) : OpenAICompatibleProvider(name, options)
{
    private static readonly string[] NamePrefixes =
        ["gpt-", "chatgpt-", "o1", "o3", "o4", "text-embedding-", "codex-", "davinci-", "babbage-", "computer-use-"];

    public override IReadOnlyList<WireApi> Speaks { get; } = All(options);

    /// <summary>What OpenAI has, the API to translate to first.</summary>
    public static IReadOnlyList<WireApi> All(ProviderOptions options) => options.TranslateTo == "openai-responses"
        ? [WireApi.OpenAIResponses, WireApi.OpenAIChat, WireApi.OpenAICompletions, WireApi.OpenAIEmbeddings]
        : [WireApi.OpenAIChat, WireApi.OpenAIResponses, WireApi.OpenAICompletions, WireApi.OpenAIEmbeddings];

    public override string? DefaultBaseUrl => "https://api.openai.com/v1";

    public override bool OwnsName(string model) =>
        Array.Exists(NamePrefixes, prefix => model.StartsWith(prefix, StringComparison.Ordinal));

    public override UpstreamTraits TraitsFor(string model, bool stream) =>
        base.TraitsFor(model, stream) with { CompatibleServer = false, MaxCompletionTokens = true };
}
