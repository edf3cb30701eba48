using Quoin.Server.Gateway.Conversation;

namespace Quoin.Tests.Gateway.Dialects;

/// <summary>
/// Forgets how a conversation was cut into turns and parts where that has no meaning: turns of one role in a row are
/// one, tool results come first in theirs, texts in a row are one.
/// </summary>
internal static class Turns
{
    public static ChatRequest Normalised(ChatRequest request)
    {
        var turns = new List<Turn>();
        foreach (var turn in request.Turns)
        {
            if (turns.Count > 0 && turns[^1].Role == turn.Role)
            {
                turns[^1] = turns[^1] with { Parts = [.. turns[^1].Parts, .. turn.Parts] };
            }
            else
            {
                turns.Add(turn);
            }
        }

        return request with { Turns = [.. turns.Select(turn => turn with { Parts = Joined(turn.Parts) })] };
    }

    private static List<Part> Joined(IReadOnlyList<Part> parts)
    {
        var joined = new List<Part>(parts.OfType<ToolResultPart>().Select(
            result => result with { Content = Joined(result.Content), Name = null }));
        foreach (var part in parts.Where(part => part is not ToolResultPart))
        {
            if (part is TextPart text && joined is [.., TextPart last])
            {
                joined[^1] = new TextPart(last.Text + text.Text);
            }
            else
            {
                joined.Add(part);
            }
        }

        return joined;
    }
}
