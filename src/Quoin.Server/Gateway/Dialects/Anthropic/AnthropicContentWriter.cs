using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects.OpenAIResponses;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Writes system and messages. Leading system turns are the system prompt; a later one has no place. Turns of one
/// role in a row become one message, in which tool results come first, as Anthropic demands. Thoughts are written
/// back only with their signature, which must be Anthropic's own: unsigned ones and the signatures of tool calls
/// (Gemini's) are private to the provider that made them and left out. Empty texts, which Anthropic refuses, are
/// left out; a user message of nothing else is refused.
/// </summary>
internal sealed class AnthropicContentWriter
{
    private readonly AnthropicToolIds _ids = new();
    private readonly List<Turn> _system;
    private readonly List<Message> _messages = [];

    public AnthropicContentWriter(ChatRequest request)
    {
        _system = [.. request.Turns.TakeWhile(turn => turn.Role == Role.System)];
        foreach (var turn in request.Turns.Skip(_system.Count))
        {
            AddTurn(turn);
        }

        if (_messages.Count == 0)
        {
            throw new UntranslatableException(ChatField.Turns, null, "needs a message of the user for Anthropic");
        }
    }

    public void WriteSystem(Utf8JsonWriter writer)
    {
        var texts = new List<string>();
        foreach (var part in _system.SelectMany(turn => turn.Parts))
        {
            var text = part as TextPart
                ?? throw new UntranslatableException(
                    ChatField.Turns, part.Path, "Anthropic's system prompt is text only");
            if (text.Text.Length > 0)
            {
                texts.Add(text.Text);
            }
        }

        if (texts.Count == 1)
        {
            writer.WriteString("system"u8, texts[0]);
        }
        else if (texts.Count > 1)
        {
            writer.WriteStartArray("system"u8);
            foreach (var text in texts)
            {
                AnthropicBlocks.WriteText(writer, text);
            }

            writer.WriteEndArray();
        }
    }

    public void WriteMessages(Utf8JsonWriter writer)
    {
        writer.WriteStartArray("messages"u8);
        foreach (var message in _messages)
        {
            writer.WriteStartObject();
            writer.WriteString("role"u8, message.Role == Role.User ? "user"u8 : "assistant"u8);
            if (message.Parts is [TextPart only])
            {
                writer.WriteString("content"u8, only.Text);
            }
            else
            {
                writer.WriteStartArray("content"u8);
                foreach (var part in message.Parts.OrderBy(part => part is ToolResultPart ? 0 : 1))
                {
                    WritePart(writer, part);
                }

                writer.WriteEndArray();
            }

            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private void AddTurn(Turn turn)
    {
        if (turn.Role == Role.System)
        {
            throw new UntranslatableException(
                ChatField.Turns,
                turn.Path,
                "is an instruction in the middle of the conversation; for Anthropic all must stand at its beginning");
        }

        var parts = turn.Parts.Where(IsWritten).ToList();
        if (parts.Count == 0)
        {
            // An answer of nothing but unsigned thoughts says nothing here; a user who says nothing is a mistake.
            if (turn.Role != Role.Assistant)
            {
                throw new UntranslatableException(
                    ChatField.Turns, turn.Path, "is empty, which Anthropic does not take");
            }

            return;
        }

        foreach (var part in parts)
        {
            _ids.Reserve((part as ToolCallPart)?.Id ?? (part as ToolResultPart)?.CallId ?? "");
        }

        if (_messages.Count > 0 && _messages[^1].Role == turn.Role)
        {
            _messages[^1].Parts.AddRange(parts);
        }
        else
        {
            _messages.Add(new Message(turn.Role, parts));
        }
    }

    public static bool IsWritten(Part part) => part switch
    {
        TextPart text => text.Text.Length > 0,
        RefusalPart refusal => refusal.Text.Length > 0,

        // A thought that OpenAI sealed means nothing here, and Anthropic refuses a signature that is not its own.
        ReasoningPart thought => thought.Signature is { Length: > 0 } signature
            && !ResponsesSeal.TryOpen(signature, out _, out _),
        _ => true,
    };

    private void WritePart(Utf8JsonWriter writer, Part part)
    {
        switch (part)
        {
            case TextPart text:
                AnthropicBlocks.WriteText(writer, text.Text);
                break;
            case RefusalPart refusal:
                AnthropicBlocks.WriteText(writer, refusal.Text);
                break;
            case ReasoningPart { Redacted: true } redacted:
                AnthropicBlocks.WriteRedactedThinking(writer, redacted.Signature!);
                break;
            case ReasoningPart thought:
                AnthropicBlocks.WriteThinking(writer, thought.Text, thought.Signature!);
                break;
            case MediaPart media:
                AnthropicMediaWriter.Write(writer, media);
                break;
            case ToolCallPart call:
                WriteToolCall(writer, call);
                break;
            case ToolResultPart result:
                WriteToolResult(writer, result);
                break;
            default:
                throw new UntranslatableException(ChatField.Turns, part.Path, "has no counterpart in Anthropic's API");
        }
    }

    private void WriteToolCall(Utf8JsonWriter writer, ToolCallPart call)
    {
        if (!AnthropicBlocks.IsObject(call.Arguments))
        {
            throw new UntranslatableException(
                ChatField.Turns, call.Path, "has arguments that are not a JSON object, which Anthropic does not take");
        }

        AnthropicBlocks.WriteToolUse(
            writer, Id(call.Id, call.Path), call.Name, call.Arguments.Length == 0 ? "{}" : call.Arguments);
    }

    private void WriteToolResult(Utf8JsonWriter writer, ToolResultPart result)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_result"u8);
        writer.WriteString("tool_use_id"u8, Id(result.CallId, result.Path));
        var content = result.Content.Where(IsWritten).ToList();
        if (content is [TextPart only])
        {
            writer.WriteString("content"u8, only.Text);
        }
        else if (content.Count > 0)
        {
            writer.WriteStartArray("content"u8);
            foreach (var part in content)
            {
                if (part is not (TextPart or MediaPart))
                {
                    throw new UntranslatableException(
                        ChatField.Turns, part.Path, "is within a tool's result, but no text, image or document");
                }

                WritePart(writer, part);
            }

            writer.WriteEndArray();
        }

        if (result.IsError)
        {
            writer.WriteBoolean("is_error"u8, true);
        }

        writer.WriteEndObject();
    }

    private string Id(string id, string path) => id.Length > 0
        ? _ids.Write(id)
        : throw new UntranslatableException(ChatField.Turns, path, "has no id, which Anthropic needs");

    private sealed record Message(Role Role, List<Part> Parts);
}
