using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>The <c>usage</c> object of a response.</summary>
internal static class ResponsesUsage
{
    /// <summary>OpenAI's clients demand the details, so what was not told is written as 0.</summary>
    public static void Write(Utf8JsonWriter writer, Usage? usage)
    {
        if (usage is null)
        {
            writer.WriteNullValue();
            return;
        }

        writer.WriteStartObject();
        writer.WriteNumber("input_tokens"u8, usage.InputTokens ?? 0);
        writer.WriteStartObject("input_tokens_details"u8);
        writer.WriteNumber("cached_tokens"u8, usage.CachedInputTokens ?? 0);
        if (usage.CacheWriteTokens is { } written)
        {
            writer.WriteNumber("cache_write_tokens"u8, written);
        }

        writer.WriteEndObject();
        writer.WriteNumber("output_tokens"u8, usage.OutputTokens ?? 0);
        writer.WriteStartObject("output_tokens_details"u8);
        writer.WriteNumber("reasoning_tokens"u8, usage.ReasoningTokens ?? 0);
        writer.WriteEndObject();
        writer.WriteNumber("total_tokens"u8, usage.TotalTokens);
        writer.WriteEndObject();
    }

    public static Usage? Read(JsonElement response)
    {
        var usage = ResponsesJson.Find(response, "usage");
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var input = ResponsesJson.Find(usage, "input_tokens_details");
        var output = ResponsesJson.Find(usage, "output_tokens_details");
        return new Usage
        {
            InputTokens = ResponsesJson.Integer(usage, "input_tokens"),
            OutputTokens = ResponsesJson.Integer(usage, "output_tokens"),
            CachedInputTokens = ResponsesJson.Integer(input, "cached_tokens"),
            CacheWriteTokens = ResponsesJson.Integer(input, "cache_write_tokens"),
            ReasoningTokens = ResponsesJson.Integer(output, "reasoning_tokens"),
        };
    }

    /// <summary>Reads the value at which <paramref name="reader"/> stands, and leaves it at its end.</summary>
    public static Usage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        int? input = null, output = null, cached = null, written = null, reasoning = null;
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueTextEquals("input_tokens"u8))
            {
                input = Number(ref reader);
            }
            else if (reader.ValueTextEquals("output_tokens"u8))
            {
                output = Number(ref reader);
            }
            else if (reader.ValueTextEquals("cached_tokens"u8))
            {
                cached = Number(ref reader);
            }
            else if (reader.ValueTextEquals("cache_write_tokens"u8))
            {
                written = Number(ref reader);
            }
            else if (reader.ValueTextEquals("reasoning_tokens"u8))
            {
                reasoning = Number(ref reader);
            }
        }

        return new Usage
        {
            InputTokens = input,
            OutputTokens = output,
            CachedInputTokens = cached,
            CacheWriteTokens = written,
            ReasoningTokens = reasoning,
        };
    }

    private static int? Number(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number)
            ? number
            : null;
}
