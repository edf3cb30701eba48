using Quoin.Server.Gateway.Dialects;

namespace Quoin.Tests.Gateway.Dialects;

/// <summary>
/// What each chat dialect can say of a request and of an answer such that it comes back as it was. What it can read
/// or write only with a loss is told by <see cref="DialectLosses"/>.
/// </summary>
internal static class DialectSayings
{
    private const Sayings ChatRequests = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentData | Sayings.Audio
        | Sayings.UnsignedThoughts | Sayings.CallSignatures | Sayings.Refusals | Sayings.ToolErrors
        | Sayings.AllowedTools | Sayings.StrictTools | Sayings.ParallelToolCalls | Sayings.JsonObject
        | Sayings.JsonSchema | Sayings.SchemaNames | Sayings.TopK | Sayings.Penalties | Sayings.Seed
        | Sayings.LogProbs | Sayings.HotTemperature | Sayings.Effort | Sayings.EndUser | Sayings.SameRoleRuns
        | Sayings.LateInstructions | Sayings.ManyInstructions | Sayings.ManyTexts | Sayings.ManyCalls;

    private const Sayings ResponsesRequests = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentData
        | Sayings.DocumentUrls | Sayings.Refusals | Sayings.ToolErrors | Sayings.ToolImages | Sayings.AllowedTools
        | Sayings.ParallelToolCalls | Sayings.JsonObject | Sayings.JsonSchema | Sayings.SchemaNames
        | Sayings.LogProbs | Sayings.HotTemperature | Sayings.Effort | Sayings.EndUser | Sayings.SameRoleRuns
        | Sayings.LateInstructions | Sayings.ManyInstructions | Sayings.ManyTexts | Sayings.TextAfterCalls
        | Sayings.ManyCalls;

    private const Sayings AnthropicRequests = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentData
        | Sayings.DocumentUrls | Sayings.Thoughts | Sayings.RedactedThoughts | Sayings.ToolErrors
        | Sayings.ToolImages | Sayings.StrictTools | Sayings.JsonSchema | Sayings.TopK | Sayings.Effort
        | Sayings.Budget | Sayings.EndUser | Sayings.SameRoleRuns | Sayings.ManyInstructions | Sayings.ManyTexts
        | Sayings.TextAfterCalls | Sayings.ManyCalls;

    private const Sayings GeminiRequests = Sayings.ImageData | Sayings.ImageUrls | Sayings.DocumentUrls
        | Sayings.Audio | Sayings.RedactedThoughts | Sayings.CallSignatures | Sayings.ToolErrors | Sayings.ToolImages
        | Sayings.AllowedTools | Sayings.JsonObject | Sayings.JsonSchema | Sayings.TopK | Sayings.Penalties
        | Sayings.Seed | Sayings.LogProbs | Sayings.HotTemperature | Sayings.Effort | Sayings.Budget
        | Sayings.SameRoleRuns | Sayings.ManyInstructions | Sayings.ManyTexts | Sayings.TextAfterCalls
        | Sayings.ManyCalls;

    private const Sayings ChatAnswers = Sayings.UnsignedThoughts | Sayings.CallSignatures | Sayings.Refusals
        | Sayings.LogProbs | Sayings.CachedTokens | Sayings.CacheWrites | Sayings.ReasoningTokens
        | Sayings.ContentFilterEnding | Sayings.MalformedEnding | Sayings.ManyCalls;

    private const Sayings ResponsesAnswers = Sayings.Thoughts | Sayings.UnsignedThoughts | Sayings.RedactedThoughts
        | Sayings.CallSignatures | Sayings.Refusals | Sayings.LogProbs | Sayings.ManyTexts | Sayings.TextAfterCalls
        | Sayings.CachedTokens | Sayings.CacheWrites | Sayings.ReasoningTokens | Sayings.ContentFilterEnding
        | Sayings.ManyCalls;

    private const Sayings AnthropicAnswers = Sayings.Thoughts | Sayings.UnsignedThoughts | Sayings.RedactedThoughts
        | Sayings.ManyTexts | Sayings.TextAfterCalls | Sayings.ManyCalls | Sayings.CachedTokens | Sayings.CacheWrites
        | Sayings.ReasoningTokens | Sayings.StopSequenceEnding | Sayings.RefusalEnding | Sayings.PauseEnding;

    private const Sayings GeminiAnswers = Sayings.Thoughts | Sayings.RedactedThoughts | Sayings.UnsignedThoughts
        | Sayings.CallSignatures | Sayings.LogProbs | Sayings.TextAfterCalls | Sayings.CachedTokens
        | Sayings.ReasoningTokens | Sayings.ContentFilterEnding | Sayings.MalformedEnding | Sayings.ManyCalls;

    public static Sayings Requests(Dialect dialect) => dialect.Name switch
    {
        "openai-chat" => ChatRequests,
        "openai-responses" => ResponsesRequests,
        "anthropic" => AnthropicRequests,
        _ => GeminiRequests,
    };

    public static Sayings Answers(Dialect dialect) => dialect.Name switch
    {
        "openai-chat" => ChatAnswers,
        "openai-responses" => ResponsesAnswers,
        "anthropic" => AnthropicAnswers,
        _ => GeminiAnswers,
    };
}
