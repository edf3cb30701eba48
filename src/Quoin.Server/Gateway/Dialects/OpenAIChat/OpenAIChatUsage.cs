using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// The <c>usage</c> object of chat completions, completions and embeddings. xAI counts reasoning beside the
/// completion tokens, which shows in the total; the two are added up.
/// </summary>
internal static class OpenAIChatUsage
{
    public static void Write(Utf8JsonWriter writer, Usage usage)
    {
        writer.WriteStartObject();
        writer.WriteNumber("prompt_tokens"u8, usage.InputTokens ?? 0);
        writer.WriteNumber("completion_tokens"u8, usage.OutputTokens ?? 0);
        writer.WriteNumber("total_tokens"u8, usage.TotalTokens);
        if ((usage.CachedInputTokens ?? usage.CacheWriteTokens) is not null)
        {
            writer.WriteStartObject("prompt_tokens_details"u8);
            WriteKnown(writer, "cached_tokens"u8, usage.CachedInputTokens);
            WriteKnown(writer, "cache_write_tokens"u8, usage.CacheWriteTokens);
            writer.WriteEndObject();
        }

        if (usage.ReasoningTokens is not null)
        {
            writer.WriteStartObject("completion_tokens_details"u8);
            WriteKnown(writer, "reasoning_tokens"u8, usage.ReasoningTokens);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private static void WriteKnown(Utf8JsonWriter writer, ReadOnlySpan<byte> name, int? tokens)
    {
        if (tokens is { } count)
        {
            writer.WriteNumber(name, count);
        }
    }

    public static Usage? Read(JsonElement usage)
    {
        if (usage.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var prompt = usage.TryGetProperty("prompt_tokens_details", out var input) ? input : default;
        var completion = usage.TryGetProperty("completion_tokens_details", out var output) ? output : default;
        return Make(
            Number(usage, "prompt_tokens"),
            Number(usage, "completion_tokens"),
            Number(usage, "total_tokens"),
            Number(prompt, "cached_tokens"),
            Number(prompt, "cache_write_tokens"),
            Number(completion, "reasoning_tokens"));
    }

    /// <summary>Reads the object at which <paramref name="reader"/> stands, and leaves it at its end.</summary>
    public static Usage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        int? prompt = null, completion = null, total = null, cached = null, written = null, reasoning = null;
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.ValueTextEquals("prompt_tokens"u8))
            {
                prompt = Number(ref reader);
            }
            else if (reader.ValueTextEquals("completion_tokens"u8))
            {
                completion = Number(ref reader);
            }
            else if (reader.ValueTextEquals("total_tokens"u8))
            {
                total = Number(ref reader);
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

        return Make(prompt, completion, total, cached, written, reasoning);
    }

    private static Usage Make(int? prompt, int? completion, int? total, int? cached, int? written, int? reasoning)
    {
        var apart = reasoning > 0 && total == prompt + completion + reasoning && total != prompt + completion;
        return new Usage
        {
            InputTokens = prompt,
            OutputTokens = apart ? completion + reasoning : completion,
            CachedInputTokens = cached,
            CacheWriteTokens = written,
            ReasoningTokens = reasoning,
        };
    }

    private static int? Number(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number)
            ? number
            : null;

    private static int? Number(ref Utf8JsonReader reader) =>
        reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number)
            ? number
            : null;
}
