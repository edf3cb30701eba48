using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Writes tools and tool_choice, for requests and, in full, for the echo in a response. A function without a word
/// on strict is written as not strict: the API's default is strict, which would change its schema, and no other
/// dialect's is.
/// </summary>
internal static class ResponsesToolWriter
{
    public static void Write(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count > 0)
        {
            WriteTools(writer, request.Tools);
        }

        if (request.ToolChoice is not null)
        {
            WriteChoice(writer, request.ToolChoice);
        }

        if (request.ParallelToolCalls is { } parallel)
        {
            writer.WriteBoolean("parallel_tool_calls"u8, parallel);
        }
    }

    public static void WriteEcho(Utf8JsonWriter writer, ChatRequest request)
    {
        WriteTools(writer, request.Tools);
        WriteChoice(writer, request.ToolChoice ?? new ToolChoice(ToolChoiceMode.Auto));
        writer.WriteBoolean("parallel_tool_calls"u8, request.ParallelToolCalls ?? true);
    }

    private static void WriteTools(Utf8JsonWriter writer, IReadOnlyList<Tool> tools)
    {
        writer.WriteStartArray("tools"u8);
        foreach (var tool in tools)
        {
            writer.WriteStartObject();
            writer.WriteString("type"u8, "function"u8);
            writer.WriteString("name"u8, tool.Name);
            if (tool.Description is { } description)
            {
                writer.WriteString("description"u8, description);
            }

            writer.WritePropertyName("parameters"u8);
            if (tool.Parameters.ValueKind == JsonValueKind.Undefined)
            {
                writer.WriteNullValue();
            }
            else
            {
                tool.Parameters.WriteTo(writer);
            }

            writer.WriteBoolean("strict"u8, tool.Strict ?? false);
            writer.WriteEndObject();
        }

        writer.WriteEndArray();
    }

    private static void WriteChoice(Utf8JsonWriter writer, ToolChoice choice)
    {
        writer.WritePropertyName("tool_choice"u8);
        if (choice.Allowed is null)
        {
            writer.WriteStringValue(Mode(choice.Mode));
            return;
        }

        writer.WriteStartObject();
        if (choice is { Mode: ToolChoiceMode.Required, Allowed: [var only] })
        {
            writer.WriteString("type"u8, "function"u8);
            writer.WriteString("name"u8, only);
        }
        else
        {
            writer.WriteString("type"u8, "allowed_tools"u8);
            writer.WriteString("mode"u8, Mode(choice.Mode));
            writer.WriteStartArray("tools"u8);
            foreach (var name in choice.Allowed)
            {
                writer.WriteStartObject();
                writer.WriteString("type"u8, "function"u8);
                writer.WriteString("name"u8, name);
                writer.WriteEndObject();
            }

            writer.WriteEndArray();
        }

        writer.WriteEndObject();
    }

    private static ReadOnlySpan<byte> Mode(ToolChoiceMode mode) => mode switch
    {
        ToolChoiceMode.None => "none"u8,
        ToolChoiceMode.Required => "required"u8,
        _ => "auto"u8,
    };
}
