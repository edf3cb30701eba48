using System.Text.Json;
using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.Dialects.OpenAIChat;

namespace Quoin.Server.Gateway.Dialects.OpenAICompletions;

/// <summary>
/// Reads a legacy completion as a chat of one user turn. The sampling fields are those of chat completions and are
/// read by its reader; what only a completion has (suffix, echo, best_of, numeric logprobs, several prompts, token
/// ids) cannot be said in a chat and is refused.
/// </summary>
internal static class CompletionsRequestReader
{
    public static ChatRequest Read(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        using var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        var chat = new System.Buffers.ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(chat, JsonOutput.Options))
        {
            writer.WriteStartObject();
            foreach (var property in JsonFields.Once(document.RootElement))
            {
                Copy(property, writer);
            }

            writer.WriteEndObject();
        }

        return OpenAIChatRequestReader.Read(chat.WrittenMemory, envelope);
    }

    private static void Copy(JsonProperty property, Utf8JsonWriter writer)
    {
        var value = property.Value;
        switch (property.Name)
        {
            case "prompt":
                writer.WriteStartArray("messages"u8);
                writer.WriteStartObject();
                writer.WriteString("role"u8, "user"u8);
                writer.WriteString("content"u8, Prompt(value));
                writer.WriteEndObject();
                writer.WriteEndArray();
                break;
            case "suffix" or "logprobs" when value.ValueKind == JsonValueKind.Null:
            case "echo" when value.ValueKind is JsonValueKind.Null or JsonValueKind.False:
            case "best_of" when value.ValueKind == JsonValueKind.Null
                || (value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var n) && n == 1):
                break;
            case "suffix" or "logprobs" or "echo" or "best_of":
                throw JsonFields.Unsupported(property.Name, "cannot be translated for this model's provider");
            case "messages":
                throw JsonFields.Unknown("messages");
            default:
                property.WriteTo(writer);
                break;
        }
    }

    private static string Prompt(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => value.GetString()!,
        JsonValueKind.Array when value.GetArrayLength() == 1 && value[0].ValueKind == JsonValueKind.String =>
            value[0].GetString()!,
        _ => throw JsonFields.Unsupported("prompt", "must be one string to be translated for this model's provider"),
    };
}
