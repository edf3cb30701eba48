using System.Runtime.InteropServices;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// usageMetadata. Gemini counts apart what <see cref="Usage"/> adds up: thoughts are not in candidatesTokenCount,
/// and the prompts of provider-executed tools are not in promptTokenCount.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct GeminiUsage
{
    private int? _prompt;
    private int? _toolUse;
    private int? _cached;
    private int? _candidates;
    private int? _thoughts;

    /// <summary>Null when no counter was told, as in the early events of a Vertex stream.</summary>
    public static Usage? Read(JsonElement element)
    {
        if (element.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var counts = new GeminiUsage
        {
            _prompt = Counter(element, "promptTokenCount"u8),
            _toolUse = Counter(element, "toolUsePromptTokenCount"u8),
            _cached = Counter(element, "cachedContentTokenCount"u8),
            _candidates = Counter(element, "candidatesTokenCount"u8),
            _thoughts = Counter(element, "thoughtsTokenCount"u8),
        };
        return counts.ToUsage();
    }

    /// <summary>Reads the value the reader stands on.</summary>
    public static Usage? Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return null;
        }

        var counts = default(GeminiUsage);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("promptTokenCount"u8))
            {
                counts._prompt = Counter(ref reader);
            }
            else if (reader.ValueTextEquals("toolUsePromptTokenCount"u8))
            {
                counts._toolUse = Counter(ref reader);
            }
            else if (reader.ValueTextEquals("cachedContentTokenCount"u8))
            {
                counts._cached = Counter(ref reader);
            }
            else if (reader.ValueTextEquals("candidatesTokenCount"u8))
            {
                counts._candidates = Counter(ref reader);
            }
            else if (reader.ValueTextEquals("thoughtsTokenCount"u8))
            {
                counts._thoughts = Counter(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return counts.ToUsage();
    }

    public static void Write(Utf8JsonWriter json, Usage usage)
    {
        json.WriteStartObject("usageMetadata"u8);
        WriteCounter(json, "promptTokenCount"u8, usage.InputTokens);
        WriteCounter(json, "cachedContentTokenCount"u8, usage.CachedInputTokens);
        WriteCounter(json, "candidatesTokenCount"u8, usage.OutputTokens - (usage.ReasoningTokens ?? 0));
        WriteCounter(json, "thoughtsTokenCount"u8, usage.ReasoningTokens);
        json.WriteNumber("totalTokenCount"u8, usage.TotalTokens);
        json.WriteEndObject();
    }

    private static void WriteCounter(Utf8JsonWriter json, ReadOnlySpan<byte> name, int? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    private static int? Counter(JsonElement element, ReadOnlySpan<byte> name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out var number)
            ? number
            : null;

    private static int? Counter(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var number))
        {
            return number;
        }

        reader.Skip();
        return null;
    }

    private readonly Usage? ToUsage() =>
        (_prompt ?? _toolUse ?? _cached ?? _candidates ?? _thoughts) is null ? null : new Usage
        {
            InputTokens = Sum(_prompt, _toolUse),
            CachedInputTokens = _cached,
            OutputTokens = Sum(_candidates, _thoughts),
            ReasoningTokens = _thoughts,
        };

    private static int? Sum(int? one, int? other) => one is null ? other : one + (other ?? 0);
}
