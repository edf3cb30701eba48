using System.Buffers;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Writes a whole message. A refusal is a text block with the stop reason refusal; log-probabilities have no place
/// here, and no Anthropic client can have asked for them.
/// </summary>
internal static class AnthropicResponseWriter
{
    public static void Write(ChatResponse response, AnswerContext context, IBufferWriter<byte> output) =>
        JsonOutput.Write(
            output, (response, context), static (writer, state) => Write(writer, state.response, state.context));

    public static void WriteStopReason(
        Utf8JsonWriter writer, ResponseFinished finished, bool hasRefusal, bool hasToolCalls)
    {
        writer.WriteString("stop_reason"u8, AnthropicStopReason.Write(finished, hasRefusal, hasToolCalls));
        writer.WriteString("stop_sequence"u8, finished.StopSequence);
        if (AnthropicStopReason.Explanation(finished) is { } explanation)
        {
            writer.WriteStartObject("stop_details"u8);
            writer.WriteString("type"u8, "refusal"u8);
            writer.WriteNull("category"u8);
            writer.WriteString("explanation"u8, explanation);
            writer.WriteEndObject();
        }
    }

    /// <summary>Calls of providers that give none get an id from the request's, unique within the answer.</summary>
    public static string ToolCallId(string? id, AnswerContext context, int index)
    {
        if (!string.IsNullOrEmpty(id))
        {
            return id;
        }

        var request = string.Concat(context.RequestId.Where(c => char.IsAsciiLetterOrDigit(c) || c is '_' or '-'));
        return FormattableString.Invariant($"toolu_{request}_{index}");
    }

    private static void Write(Utf8JsonWriter writer, ChatResponse response, AnswerContext context)
    {
        writer.WriteStartObject();
        writer.WriteString("id"u8, response.Id ?? "msg_" + context.RequestId);
        writer.WriteString("type"u8, "message"u8);
        writer.WriteString("role"u8, "assistant"u8);
        writer.WriteString("model"u8, response.Model ?? context.Model);
        writer.WriteStartArray("content"u8);
        for (var i = 0; i < response.Parts.Count; i++)
        {
            WriteBlock(writer, response.Parts[i], context, i);
        }

        writer.WriteEndArray();
        WriteStopReason(
            writer,
            new ResponseFinished(response.Finish, response.StopSequence, response.FinishDetail),
            response.Parts.Any(part => part is RefusalPart),
            response.Parts.Any(part => part is ToolCallPart));
        writer.WritePropertyName("usage"u8);
        AnthropicUsage.Write(writer, response.Usage);
        writer.WriteEndObject();
    }

    private static void WriteBlock(Utf8JsonWriter writer, Part part, AnswerContext context, int index)
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
                AnthropicBlocks.WriteRedactedThinking(writer, redacted.Signature ?? "");
                break;
            case ReasoningPart thought:
                AnthropicBlocks.WriteThinking(writer, thought.Text, thought.Signature ?? "");
                break;
            case ToolCallPart call:
                AnthropicBlocks.WriteToolUse(writer, ToolCallId(call.Id, context, index), call.Name, Input(call));
                if (call.Signature is { } signature)
                {
                    AnthropicBlocks.WriteThinking(writer, "", AnthropicCallSignature.Wrap(signature));
                }

                break;
        }
    }

    /// <summary>
    /// A model may write broken arguments, for one when its limit cut them. A stream would pass them on as they
    /// are; a whole message has only room for an object, so the text is kept inside one.
    /// </summary>
    private static string Input(ToolCallPart call)
    {
        if (AnthropicBlocks.IsObject(call.Arguments))
        {
            return call.Arguments.Length == 0 ? "{}" : call.Arguments;
        }

        return JsonSerializer.Serialize(new Dictionary<string, string> { ["invalid_json"] = call.Arguments });
    }
}
