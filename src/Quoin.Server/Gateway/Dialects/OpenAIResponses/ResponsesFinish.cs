using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// How an answer ended, as status, incomplete_details.reason and error. A response has no word for tool calls and
/// refusals: they show in its output. A refusal without a text of its own is told as content_filter.
/// </summary>
internal static class ResponsesFinish
{
    /// <summary>Of an answer that is complete or incomplete; a failed one has no ending.</summary>
    /// <param name="incompleteReason">Null for an answer that is complete.</param>
    public static FinishReason Read(string? incompleteReason, bool toolCalls, bool refusal) => incompleteReason switch
    {
        "content_filter" => FinishReason.ContentFilter,
        not null => FinishReason.Length,
        _ when refusal => FinishReason.Refusal,
        _ when toolCalls => FinishReason.ToolCalls,
        _ => FinishReason.Stop,
    };

    public static string Status(FinishReason finish, bool refusalText) => finish switch
    {
        FinishReason.Malformed => "failed",
        _ when IncompleteReason(finish, refusalText) is not null => "incomplete",
        _ => "completed",
    };

    public static string? IncompleteReason(FinishReason finish, bool refusalText) => finish switch
    {
        FinishReason.Length => "max_output_tokens",
        FinishReason.ContentFilter => "content_filter",
        FinishReason.Refusal when !refusalText => "content_filter",
        _ => null,
    };
}
