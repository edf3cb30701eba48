using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// stop_reason to finish reason and back. Where several words mean one finish reason the less usual one is kept in
/// <see cref="ResponseFinished.Detail"/>, so that it is written again.
/// </summary>
internal static class AnthropicStopReason
{
    private const string ContextWindow = "model_context_window_exceeded";
    private const string Compaction = "compaction";

    public static ResponseFinished Read(string word, string? stopSequence, string? explanation) => word switch
    {
        "end_turn" => new ResponseFinished(FinishReason.Stop),
        "stop_sequence" => new ResponseFinished(FinishReason.StopSequence, stopSequence),
        "max_tokens" => new ResponseFinished(FinishReason.Length),
        "tool_use" => new ResponseFinished(FinishReason.ToolCalls),
        "pause_turn" => new ResponseFinished(FinishReason.Pause),
        "refusal" => new ResponseFinished(FinishReason.Refusal, Detail: explanation),
        ContextWindow => new ResponseFinished(FinishReason.Length, Detail: word),
        Compaction => new ResponseFinished(FinishReason.Pause, Detail: word),
        _ => new ResponseFinished(FinishReason.Stop, Detail: word),
    };

    /// <summary>For the watch, which allocates nothing for an event.</summary>
    public static FinishReason Read(ReadOnlySpan<byte> word) => word switch
    {
        _ when word.SequenceEqual("stop_sequence"u8) => FinishReason.StopSequence,
        _ when word.SequenceEqual("max_tokens"u8) => FinishReason.Length,
        _ when word.SequenceEqual("model_context_window_exceeded"u8) => FinishReason.Length,
        _ when word.SequenceEqual("tool_use"u8) => FinishReason.ToolCalls,
        _ when word.SequenceEqual("pause_turn"u8) => FinishReason.Pause,
        _ when word.SequenceEqual("compaction"u8) => FinishReason.Pause,
        _ when word.SequenceEqual("refusal"u8) => FinishReason.Refusal,
        _ => FinishReason.Stop,
    };

    /// <param name="hasRefusal">The answer holds a refusal, which here is text: only this word tells it apart.</param>
    /// <param name="hasToolCalls">
    /// Clients run tools on tool_use only, and some servers end an answer with calls by a plain stop.
    /// </param>
    public static string Write(ResponseFinished finished, bool hasRefusal, bool hasToolCalls) => finished.Reason switch
    {
        _ when hasRefusal => "refusal",
        FinishReason.Stop => hasToolCalls ? "tool_use" : "end_turn",
        FinishReason.StopSequence => "stop_sequence",
        FinishReason.Length => finished.Detail is ContextWindow ? ContextWindow : "max_tokens",
        FinishReason.ToolCalls => "tool_use",
        FinishReason.Pause => finished.Detail is Compaction ? Compaction : "pause_turn",

        // A filtered and a malformed answer have no word of their own. Of all words this is the one that tells a
        // client that the answer is not to be used; stop_details then says why.
        _ => "refusal",
    };

    /// <summary>What stop_details shall explain; null: there are none.</summary>
    public static string? Explanation(ResponseFinished finished) => finished.Reason switch
    {
        FinishReason.Refusal => finished.Detail,
        FinishReason.ContentFilter => finished.Detail ?? "A safety system cut or blocked the answer.",
        FinishReason.Malformed => finished.Detail ?? "The model's answer was malformed and cannot be used.",
        _ => null,
    };
}
