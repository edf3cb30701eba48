using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Reads <c>messages</c> into turns. Tool messages in a row become one user turn of tool results, as they answer
/// one assistant turn.
/// </summary>
internal static class OpenAIChatMessageReader
{
    public static IReadOnlyList<Turn> Read(JsonElement messages)
    {
        var turns = new List<Turn>();
        List<Part>? results = null;
        var index = 0;
        foreach (var item in JsonFields.Array(messages, "messages").EnumerateArray())
        {
            var path = $"messages[{index++}]";
            var message = ReadMessage(item, path);
            if (message.Role == "tool")
            {
                var result = ToToolResult(message, path);
                if (results is null)
                {
                    turns.Add(new Turn(Role.User, results = [], path));
                }

                results.Add(result);
                continue;
            }

            results = null;
            turns.Add(ToTurn(message, path));
        }

        return turns;
    }

    private static Message ReadMessage(JsonElement item, string path)
    {
        var message = new Message();
        foreach (var property in JsonFields.Object(item, path).EnumerateObject())
        {
            var at = path + "." + property.Name;
            var value = property.Value;
            switch (property.Name)
            {
                case "role":
                    message.Role = JsonFields.String(value, at);
                    break;
                case "content":
                    message.Content = OpenAIChatContentReader.Read(value, at);
                    break;
                case "refusal":
                    message.Refusal = JsonFields.StringOrNull(value, at);
                    break;
                case "reasoning_content" or "reasoning":
                    message.Reasoning ??= JsonFields.StringOrNull(value, at);
                    break;
                case "tool_calls" when value.ValueKind != JsonValueKind.Null:
                    message.ToolCalls = ReadToolCalls(value, at);
                    break;
                case "tool_call_id":
                    message.ToolCallId = JsonFields.StringOrNull(value, at);
                    break;
                case "name":
                    message.Name = JsonFields.StringOrNull(value, at);
                    break;

                // What an answer of ours or OpenAI's own carries and clients send back as it came.
                case "annotations" or "cache_control" or "tool_calls":
                    break;
                case "audio" or "function_call" when value.ValueKind == JsonValueKind.Null:
                    break;
                default:
                    throw JsonFields.Unknown(at);
            }
        }

        return message;
    }

    private static Turn ToTurn(Message message, string path)
    {
        if (message.Name is not null)
        {
            throw JsonFields.Unsupported(path + ".name", "cannot be translated for this model's provider");
        }

        switch (message.Role)
        {
            case "system" or "developer":
                return new Turn(Role.System, message.Content, path);
            case "user":
                return new Turn(Role.User, message.Content, path);
            case "assistant":
                return new Turn(Role.Assistant, AssistantParts(message, path), path);
            case null:
                throw JsonFields.Missing(path + ".role");
            default:
                throw JsonFields.Unsupported(
                    path + ".role", "must be one of system, developer, user, assistant, tool");
        }
    }

    private static List<Part> AssistantParts(Message message, string path)
    {
        var parts = new List<Part>();
        if (message.Reasoning is { Length: > 0 } reasoning)
        {
            parts.Add(new ReasoningPart(reasoning) { Path = path + ".reasoning_content" });
        }

        parts.AddRange(message.Content.Where(
            part => part is not TextPart { Text: "" } || message.ToolCalls.Count == 0));
        if (message.Refusal is not null)
        {
            parts.Add(new RefusalPart(message.Refusal) { Path = path + ".refusal" });
        }

        parts.AddRange(message.ToolCalls);
        return parts;
    }

    private static ToolResultPart ToToolResult(Message message, string path)
    {
        var id = message.ToolCallId ?? throw JsonFields.Missing(path + ".tool_call_id");
        var (content, failed) = ToolErrorMark.Read(message.Content);
        return new ToolResultPart(id, content, failed, message.Name) { Path = path };
    }

    private static List<Part> ReadToolCalls(JsonElement value, string path)
    {
        var calls = new List<Part>();
        foreach (var item in JsonFields.Array(value, path).EnumerateArray())
        {
            calls.Add(ReadToolCall(item, $"{path}[{calls.Count}]"));
        }

        return calls;
    }

    private static ToolCallPart ReadToolCall(JsonElement item, string path)
    {
        string? id = null, name = null, signature = null;
        var arguments = "";
        foreach (var property in JsonFields.Object(item, path).EnumerateObject())
        {
            var at = path + "." + property.Name;
            switch (property.Name)
            {
                case "id":
                    id = JsonFields.String(property.Value, at);
                    break;
                case "type":
                    if (JsonFields.String(property.Value, at) != "function")
                    {
                        throw JsonFields.Unsupported(at, "must be function");
                    }

                    break;
                case "index":
                    break;
                case "function":
                    (name, arguments) = ReadFunction(property.Value, at);
                    break;
                case "extra_content":
                    signature = ThoughtSignature(property.Value);
                    break;
                default:
                    throw JsonFields.Unknown(at);
            }
        }

        return new ToolCallPart(
            id ?? throw JsonFields.Missing(path + ".id"),
            name ?? throw JsonFields.Missing(path + ".function.name"),
            arguments,
            signature)
        { Path = path };
    }

    private static (string? Name, string Arguments) ReadFunction(JsonElement function, string path)
    {
        string? name = null;
        var arguments = "";
        foreach (var property in JsonFields.Object(function, path).EnumerateObject())
        {
            switch (property.Name)
            {
                case "name":
                    name = JsonFields.String(property.Value, path + ".name");
                    break;
                case "arguments":
                    arguments = JsonFields.String(property.Value, path + ".arguments");
                    break;
                default:
                    throw JsonFields.Unknown(path + "." + property.Name);
            }
        }

        return (name, arguments);
    }

    /// <summary>extra_content.google.thought_signature, as Google's compatible endpoint spells it.</summary>
    public static string? ThoughtSignature(JsonElement extra) =>
        extra.ValueKind == JsonValueKind.Object
        && extra.TryGetProperty("google", out var google) && google.ValueKind == JsonValueKind.Object
        && google.TryGetProperty("thought_signature", out var signature)
        && signature.ValueKind == JsonValueKind.String
            ? signature.GetString()
            : null;

    private sealed class Message
    {
        public string? Role { get; set; }

        public IReadOnlyList<Part> Content { get; set; } = [];

        public string? Refusal { get; set; }

        public string? Reasoning { get; set; }

        public List<Part> ToolCalls { get; set; } = [];

        public string? ToolCallId { get; set; }

        public string? Name { get; set; }
    }
}
