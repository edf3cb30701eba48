namespace Quoin.Server.Gateway;

/// <summary>
/// The wire APIs that clients may call and providers may speak. A provider that speaks the client's own is relayed
/// to; otherwise the request is translated to one that it speaks and that serves the same <see cref="Operation"/>.
/// </summary>
internal enum WireApi
{
    OpenAIChat,
    OpenAIResponses,
    OpenAICompletions,

    /// <summary>Hapax's shape on the same path; clients only.</summary>
    HapaxCompletions,
    OpenAIEmbeddings,
    AnthropicMessages,
    AnthropicCountTokens,
    GeminiGenerate,
    GeminiCountTokens,
    GeminiEmbed,
    GeminiBatchEmbed,
}

internal enum Operation
{
    Chat,
    CountTokens,
    Embeddings,
}
