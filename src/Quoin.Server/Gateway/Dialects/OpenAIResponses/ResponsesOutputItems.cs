using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>Writes output items, whole or as they are announced.</summary>
internal static class ResponsesOutputItems
{
    /// <param name="announced">The item has only begun: it has its names, and no content yet.</param>
    public static void Write(Utf8JsonWriter writer, ResponsesOutputItem item, bool announced = false)
    {
        var status = announced ? "in_progress" : item.Status;
        switch (item.Kind)
        {
            case BlockKind.Reasoning:
                WriteReasoning(writer, item.Id, announced ? "" : item.Text, announced ? null : item.Sealed);
                break;
            case BlockKind.ToolCall:
                writer.WriteStartObject();
                writer.WriteString("id"u8, item.Id);
                writer.WriteString("type"u8, "function_call"u8);
                writer.WriteString("status"u8, status);
                writer.WriteString("arguments"u8, announced ? "" : item.Text);
                writer.WriteString("call_id"u8, item.CallId);
                writer.WriteString("name"u8, item.Name);
                writer.WriteEndObject();
                break;
            default:
                writer.WriteStartObject();
                writer.WriteString("id"u8, item.Id);
                writer.WriteString("type"u8, "message"u8);
                writer.WriteString("status"u8, status);
                writer.WriteString("role"u8, "assistant"u8);
                writer.WriteStartArray("content"u8);
                if (!announced)
                {
                    item.Parts.ForEach(part => WritePart(writer, part, part.Text.ToString()));
                }

                writer.WriteEndArray();
                writer.WriteEndObject();
                break;
        }
    }

    /// <param name="id">Null: left out.</param>
    public static void WriteReasoning(Utf8JsonWriter writer, string? id, string text, string? content)
    {
        writer.WriteStartObject();
        if (id is not null)
        {
            writer.WriteString("id"u8, id);
        }

        writer.WriteString("type"u8, "reasoning"u8);
        writer.WriteStartArray("summary"u8);
        if (text.Length > 0)
        {
            WriteSummary(writer, text);
        }

        writer.WriteEndArray();
        if (content is not null)
        {
            writer.WriteString("encrypted_content"u8, content);
        }

        writer.WriteEndObject();
    }

    public static void WriteSummary(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "summary_text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }

    /// <summary>A content part of a message.</summary>
    public static void WritePart(Utf8JsonWriter writer, ResponsesOutputPart part, string text)
    {
        writer.WriteStartObject();
        if (part.Kind == BlockKind.Refusal)
        {
            writer.WriteString("type"u8, "refusal"u8);
            writer.WriteString("refusal"u8, text);
        }
        else
        {
            writer.WriteString("type"u8, "output_text"u8);
            writer.WriteStartArray("annotations"u8);
            writer.WriteEndArray();
            ResponsesLogProbs.Write(writer, text.Length == 0 ? null : part.LogProbs);
            writer.WriteString("text"u8, text);
        }

        writer.WriteEndObject();
    }
}
