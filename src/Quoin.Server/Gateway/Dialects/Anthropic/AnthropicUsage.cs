using System.Runtime.InteropServices;
using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// The counters of a usage object. input_tokens leaves out what was read from and written to the cache; the totals
/// of <see cref="Usage"/> add them up. A stream tells them at its start and again, grown or in part, at its end:
/// a counter that is told again replaces the earlier one.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal struct AnthropicUsage
{
    private int? _input;
    private int? _cacheRead;
    private int? _cacheWrite;
    private int? _output;
    private int? _thinking;

    /// <summary>Null before anything was told.</summary>
    public readonly Usage? ToUsage() =>
        (_input ?? _cacheRead ?? _cacheWrite ?? _output ?? _thinking) is null ? null : new Usage
        {
            InputTokens = _input is null && _cacheRead is null && _cacheWrite is null
                ? null
                : (_input ?? 0) + (_cacheRead ?? 0) + (_cacheWrite ?? 0),
            OutputTokens = _output,
            CachedInputTokens = _cacheRead,
            CacheWriteTokens = _cacheWrite,
            ReasoningTokens = _thinking,
        };

    public void Read(JsonElement usage)
    {
        _input = AnthropicJson.Count(usage, "input_tokens") ?? _input;
        _cacheRead = AnthropicJson.Count(usage, "cache_read_input_tokens") ?? _cacheRead;
        _cacheWrite = AnthropicJson.Count(usage, "cache_creation_input_tokens") ?? _cacheWrite;
        _output = AnthropicJson.Count(usage, "output_tokens") ?? _output;
        if (AnthropicJson.Object(usage, "output_tokens_details") is { } details)
        {
            _thinking = AnthropicJson.Count(details, "thinking_tokens") ?? _thinking;
        }
    }

    /// <param name="reader">Stands at the usage's value; left at its end.</param>
    public void Read(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("input_tokens"u8))
            {
                Count(ref reader, ref _input);
            }
            else if (reader.ValueTextEquals("output_tokens"u8))
            {
                Count(ref reader, ref _output);
            }
            else if (reader.ValueTextEquals("cache_read_input_tokens"u8))
            {
                Count(ref reader, ref _cacheRead);
            }
            else if (reader.ValueTextEquals("cache_creation_input_tokens"u8))
            {
                Count(ref reader, ref _cacheWrite);
            }
            else if (reader.ValueTextEquals("output_tokens_details"u8))
            {
                ReadDetails(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    public static void Write(Utf8JsonWriter writer, Usage? usage)
    {
        var cached = usage?.CachedInputTokens;
        var written = usage?.CacheWriteTokens;
        writer.WriteStartObject();
        writer.WriteNumber(
            "input_tokens"u8, Math.Max(0, (usage?.InputTokens ?? 0) - (cached ?? 0) - (written ?? 0)));
        if (written is { } cacheWrite)
        {
            writer.WriteNumber("cache_creation_input_tokens"u8, cacheWrite);
        }

        if (cached is { } cacheRead)
        {
            writer.WriteNumber("cache_read_input_tokens"u8, cacheRead);
        }

        writer.WriteNumber("output_tokens"u8, usage?.OutputTokens ?? 0);
        if (usage?.ReasoningTokens is { } thinking)
        {
            writer.WriteStartObject("output_tokens_details"u8);
            writer.WriteNumber("thinking_tokens"u8, thinking);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
    }

    private void ReadDetails(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("thinking_tokens"u8))
            {
                Count(ref reader, ref _thinking);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private static void Count(ref Utf8JsonReader reader, ref int? counter)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var count))
        {
            counter = count;
        }
        else
        {
            reader.Skip();
        }
    }
}
