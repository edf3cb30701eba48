using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Reads system and messages. Hints within blocks, left out by design: cache_control, citations of earlier answers
/// (notes on a text, not text), and the caller of a tool_use when it is the model itself. Blocks of tools that the
/// provider ran (server_tool_use and results, mcp_*, search_result, container_upload, …) are refused.
/// </summary>
internal static class AnthropicContentReader
{
    public static void ReadSystem(JsonElement value, List<Turn> turns)
    {
        if (value.ValueKind != JsonValueKind.Null)
        {
            turns.Add(new Turn(Role.System, ReadContent(value, "system", Role.System), "system"));
        }
    }

    public static IReadOnlyList<Turn> ReadMessages(JsonElement value)
    {
        var turns = new List<Turn>();
        foreach (var message in JsonFields.Array(value, "messages").EnumerateArray())
        {
            turns.Add(ReadMessage(message, $"messages[{turns.Count}]"));
        }

        return turns.Count > 0
            ? turns
            : throw GatewayException.Invalid("messages", "messages must hold at least one message");
    }

    private static Turn ReadMessage(JsonElement message, string path)
    {
        JsonElement content = default;
        string? role = null;
        foreach (var field in AnthropicFields.Of(message, path))
        {
            switch (field.Name)
            {
                case "role":
                    role = JsonFields.String(field.Value, path + ".role");
                    break;
                case "content":
                    content = field.Value;
                    break;
                default:
                    throw JsonFields.Unknown($"{path}.{field.Name}");
            }
        }

        var speaker = role switch
        {
            "user" => Role.User,
            "assistant" => Role.Assistant,
            "system" => Role.System,
            null => throw JsonFields.Missing(path + ".role"),
            _ => throw JsonFields.Unsupported(path + ".role", "must be user, assistant or system"),
        };
        return content.ValueKind == JsonValueKind.Undefined
            ? throw JsonFields.Missing(path + ".content")
            : new Turn(speaker, ReadContent(content, path + ".content", speaker), path);
    }

    private static List<Part> ReadContent(JsonElement content, string path, Role? role)
    {
        var parts = new List<Part>();
        if (content.ValueKind == JsonValueKind.String)
        {
            parts.Add(new TextPart(JsonFields.String(content, path)) { Path = path });
            return parts;
        }

        if (content.ValueKind != JsonValueKind.Array)
        {
            throw JsonFields.Wrong(content, path, "a string or an array of content blocks");
        }

        var index = 0;
        foreach (var block in content.EnumerateArray())
        {
            ReadBlock(block, $"{path}[{index++}]", role, parts);
        }

        return parts;
    }

    /// <param name="role">Null: within a tool result.</param>
    private static void ReadBlock(JsonElement element, string path, Role? role, List<Part> parts)
    {
        JsonFields.Object(element, path);
        var type = element.TryGetProperty("type", out var word)
            ? JsonFields.String(word, path + ".type")
            : throw JsonFields.Missing(path + ".type");
        switch (type)
        {
            case "text":
                parts.Add(ReadText(element, path));
                break;
            case "image" when role is Role.User or null:
                parts.Add(AnthropicMediaReader.ReadImage(element, path));
                break;
            case "document" when role is Role.User or null:
                parts.Add(AnthropicMediaReader.ReadDocument(element, path));
                break;
            case "tool_result" when role is Role.User:
                parts.Add(ReadToolResult(element, path));
                break;
            case "tool_use" when role is Role.Assistant:
                parts.Add(ReadToolUse(element, path));
                break;
            case "thinking" when role is Role.Assistant:
                ReadThinking(element, path, parts);
                break;
            case "redacted_thinking" when role is Role.Assistant:
                parts.Add(new ReasoningPart("", ReadOnly(element, path, "data"), Redacted: true) { Path = path });
                break;
            default:
                throw JsonFields.Unsupported(path, $"is a block of type {type}, which cannot be translated here");
        }
    }

    private static TextPart ReadText(JsonElement element, string path)
    {
        string? text = null;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            switch (field.Name)
            {
                case "text":
                    text = JsonFields.String(field.Value, path + ".text");
                    break;
                case "type" or "cache_control" or "citations":
                    break;
                default:
                    throw JsonFields.Unknown($"{path}.{field.Name}");
            }
        }

        return new TextPart(text ?? throw JsonFields.Missing(path + ".text")) { Path = path };
    }

    /// <summary>A block of one string field besides its type.</summary>
    private static string ReadOnly(JsonElement element, string path, string name)
    {
        string? text = null;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            text = field.Name == name ? JsonFields.String(field.Value, $"{path}.{name}")
                : field.Name is "type" or "cache_control" ? text
                : throw JsonFields.Unknown($"{path}.{field.Name}");
        }

        return text ?? throw JsonFields.Missing($"{path}.{name}");
    }

    private static void ReadThinking(JsonElement element, string path, List<Part> parts)
    {
        string? text = null;
        string? signature = null;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            switch (field.Name)
            {
                case "thinking":
                    text = JsonFields.String(field.Value, path + ".thinking");
                    break;
                case "signature":
                    signature = JsonFields.StringOrNull(field.Value, path + ".signature");
                    break;
                case "type" or "cache_control":
                    break;
                default:
                    throw JsonFields.Unknown($"{path}.{field.Name}");
            }
        }

        if (signature is { Length: > 0 } && AnthropicCallSignature.Unwrap(signature) is { } callSignature)
        {
            // Clients that leave out a call leave its signature without a use.
            if (parts.Count > 0 && parts[^1] is ToolCallPart call)
            {
                parts[^1] = call with { Signature = callSignature };
            }

            return;
        }

        parts.Add(new ReasoningPart(
            text ?? throw JsonFields.Missing(path + ".thinking"),
            string.IsNullOrEmpty(signature) ? null : signature)
        { Path = path });
    }

    private static ToolCallPart ReadToolUse(JsonElement element, string path)
    {
        string? id = null;
        string? name = null;
        string? input = null;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            var place = $"{path}.{field.Name}";
            switch (field.Name)
            {
                case "id":
                    id = JsonFields.String(field.Value, place);
                    break;
                case "name":
                    name = JsonFields.String(field.Value, place);
                    break;
                case "input":
                    input = JsonFields.Object(field.Value, place).GetRawText();
                    break;
                case "caller":
                    RefuseOtherCallers(field.Value, place);
                    break;
                case "type" or "cache_control":
                    break;
                default:
                    throw JsonFields.Unknown(place);
            }
        }

        return new ToolCallPart(
            id ?? throw JsonFields.Missing(path + ".id"),
            name ?? throw JsonFields.Missing(path + ".name"),
            input ?? throw JsonFields.Missing(path + ".input"))
        { Path = path };
    }

    private static void RefuseOtherCallers(JsonElement caller, string path)
    {
        if (caller.ValueKind == JsonValueKind.Null)
        {
            return;
        }

        if (!JsonFields.Object(caller, path).TryGetProperty("type", out var type)
            || JsonFields.String(type, path + ".type") != "direct")
        {
            throw JsonFields.Unsupported(path, "tells of a call by provider-executed code, which cannot be translated");
        }
    }

    private static ToolResultPart ReadToolResult(JsonElement element, string path)
    {
        string? id = null;
        List<Part> content = [];
        var isError = false;
        foreach (var field in AnthropicFields.Of(element, path))
        {
            var place = $"{path}.{field.Name}";
            switch (field.Name)
            {
                case "tool_use_id":
                    id = JsonFields.String(field.Value, place);
                    break;
                case "content":
                    content = field.Value.ValueKind == JsonValueKind.Null ? [] : ReadContent(field.Value, place, null);
                    break;
                case "is_error":
                    isError = JsonFields.BooleanOrNull(field.Value, place) ?? false;
                    break;
                case "type" or "cache_control":
                    break;
                default:
                    throw JsonFields.Unknown(place);
            }
        }

        return new ToolResultPart(id ?? throw JsonFields.Missing(path + ".tool_use_id"), content, isError)
        {
            Path = path,
        };
    }
}
