using System.Text;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>The content blocks that requests and answers share, as JSON.</summary>
internal static class AnthropicBlocks
{
    public static void WriteText(Utf8JsonWriter writer, string text)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "text"u8);
        writer.WriteString("text"u8, text);
        writer.WriteEndObject();
    }

    public static void WriteThinking(Utf8JsonWriter writer, string text, string signature)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "thinking"u8);
        writer.WriteString("thinking"u8, text);
        writer.WriteString("signature"u8, signature);
        writer.WriteEndObject();
    }

    public static void WriteRedactedThinking(Utf8JsonWriter writer, string data)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "redacted_thinking"u8);
        writer.WriteString("data"u8, data);
        writer.WriteEndObject();
    }

    /// <param name="input">JSON text of an object.</param>
    public static void WriteToolUse(Utf8JsonWriter writer, string id, string name, string input)
    {
        writer.WriteStartObject();
        writer.WriteString("type"u8, "tool_use"u8);
        writer.WriteString("id"u8, id);
        writer.WriteString("name"u8, name);
        writer.WritePropertyName("input"u8);
        writer.WriteRawValue(input, skipInputValidation: true);
        writer.WriteEndObject();
    }

    /// <summary>Whether the text is one JSON object; the empty text stands for {}.</summary>
    public static bool IsObject(string json)
    {
        if (json.Length == 0)
        {
            return true;
        }

        try
        {
            var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
            reader.Read();
            if (reader.TokenType != JsonTokenType.StartObject)
            {
                return false;
            }

            reader.Skip();
            return !reader.Read();
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
