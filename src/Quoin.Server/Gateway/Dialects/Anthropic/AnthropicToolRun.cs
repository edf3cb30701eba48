using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// The run of tool calls and results at the end of a conversation: back to the last message of the user that
/// answers no call. To Anthropic it is one turn of the assistant, which must start with a thought where thinking
/// has a budget.
/// </summary>
internal static class AnthropicToolRun
{
    public static bool LacksThought(IReadOnlyList<Turn> turns)
    {
        Part? first = null;
        for (var i = turns.Count - 1; i >= 0; i--)
        {
            if (turns[i].Role == Role.Assistant)
            {
                first = turns[i].Parts.FirstOrDefault(AnthropicContentWriter.IsWritten) ?? first;
                continue;
            }

            // Turns of the user in a row are one message.
            var answers = false;
            for (; i >= 0 && turns[i].Role != Role.Assistant; i--)
            {
                answers |= turns[i].Parts.Any(part => part is ToolResultPart);
            }

            if (!answers)
            {
                break;
            }

            i++;
        }

        return first is not (null or ReasoningPart) && turns[^1].Role == Role.User;
    }
}
