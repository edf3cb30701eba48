using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>Reads <c>tools</c> and <c>tool_choice</c>.</summary>
internal static class OpenAIChatToolReader
{
    public static IReadOnlyList<Tool> ReadTools(JsonElement value)
    {
        var tools = new List<Tool>();
        foreach (var item in JsonFields.Array(value, "tools").EnumerateArray())
        {
            tools.Add(ReadTool(item, $"tools[{tools.Count}]"));
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

        var type = Text(JsonFields.Object(value, "tool_choice"), "type", "tool_choice");
        switch (type)
        {
            case "function":
                return new ToolChoice(ToolChoiceMode.Required, [FunctionName(value, "tool_choice")]);
            case "allowed_tools":
                return ReadAllowed(value);
            default:
                throw JsonFields.Unsupported(
                    "tool_choice.type", "must be function or allowed_tools to be translated for this model's provider");
        }
    }

    private static ToolChoice ReadAllowed(JsonElement value)
    {
        const string Path = "tool_choice.allowed_tools";
        if (!value.TryGetProperty("allowed_tools", out var allowed))
        {
            throw JsonFields.Missing(Path);
        }

        JsonFields.Object(allowed, Path);
        var mode = allowed.TryGetProperty("mode", out var m) ? ReadMode(m, Path + ".mode") : ToolChoiceMode.Auto;
        var names = new List<string>();
        if (allowed.TryGetProperty("tools", out var tools))
        {
            foreach (var tool in JsonFields.Array(tools, Path + ".tools").EnumerateArray())
            {
                names.Add(FunctionName(tool, $"{Path}.tools[{names.Count}]"));
            }
        }

        return new ToolChoice(mode, names);
    }

    private static ToolChoiceMode ReadMode(JsonElement value, string path) => JsonFields.String(value, path) switch
    {
        "auto" => ToolChoiceMode.Auto,
        "none" => ToolChoiceMode.None,
        "required" => ToolChoiceMode.Required,
        _ => throw JsonFields.Unsupported(path, "must be one of auto, none, required"),
    };

    private static Tool ReadTool(JsonElement item, string path)
    {
        if (Text(JsonFields.Object(item, path), "type", path) != "function")
        {
            throw JsonFields.Unsupported(path + ".type", "must be function to be translated for this model's provider");
        }

        JsonElement function = default;
        foreach (var property in item.EnumerateObject())
        {
            switch (property.Name)
            {
                case "type" or "cache_control":
                    break;
                case "function":
                    function = JsonFields.Object(property.Value, path + ".function");
                    break;
                default:
                    throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        if (function.ValueKind == JsonValueKind.Undefined)
        {
            throw JsonFields.Missing(path + ".function");
        }

        return ReadFunction(function, path);
    }

    private static Tool ReadFunction(JsonElement function, string path)
    {
        var tool = new Tool("", null, default, null, path);
        foreach (var property in function.EnumerateObject())
        {
            var at = path + ".function." + property.Name;
            tool = property.Name switch
            {
                "name" => tool with { Name = JsonFields.String(property.Value, at) },
                "description" => tool with { Description = JsonFields.StringOrNull(property.Value, at) },
                "strict" => tool with { Strict = JsonFields.BooleanOrNull(property.Value, at) },
                "parameters" when property.Value.ValueKind == JsonValueKind.Null => tool,
                "parameters" => tool with { Parameters = JsonFields.Object(property.Value, at) },
                _ => throw JsonFields.Unknown(at),
            };
        }

        return tool.Name.Length > 0 ? tool : throw JsonFields.Missing(path + ".function.name");
    }

    private static string FunctionName(JsonElement item, string path) =>
        JsonFields.Object(item, path).TryGetProperty("function", out var function)
            ? Text(JsonFields.Object(function, path + ".function"), "name", path + ".function")
            : throw JsonFields.Missing(path + ".function");

    private static string Text(JsonElement item, string name, string path) =>
        item.TryGetProperty(name, out var value)
            ? JsonFields.String(value, path + "." + name)
            : throw JsonFields.Missing(path + "." + name);
}
