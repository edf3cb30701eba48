namespace Quoin.Server.Gateway.Conversation;

/// <summary>
/// Tokens of one answer; null is "not told", 0 is the provider's explicit zero. Inputs and outputs are totals:
/// <see cref="InputTokens"/> includes cached and cache-written tokens, <see cref="OutputTokens"/> includes reasoning.
/// Dialects that count them apart (Anthropic's input, Gemini's thoughts, xAI's reasoning) are added up on reading
/// and taken apart on writing.
/// </summary>
internal sealed record Usage
{
    public int? InputTokens { get; init; }

    public int? OutputTokens { get; init; }

    /// <summary>Part of <see cref="InputTokens"/> that was read from the provider's prompt cache.</summary>
    public int? CachedInputTokens { get; init; }

    /// <summary>Part of <see cref="InputTokens"/> that was written to the provider's prompt cache.</summary>
    public int? CacheWriteTokens { get; init; }

    /// <summary>Part of <see cref="OutputTokens"/> that was spent on thoughts.</summary>
    public int? ReasoningTokens { get; init; }

    public int TotalTokens => (InputTokens ?? 0) + (OutputTokens ?? 0);

    /// <summary>
    /// Later reports win field by field (Anthropic reports input at the start and output at the end).
    /// </summary>
    public Usage Merge(Usage later) => new()
    {
        InputTokens = later.InputTokens ?? InputTokens,
        OutputTokens = later.OutputTokens ?? OutputTokens,
        CachedInputTokens = later.CachedInputTokens ?? CachedInputTokens,
        CacheWriteTokens = later.CacheWriteTokens ?? CacheWriteTokens,
        ReasoningTokens = later.ReasoningTokens ?? ReasoningTokens,
    };
}
