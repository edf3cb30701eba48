using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads tools and tool_choice. Only tools that the client runs can be translated; those that Anthropic runs, or
/// whose schema it keeps to itself (web_search_…, code_execution_…, bash_…, computer_…, memory_…) are refused.
/// </summary>
internal static class AnthropicToolReader
{
    public static IReadOnlyList<Tool> ReadTools(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return [];
        }

        var tools = new List<Tool>();
        foreach (var tool in JsonFields.Array(value, "tools").EnumerateArray())
        {
            tools.Add(ReadTool(tool, $"tools[{tools.Count}]"));
        }

        return tools;
    }

    public static ChatRequest ReadChoice(JsonElement value, ChatRequest request)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return request;
        }

        string? type = null;
        string? name = null;
        foreach (var field in AnthropicFields.Of(value, "tool_choice"))
        {
            switch (field.Name)
            {
                case "type":
                    type = JsonFields.String(field.Value, "tool_choice.type");
                    break;
                case "name":
                    name = JsonFields.String(field.Value, "tool_choice.name");
                    break;
                case "disable_parallel_tool_use":
                    if (JsonFields.BooleanOrNull(field.Value, "tool_choice.disable_parallel_tool_use") == true)
                    {
                        request = request with { ParallelToolCalls = false };
                    }

                    break;
                default:
                    throw JsonFields.Unknown("tool_choice." + field.Name);
            }
        }

        return request with
        {
            ToolChoice = type switch
            {
                "auto" => new ToolChoice(ToolChoiceMode.Auto),
                "any" => new ToolChoice(ToolChoiceMode.Required),
                "none" => new ToolChoice(ToolChoiceMode.None),
                "tool" => new ToolChoice(
                    ToolChoiceMode.Required, [name ?? throw JsonFields.Missing("tool_choice.name")]),
                null => throw JsonFields.Missing("tool_choice.type"),
                _ => throw JsonFields.Unsupported("tool_choice.type", "must be auto, any, none or tool"),
            },
        };
    }

    private static Tool ReadTool(JsonElement element, string path)
    {
        JsonFields.Object(element, path);
        if (element.TryGetProperty("type", out var type) && type.ValueKind != JsonValueKind.Null
            && JsonFields.String(type, path + ".type") is var kind and not "custom")
        {
            throw JsonFields.Unsupported(
                path + ".type", $"names a tool of Anthropic's own ({kind}), which this model's provider does not have");
        }

        var tool = new Tool("", null, default, Path: path);
        foreach (var field in AnthropicFields.Of(element, path))
        {
            var place = $"{path}.{field.Name}";
            switch (field.Name)
            {
                case "name":
                    tool = tool with { Name = JsonFields.String(field.Value, place) };
                    break;
                case "description":
                    tool = tool with { Description = JsonFields.StringOrNull(field.Value, place) };
                    break;
                case "input_schema":
                    tool = tool with { Parameters = JsonFields.Object(field.Value, place) };
                    break;
                case "strict":
                    tool = tool with { Strict = JsonFields.BooleanOrNull(field.Value, place) };
                    break;

                // Read above; and hints: caching, and how finely a call's arguments are streamed.
                case "type":
                case "cache_control":
                case "eager_input_streaming":
                    break;
                default:
                    throw JsonFields.Unknown(place);
            }
        }

        return tool.Name.Length == 0 ? throw JsonFields.Missing(path + ".name")
            : tool.Parameters.ValueKind == JsonValueKind.Undefined ? throw JsonFields.Missing(path + ".input_schema")
            : tool;
    }
}
