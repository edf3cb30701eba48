namespace Quoin.Server.Gateway.Conversation;

/// <summary>
/// A model's answer as a sequence, the one model of an answer that all dialects share, streamed or not:
/// <c>ResponseStarted (BlockStarted BlockDelta* BlockSigned? BlockStopped)* UsageReported* ResponseFinished</c>.
/// Blocks are numbered from 0 in order of their start and may overlap (parallel tool calls). Usage may come
/// anywhere and the last report counts. An unstreamed body is read into the same sequence with one delta a block.
/// </summary>
internal abstract record ChatEvent;

/// <param name="CreatedUnixSeconds">Null where the dialect does not tell.</param>
internal sealed record ResponseStarted(string? Id, string? Model, long? CreatedUnixSeconds = null) : ChatEvent;

internal enum BlockKind
{
    Text,
    Refusal,
    Reasoning,
    ToolCall,
}

internal sealed record BlockStarted(
    int Index, BlockKind Kind, string? ToolCallId = null, string? ToolName = null) : ChatEvent;

/// <summary>
/// More of the block: text, refusal or thoughts; for a tool call a fragment of its arguments' JSON text.
/// </summary>
internal sealed record BlockDelta(
    int Index, string Text, IReadOnlyList<TokenLogProb>? LogProbs = null) : ChatEvent;

/// <summary>
/// The signature of a reasoning block or of a tool call (see <see cref="ReasoningPart.Signature"/>);
/// <paramref name="Redacted"/> where the block is nothing but its signature.
/// </summary>
internal sealed record BlockSigned(int Index, string Signature, bool Redacted = false) : ChatEvent;

internal sealed record BlockStopped(int Index) : ChatEvent;

internal sealed record UsageReported(Usage Usage) : ChatEvent;

/// <param name="StopSequence">The stop sequence that was hit, where the dialect tells.</param>
/// <param name="Detail">The provider's own words for an unusual ending (a block reason, a refusal's
/// explanation).</param>
internal sealed record ResponseFinished(FinishReason Reason, string? StopSequence = null, string? Detail = null)
    : ChatEvent;

/// <summary>The provider broke off with an error of its own inside the stream.</summary>
internal sealed record ResponseFailed(GatewayError Error) : ChatEvent;

/// <summary>
/// Nothing but a sign of life (ping, empty chunk): counts against the stall limit, not the first-token limit.
/// </summary>
internal sealed record KeepAlive : ChatEvent
{
    public static readonly KeepAlive Instance = new();
}

internal enum FinishReason
{
    /// <summary>The model was done.</summary>
    Stop,

    /// <summary>A stop sequence was hit (Anthropic tells it apart; elsewhere it is <see cref="Stop"/>).</summary>
    StopSequence,

    /// <summary>The token limit cut the answer.</summary>
    Length,

    ToolCalls,

    /// <summary>A safety system cut or blocked the answer.</summary>
    ContentFilter,

    /// <summary>The model refused.</summary>
    Refusal,

    /// <summary>The turn is paused and goes on when sent back (Anthropic's pause_turn).</summary>
    Pause,

    /// <summary>
    /// The model wrote something the provider could not use (Gemini's MALFORMED_FUNCTION_CALL and kin).
    /// </summary>
    Malformed,
}

/// <summary>One token of a text block with its log-probability, and the likeliest others at that place.</summary>
internal sealed record TokenLogProb(
    string Token, double LogProb, byte[]? Bytes = null, IReadOnlyList<TokenLogProb>? Top = null);
