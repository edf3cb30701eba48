using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway;

/// <summary>
/// What belongs to each <see cref="WireApi"/>: its operation, the dialect of its bodies and errors, its name.
/// </summary>
internal static class WireApis
{
    public static Operation OperationOf(WireApi api) => api switch
    {
        WireApi.OpenAIEmbeddings or WireApi.GeminiEmbed or WireApi.GeminiBatchEmbed => Operation.Embeddings,
        WireApi.AnthropicCountTokens or WireApi.GeminiCountTokens => Operation.CountTokens,
        _ => Operation.Chat,
    };

    public static Dialect DialectOf(WireApi api) => api switch
    {
        WireApi.OpenAIResponses => DialectTable.OpenAIResponses,
        WireApi.OpenAICompletions => DialectTable.OpenAICompletions,
        WireApi.HapaxCompletions => DialectTable.HapaxCompletions,
        WireApi.AnthropicMessages or WireApi.AnthropicCountTokens => DialectTable.Anthropic,
        WireApi.GeminiGenerate or WireApi.GeminiCountTokens or WireApi.GeminiEmbed or WireApi.GeminiBatchEmbed =>
            DialectTable.Gemini,
        _ => DialectTable.OpenAIChat,
    };

    /// <summary>Whether the model's name stands in the path instead of the body.</summary>
    public static bool ModelInPath(WireApi api) => DialectOf(api) == DialectTable.Gemini;
}
