namespace Quoin.Fuzz.Conversations;

/// <summary>What a generated conversation may hold beyond text, tool calls and tool results.</summary>
[Flags]
internal enum Sayings : long
{
    None = 0,

    /// <summary>Images as base64.</summary>
    ImageData = 1L << 0,

    /// <summary>Images as URLs without a media type.</summary>
    ImageUrls = 1L << 1,

    /// <summary>PDF documents as base64, with a file name.</summary>
    DocumentData = 1L << 2,

    /// <summary>PDF documents as URLs with a media type.</summary>
    DocumentUrls = 1L << 3,

    /// <summary>Sounds as base64 (audio/wav).</summary>
    Audio = 1L << 4,

    /// <summary>Signed thoughts before an assistant's text.</summary>
    Thoughts = 1L << 5,

    /// <summary>Thoughts without a signature.</summary>
    UnsignedThoughts = 1L << 6,

    /// <summary>Thoughts that are nothing but a signature.</summary>
    RedactedThoughts = 1L << 7,

    /// <summary>Signatures of tool calls.</summary>
    CallSignatures = 1L << 8,

    Refusals = 1L << 9,

    /// <summary>Tool results with IsError.</summary>
    ToolErrors = 1L << 10,

    /// <summary>Base64 images among a tool's results.</summary>
    ToolImages = 1L << 11,

    /// <summary>Tool choices that allow several, but not all, of the tools.</summary>
    AllowedTools = 1L << 12,

    /// <summary>Tools with Strict set.</summary>
    StrictTools = 1L << 13,

    ParallelToolCalls = 1L << 14,

    /// <summary>JSON output without a schema.</summary>
    JsonObject = 1L << 15,

    /// <summary>JSON output with a schema.</summary>
    JsonSchema = 1L << 16,

    /// <summary>Names of JSON schemas (always given with the schema where set).</summary>
    SchemaNames = 1L << 17,

    TopK = 1L << 18,
    Penalties = 1L << 19,
    Seed = 1L << 20,

    /// <summary>Log-probabilities in requests and in the text of answers.</summary>
    LogProbs = 1L << 21,

    /// <summary>Temperatures from 1 to 2.</summary>
    HotTemperature = 1L << 22,

    /// <summary>Reasoning by effort (low, medium, high).</summary>
    Effort = 1L << 23,

    /// <summary>Reasoning by a budget of 1,024 tokens or more.</summary>
    Budget = 1L << 24,

    EndUser = 1L << 25,

    /// <summary>Several turns of one role in a row.</summary>
    SameRoleRuns = 1L << 26,

    /// <summary>System turns after the first other turn.</summary>
    LateInstructions = 1L << 27,

    /// <summary>Several leading system turns or text parts, instead of one.</summary>
    ManyInstructions = 1L << 28,

    /// <summary>Several text parts in a row in one turn or answer.</summary>
    ManyTexts = 1L << 29,

    /// <summary>Text between and after tool calls of one answer.</summary>
    TextAfterCalls = 1L << 30,

    /// <summary>Usage with cached input tokens.</summary>
    CachedTokens = 1L << 31,

    /// <summary>Usage with cache-written input tokens.</summary>
    CacheWrites = 1L << 32,

    /// <summary>Usage with reasoning tokens.</summary>
    ReasoningTokens = 1L << 33,

    /// <summary>Endings by a stop sequence that is told.</summary>
    StopSequenceEnding = 1L << 34,

    ContentFilterEnding = 1L << 35,
    RefusalEnding = 1L << 36,
    PauseEnding = 1L << 37,
    MalformedEnding = 1L << 38,

    /// <summary>Tool results that carry their tool's name.</summary>
    ResultNames = 1L << 39,

    /// <summary>More than one tool call in an answer.</summary>
    ManyCalls = 1L << 40,
}
