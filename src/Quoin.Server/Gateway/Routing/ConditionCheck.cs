using System.IO.Enumeration;
using System.Text.Json;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Routing;

/// <summary>
/// Whether a request is one that a candidate takes. Cheap conditions are looked at first; tokens, tools and images need
/// the request to be read, which happens once for all candidates.
/// </summary>
internal static class ConditionCheck
{
    public static bool Holds(Exchange exchange, CandidateConditions when) =>
        (when.Stream is not { } stream || stream == exchange.Record.Stream)
        && (when.Dialect.Count == 0 || when.Dialect.Contains(exchange.Dialect.Name))
        && (when.MaxPromptBytes is not { } bytes || exchange.Body.Length <= bytes)
        && HeadersMatch(exchange, when.Header)
        && (when is { MaxPromptTokens: null, Tools: null, Images: null } || ContentFits(exchange, when));

    private static bool HeadersMatch(Exchange exchange, IReadOnlyDictionary<string, string> wanted)
    {
        foreach (var (name, pattern) in wanted)
        {
            if (!exchange.Http.Request.Headers.TryGetValue(name, out var values)
                || !FileSystemName.MatchesSimpleExpression(pattern, values.ToString(), ignoreCase: false))
            {
                return false;
            }
        }

        return true;
    }

    private static bool ContentFits(Exchange exchange, CandidateConditions when)
    {
        if (ReadChat(exchange) is not { } chat)
        {
            // No chat, or one that only its own dialect can read: the size is all that is known of it.
            return when is { Tools: not true, Images: not true }
                && (when.MaxPromptTokens is not { } most || exchange.Body.Length / 4 <= most);
        }

        return (when.MaxPromptTokens is not { } tokens || TokenEstimate.Of(chat) <= tokens)
            && (when.Tools is not { } tools || tools == chat.Tools.Count > 0)
            && (when.Images is not { } images || images == chat.Turns.Any(turn => turn.Parts.Any(IsImage)));
    }

    private static bool IsImage(Part part) => part switch
    {
        MediaPart media => media.IsImage,
        ToolResultPart result => result.Content.Any(IsImage),
        _ => false,
    };

    private static ChatRequest? ReadChat(Exchange exchange)
    {
        try
        {
            return exchange.Record.Operation == Operation.Chat ? exchange.Chat : null;
        }
        catch (Exception e) when (e is GatewayException or JsonException or Dialects.UntranslatableException)
        {
            return null;
        }
    }
}
