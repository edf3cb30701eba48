using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>Writes tools and tool_choice.</summary>
internal static class AnthropicToolWriter
{
    private const int LongestName = 128;

    public static void WriteTools(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count == 0)
        {
            return;
        }

        writer.WriteStartArray("tools"u8);
        foreach (var tool in request.Tools)
        {
            WriteTool(writer, tool);
        }

        writer.WriteEndArray();
    }

    /// <summary>Only calls one at a time need a choice to be said at all: auto stands for the default then.</summary>
    public static void WriteChoice(Utf8JsonWriter writer, ChatRequest request)
    {
        if (request.Tools.Count == 0)
        {
            if (request.ToolChoice?.Mode == ToolChoiceMode.Required)
            {
                throw new UntranslatableException(
                    ChatField.ToolChoice, null, "asks for a tool call, but there are no tools");
            }

            return;
        }

        var single = request.ParallelToolCalls == false;
        if (request.ToolChoice is null && !single)
        {
            return;
        }

        var choice = request.ToolChoice ?? new ToolChoice(ToolChoiceMode.Auto);
        var name = OneName(choice, request.Tools);
        writer.WriteStartObject("tool_choice"u8);
        writer.WriteString("type"u8, choice.Mode switch
        {
            ToolChoiceMode.Auto => "auto",
            ToolChoiceMode.None => "none",
            _ => name is null ? "any" : "tool",
        });
        if (name is not null)
        {
            writer.WriteString("name"u8, name);
        }

        if (single && choice.Mode != ToolChoiceMode.None)
        {
            writer.WriteBoolean("disable_parallel_tool_use"u8, true);
        }

        writer.WriteEndObject();
    }

    /// <returns>The one tool that must be called; null when all may be.</returns>
    private static string? OneName(ToolChoice choice, IReadOnlyList<Tool> tools)
    {
        if (choice.Allowed is not { } allowed || choice.Mode == ToolChoiceMode.None)
        {
            return null;
        }

        if (choice.Mode == ToolChoiceMode.Required && allowed.Count == 1)
        {
            return allowed[0];
        }

        return tools.All(tool => allowed.Contains(tool.Name, StringComparer.Ordinal)) ? null
            : throw new UntranslatableException(
                ChatField.ToolChoice, null, "allows some of the tools; Anthropic can be told all, one or none");
    }

    private static void WriteTool(Utf8JsonWriter writer, Tool tool)
    {
        if (tool.Name.Length is 0 or > LongestName || !AnthropicToolIds.IsPlain(tool.Name))
        {
            throw new UntranslatableException(
                ChatField.Tools,
                tool.Path,
                "has a name that Anthropic does not take: it allows 1 to 128 letters, digits, underscores and hyphens");
        }

        writer.WriteStartObject();
        writer.WriteString("name"u8, tool.Name);
        if (tool.Description is { } description)
        {
            writer.WriteString("description"u8, description);
        }

        writer.WritePropertyName("input_schema"u8);
        WriteSchema(writer, tool);
        if (tool.Strict is { } strict)
        {
            writer.WriteBoolean("strict"u8, strict);
        }

        writer.WriteEndObject();
    }

    /// <summary>A schema must be there and be of an object: no schema, or the empty one, means no arguments.</summary>
    private static void WriteSchema(Utf8JsonWriter writer, Tool tool)
    {
        switch (tool.Parameters.ValueKind)
        {
            case JsonValueKind.Object when tool.Parameters.EnumerateObject().MoveNext():
                tool.Parameters.WriteTo(writer);
                break;
            case JsonValueKind.Object or JsonValueKind.Undefined or JsonValueKind.Null:
                writer.WriteStartObject();
                writer.WriteString("type"u8, "object"u8);
                writer.WriteStartObject("properties"u8);
                writer.WriteEndObject();
                writer.WriteEndObject();
                break;
            default:
                throw new UntranslatableException(
                    ChatField.Tools, tool.Path, "has parameters that are not a JSON Schema object");
        }
    }
}
