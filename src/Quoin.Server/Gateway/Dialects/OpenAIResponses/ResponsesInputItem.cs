using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>The fields of one input item, each allowed only in items of the types that have it.</summary>
internal sealed class ResponsesInputItem
{
    public required string Path { get; init; }

    public string? Id { get; private set; }

    public string? Role { get; private set; }

    public IReadOnlyList<Part>? Content { get; private set; }

    public string? CallId { get; private set; }

    public string? Name { get; private set; }

    public string? Arguments { get; private set; }

    public IReadOnlyList<Part>? Output { get; private set; }

    public IReadOnlyList<string> Summary { get; private set; } = [];

    public IReadOnlyList<string> Thoughts { get; private set; } = [];

    public string? Sealed { get; private set; }

    public static ResponsesInputItem Read(JsonElement element, string type, string path)
    {
        var item = new ResponsesInputItem { Path = path };
        foreach (var property in element.EnumerateObject())
        {
            item.ReadField(type, property.Name, property.Value);
        }

        return item;
    }

    private void ReadField(string type, string name, JsonElement value)
    {
        var at = Path + "." + name;
        switch (type, name)
        {
            case (_, "type"):
                break;

            // OpenAI's own clients add what they parsed to the items of an answer, which users send back whole.
            case ("function_call", "parsed_arguments"):
                break;
            case (_, "id"):
                Id = JsonFields.StringOrNull(value, at);
                break;
            case (_, "status") or ("message", "phase"):
                JsonFields.StringOrNull(value, at);
                break;
            case ("message", "role"):
                Role = JsonFields.String(value, at);
                break;
            case ("message", "content"):
                Content = ResponsesContentReader.Read(value, at);
                break;
            case ("function_call" or "function_call_output", "call_id"):
                CallId = JsonFields.String(value, at);
                break;
            case ("function_call", "name"):
                Name = JsonFields.String(value, at);
                break;
            case ("function_call", "arguments"):
                Arguments = JsonFields.String(value, at);
                break;
            case ("function_call_output", "output"):
                Output = ResponsesContentReader.Read(value, at);
                break;
            case ("reasoning", "summary"):
                Summary = Texts(value, at, "summary_text");
                break;
            case ("reasoning", "content"):
                Thoughts = Texts(value, at, "reasoning_text");
                break;
            case ("reasoning", "encrypted_content"):
                Sealed = JsonFields.StringOrNull(value, at);
                break;
            case ("function_call" or "function_call_output", "caller"):
                CheckCaller(value, at);
                break;
            case ("function_call", "namespace") when value.ValueKind == JsonValueKind.Null:
                break;
            default:
                throw JsonFields.Unknown(at);
        }
    }

    /// <summary>A call made by a program that OpenAI runs cannot be told to another provider.</summary>
    private static void CheckCaller(JsonElement value, string path)
    {
        if (value.ValueKind != JsonValueKind.Null
            && ResponsesJson.Text(JsonFields.Object(value, path), "type") != "direct")
        {
            throw JsonFields.Unsupported(path, "must be direct for this model's provider");
        }
    }

    private static List<string> Texts(JsonElement value, string path, string type)
    {
        var texts = new List<string>();
        if (value.ValueKind == JsonValueKind.Null)
        {
            return texts;
        }

        foreach (var part in JsonFields.Array(value, path).EnumerateArray())
        {
            var at = $"{path}[{texts.Count}]";
            string? text = null;
            foreach (var property in JsonFields.Object(part, at).EnumerateObject())
            {
                switch (property.Name)
                {
                    case "type" when JsonFields.String(property.Value, at + ".type") == type:
                        break;
                    case "type":
                        throw JsonFields.Unsupported(at + ".type", "must be " + type);
                    case "text":
                        text = JsonFields.String(property.Value, at + ".text");
                        break;
                    default:
                        throw JsonFields.Unknown(at + "." + property.Name);
                }
            }

            texts.Add(text ?? throw JsonFields.Missing(at + ".text"));
        }

        return texts;
    }
}
