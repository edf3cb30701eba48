using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Finish reasons. A reason that is not the usual one of its kind is kept as the detail (<c>RECITATION</c> or
/// <c>RECITATION: message</c>), so that it is written as it was read. A prompt that was blocked has no candidates
/// at all and is told by its detail's first words. A reason that is not known says nothing of safety: the answer is
/// taken for what it holds (calls, other content), and for malformed when it holds nothing.
/// </summary>
internal static class GeminiFinish
{
    private const string Blocked = "the prompt was blocked: ";

    /// <param name="content">There is text, a thought, a call or data.</param>
    public static FinishReason ReasonOf(string reason, bool calls, bool content) => reason switch
    {
        "STOP" or "FINISH_REASON_UNSPECIFIED" => calls ? FinishReason.ToolCalls : FinishReason.Stop,
        "MAX_TOKENS" => FinishReason.Length,
        "MALFORMED_FUNCTION_CALL" or "UNEXPECTED_TOOL_CALL" or "TOO_MANY_TOOL_CALLS" or "MALFORMED_RESPONSE"
            or "MISSING_THOUGHT_SIGNATURE" or "NO_IMAGE" => FinishReason.Malformed,

        // OTHER is what Google says where it does not say why it broke off.
        "SAFETY" or "RECITATION" or "LANGUAGE" or "BLOCKLIST" or "PROHIBITED_CONTENT" or "SPII" or "OTHER"
            or "IMAGE_SAFETY" or "IMAGE_PROHIBITED_CONTENT" or "IMAGE_RECITATION" or "IMAGE_OTHER"
            => FinishReason.ContentFilter,
        _ when calls => FinishReason.ToolCalls,
        _ => content ? FinishReason.Stop : FinishReason.Malformed,
    };

    public static ResponseFinished Read(string reason, string? message, bool calls, bool content)
    {
        var kind = ReasonOf(reason, calls, content);
        if (reason is "STOP" or "FINISH_REASON_UNSPECIFIED" or "MAX_TOKENS")
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
            case FinishReason.Stop or FinishReason.ToolCalls:
                return Later(finished.Detail) ?? ("STOP", null);
            case FinishReason.ContentFilter or FinishReason.Malformed:
                if (finished.Detail is { } detail)
                {
                    var (reason, message) = Split(detail);
                    return IsName(reason) && ReasonOf(reason, false, false) == finished.Reason
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

    /// <summary>A reason that is not known here, kept from a Gemini answer that ended well all the same.</summary>
    private static (string Reason, string? Message)? Later(string? detail) =>
        detail is not null && Split(detail) is var (reason, message) && IsName(reason)
        && ReasonOf(reason, false, content: true) == FinishReason.Stop
        && ReasonOf(reason, false, content: false) == FinishReason.Malformed
            ? (reason, message)
            : null;

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
