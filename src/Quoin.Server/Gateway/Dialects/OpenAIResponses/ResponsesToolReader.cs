using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>. Custom tools and those that OpenAI runs are refused.</summary>
internal static class ResponsesToolReader
{
    public static IReadOnlyList<Tool> ReadTools(JsonElement value)
    {
        var tools = new List<Tool>();
        foreach (var item in JsonFields.Array(value, "tools").EnumerateArray())
        {
            var path = $"tools[{tools.Count}]";
            tools.Add(ReadTool(JsonFields.Object(item, path), path));
        }

        return tools;
    }

    public static ToolChoice? ReadChoice(JsonElement value)
    {
        switch (value.ValueKind)
        {
            case JsonValueKind.Null:
                return null;
            case JsonValueKind.String:
                return new ToolChoice(ReadMode(value, "tool_choice"));
        }

        string? type = null, name = null;
        ToolChoiceMode? mode = null;
        List<string>? names = null;
        foreach (var property in JsonFields.Object(value, "tool_choice").EnumerateObject())
        {
            var at = "tool_choice." + property.Name;
            switch (property.Name)
            {
                case "type":
                    type = JsonFields.String(property.Value, at);
                    CheckChoice(type);
                    break;
                case "name":
                    name = JsonFields.String(property.Value, at);
                    break;
                case "mode":
                    mode = ReadMode(property.Value, at);
                    break;
                case "tools":
                    names = ReadNames(property.Value, at);
                    break;
                default:
                    throw JsonFields.Unknown(at);
            }
        }

        return type switch
        {
            null => throw JsonFields.Missing("tool_choice.type"),
            "function" => new ToolChoice(
                ToolChoiceMode.Required, [name ?? throw JsonFields.Missing("tool_choice.name")]),
            _ => new ToolChoice(
                mode ?? throw JsonFields.Missing("tool_choice.mode"),
                names ?? throw JsonFields.Missing("tool_choice.tools")),
        };
    }

    private static void CheckChoice(string type)
    {
        if (type is not ("function" or "allowed_tools"))
        {
            throw JsonFields.Unsupported(
                "tool_choice.type", "must be function or allowed_tools to be translated for this model's provider");
        }
    }

    private static List<string> ReadNames(JsonElement value, string path)
    {
        var names = new List<string>();
        foreach (var item in JsonFields.Array(value, path).EnumerateArray())
        {
            var at = $"{path}[{names.Count}]";
            string? name = null;
            foreach (var property in JsonFields.Object(item, at).EnumerateObject())
            {
                switch (property.Name)
                {
                    case "type" when JsonFields.String(property.Value, at + ".type") == "function":
                        break;
                    case "type":
                        throw OnlyFunctions(at);
                    case "name":
                        name = JsonFields.String(property.Value, at + ".name");
                        break;
                    default:
                        throw JsonFields.Unknown(at + "." + property.Name);
                }
            }

            names.Add(name ?? throw JsonFields.Missing(at + ".name"));
        }

        return names;
    }

    private static Tool ReadTool(JsonElement item, string path)
    {
        var type = item.TryGetProperty("type", out var t)
            ? JsonFields.String(t, path + ".type")
            : throw JsonFields.Missing(path + ".type");
        if (type != "function")
        {
            throw OnlyFunctions(path);
        }

        var tool = new Tool("", null, default, null, path);
        foreach (var property in item.EnumerateObject())
        {
            var at = path + "." + property.Name;
            var value = property.Value;
            tool = property.Name switch
            {
                "type" => tool,
                "name" => tool with { Name = JsonFields.String(value, at) },
                "description" => tool with { Description = JsonFields.StringOrNull(value, at) },
                "strict" => tool with { Strict = JsonFields.BooleanOrNull(value, at) },
                "parameters" when value.ValueKind == JsonValueKind.Null => tool,
                "parameters" => tool with { Parameters = JsonFields.Object(value, at) },
                "defer_loading" when JsonFields.BooleanOrNull(value, at) is null or false => tool,
                "output_schema" or "allowed_callers" when value.ValueKind == JsonValueKind.Null => tool,
                "defer_loading" or "output_schema" or "allowed_callers" => throw JsonFields.Unsupported(
                    at, "cannot be translated for this model's provider"),
                _ => throw JsonFields.Unknown(at),
            };
        }

        return tool.Name.Length > 0 ? tool : throw JsonFields.Missing(path + ".name");
    }

    private static GatewayException OnlyFunctions(string path) => JsonFields.Unsupported(
        path + ".type", "must be function to be translated for this model's provider");

    private static ToolChoiceMode ReadMode(JsonElement value, string path) => JsonFields.String(value, path) switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" => ToolChoiceMode.Required,
        _ => throw JsonFields.Unsupported(path, "must be one of auto, none, required"),
    };
}
