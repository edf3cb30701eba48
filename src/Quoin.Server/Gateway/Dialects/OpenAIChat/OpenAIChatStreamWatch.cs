using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>
/// Watches relayed chat completion (and legacy completion) chunks. Content is any non-empty text, thought, refusal
/// or tool call; the end marker is <c>[DONE]</c>, and an answer with a finish reason is complete without it.
/// </summary>
internal sealed class OpenAIChatStreamWatch : StreamWatch
{
    public override WatchVerdict Observe(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return WatchVerdict.End;
        }

        try
        {
            return ObserveChunk(data);
        }
        catch (JsonException)
        {
            return WatchVerdict.Malformed;
        }
    }

    public override bool Complete(IBufferWriter<byte> output)
    {
        if (Finish is null)
        {
            return false;
        }

        output.Write("data: [DONE]\n\n"u8);
        return true;
    }

    private WatchVerdict ObserveChunk(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return WatchVerdict.Malformed;
        }

        var (content, failed) = (false, false);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                content |= ObserveChoices(ref reader);
            }
            else if (reader.ValueTextEquals("model"u8) && Model is null)
            {
                reader.Read();
                Model = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                Usage = OpenAIChatUsage.Read(ref reader) ?? Usage;
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                failed = reader.TokenType != JsonTokenType.Null;
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        while (reader.Read())
        {
        }

        if (failed)
        {
            Error = OpenAIErrors.Read(200, data);
            return WatchVerdict.Error;
        }

        return content ? WatchVerdict.Content : WatchVerdict.Preamble;
    }

    private bool ObserveChoices(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return false;
        }

        var content = false;
        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            if (reader.CurrentDepth == depth + 2 && reader.ValueTextEquals("finish_reason"u8))
            {
                reader.Read();
                Finish = OpenAIChatFacts.FinishOfToken(ref reader) ?? Finish;
            }
            else if (reader.CurrentDepth == depth + 2 && reader.ValueTextEquals("text"u8))
            {
                content |= HasText(ref reader);
            }
            else if (reader.CurrentDepth == depth + 3 && IsContentName(ref reader))
            {
                content |= HasText(ref reader);
            }
        }

        return content || Finish is not null;
    }

    private static bool IsContentName(ref Utf8JsonReader reader) =>
        reader.ValueTextEquals("content"u8) || reader.ValueTextEquals("tool_calls"u8)
        || reader.ValueTextEquals("reasoning_content"u8) || reader.ValueTextEquals("reasoning"u8)
        || reader.ValueTextEquals("refusal"u8);

    private static bool HasText(ref Utf8JsonReader reader)
    {
        reader.Read();
        return reader.TokenType switch
        {
            JsonTokenType.String => !reader.ValueSpan.IsEmpty,
            JsonTokenType.StartArray or JsonTokenType.StartObject => true,
            _ => false,
        };
    }
}
