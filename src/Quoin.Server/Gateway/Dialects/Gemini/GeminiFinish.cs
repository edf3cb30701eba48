using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Finish reasons. A reason that is not the usual one of its kind is kept as the detail (<c>RECITATION</c> or
/// <c>RECITATION: message</c>), so that it is written as it was read. A prompt that was blocked has no candidates
/// at all and is told by its detail's first words.
/// </summary>
internal static class GeminiFinish
{
    private const string Blocked = "the prompt was blocked: ";

    public static FinishReason ReasonOf(string reason, bool calls) => reason switch
    {
        "STOP" or "FINISH_REASON_UNSPECIFIED" => calls ? FinishReason.ToolCalls : FinishReason.Stop,
        "MAX_TOKENS" => FinishReason.Length,
        "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL" or "TOO_MANY_TOOL_CALLS" or "MALFORMED_RESPONSE"
            or "MISSING_THOUGHT_SIGNATURE" => FinishReason.Malformed,
        // SAFETY, RECITATION, LANGUAGE, BLOCKLIST, PROHIBITED_CONTENT, SPII, IMAGE_* and OTHER, which Google uses
        // where it does not say why it broke off; a reason invented later must not pass for success either.
        _ => FinishReason.ContentFilter,
    };

    public static ResponseFinished Read(string reason, string? message, bool calls)
    {
        var kind = ReasonOf(reason, calls);
        if (kind is FinishReason.Stop or FinishReason.ToolCalls or FinishReason.Length)
        {
            // "Model generated function call(s)." stands in unstreamed answers only.
            return new ResponseFinished(kind);
        }

        var detail = reason == Usual(kind) ? message : message is null ? reason : $"{reason}: {message}";
        return new ResponseFinished(kind, null, detail);
    }

    public static ResponseFinished ReadBlocked(string reason, string? message) => new(
        FinishReason.ContentFilter, null, Blocked + (message is null ? reason : $"{reason}: {message}"));

    /// <summary>Whether the ending is a blocked prompt: no candidate but promptFeedback is written for it.</summary>
    public static bool IsBlocked(ResponseFinished finished, out string reason, out string? message)
    {
        (reason, message) = ("", null);
        if (finished.Reason != FinishReason.ContentFilter
            || finished.Detail?.StartsWith(Blocked, StringComparison.Ordinal) != true)
        {
            return false;
        }

        (reason, message) = Split(finished.Detail[Blocked.Length..]);
        return true;
    }

    public static (string Reason, string? Message) Write(ResponseFinished finished)
    {
        switch (finished.Reason)
        {
            case FinishReason.Length:
                return ("MAX_TOKENS", null);
            case FinishReason.Pause:
                return ("OTHER", finished.Detail ?? "the model paused its turn, which this API cannot go on with");
            case FinishReason.ContentFilter or FinishReason.Malformed:
                if (finished.Detail is { } detail)
                {
                    var (reason, message) = Split(detail);
                    return IsName(reason) && ReasonOf(reason, false) == finished.Reason
                        ? (reason, message)
                        : (Usual(finished.Reason), detail);
                }

                return (Usual(finished.Reason), null);
            case FinishReason.Refusal:
                return ("SAFETY", finished.Detail);
            default:
                return ("STOP", null);
        }
    }

    private static string Usual(FinishReason kind) =>
        kind == FinishReason.Malformed ? "MALFORMED_FUNCTION_CALL" : "SAFETY";

    private static bool IsName(string text) =>
        text.Length > 0 && text.All(c => char.IsAsciiLetterUpper(c) || c == '_');

    private static (string Reason, string? Message) Split(string detail)
    {
        var colon = detail.IndexOf(": ", StringComparison.Ordinal);
        return colon < 0 ? (detail, null) : (detail[..colon], detail[(colon + 2)..]);
    }
}
