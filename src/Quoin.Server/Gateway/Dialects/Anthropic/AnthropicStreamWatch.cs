using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>
/// Watches a relayed message stream. The whole payload is walked once, which proves that it is JSON; only usage,
/// stop reason, model and errors are kept. A message_start that comes again passes: the client sees it as it is.
/// </summary>
internal sealed class AnthropicStreamWatch : StreamWatch
{
    private AnthropicUsage _usage;

    private enum EventType
    {
        Other,
        MessageStart,
        BlockStart,
        BlockDelta,
        BlockStop,
        MessageDelta,
        MessageStop,
        Error,
    }

    public override WatchVerdict Observe(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        try
        {
            return Observe(data);
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

        output.Write("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n"u8);
        return true;
    }

    private WatchVerdict Observe(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return WatchVerdict.Malformed;
        }

        var type = EventType.Other;
        var announcement = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                type = TypeOf(ref reader);
                reader.Skip();
            }
            else if (reader.ValueTextEquals("message"u8))
            {
                ReadMessage(ref reader);
            }
            else if (reader.ValueTextEquals("content_block"u8))
            {
                announcement = IsAnnouncement(ref reader);
            }
            else if (reader.ValueTextEquals("delta"u8))
            {
                ReadDelta(ref reader);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                ReadUsage(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                ReadError(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        // Anything after the object is an error of the reader's own.
        reader.Read();
        return type switch
        {
            EventType.MessageStop => WatchVerdict.End,
            EventType.Error => WatchVerdict.Error,
            EventType.MessageStart or EventType.Other => WatchVerdict.Preamble,
            EventType.BlockStart when announcement => WatchVerdict.Preamble,
            _ => WatchVerdict.Content,
        };
    }

    private static EventType TypeOf(ref Utf8JsonReader reader) => reader.TokenType != JsonTokenType.String
        ? EventType.Other
        : reader.ValueSpan switch
        {
            var name when name.SequenceEqual("content_block_delta"u8) => EventType.BlockDelta,
            var name when name.SequenceEqual("content_block_start"u8) => EventType.BlockStart,
            var name when name.SequenceEqual("content_block_stop"u8) => EventType.BlockStop,
            var name when name.SequenceEqual("message_start"u8) => EventType.MessageStart,
            var name when name.SequenceEqual("message_delta"u8) => EventType.MessageDelta,
            var name when name.SequenceEqual("message_stop"u8) => EventType.MessageStop,
            var name when name.SequenceEqual("error"u8) => EventType.Error,
            _ => EventType.Other,
        };

    private void ReadMessage(ref Utf8JsonReader reader)
    {
        if (!EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                Model = String(ref reader) ?? Model;
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                ReadUsage(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadDelta(ref Utf8JsonReader reader)
    {
        if (!EnterObject(ref reader))
        {
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("stop_reason"u8))
            {
                reader.Read();
                if (reader.TokenType == JsonTokenType.String)
                {
                    Finish = AnthropicStopReason.Read(reader.ValueSpan);
                }
            }

            reader.Skip();
        }
    }

    private void ReadError(ref Utf8JsonReader reader)
    {
        if (!EnterObject(ref reader))
        {
            return;
        }

        string? message = null;
        string? type = null;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("message"u8))
            {
                message = String(ref reader);
            }
            else if (reader.ValueTextEquals("type"u8))
            {
                type = String(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        Error = new UpstreamError(message, type, null, null);
    }

    private void ReadUsage(ref Utf8JsonReader reader)
    {
        _usage.Read(ref reader);
        Usage = _usage.ToUsage();
    }

    /// <summary>Text and thoughts start empty; every other block says something by its start.</summary>
    private static bool IsAnnouncement(ref Utf8JsonReader reader)
    {
        if (!EnterObject(ref reader))
        {
            return false;
        }

        var announcement = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                announcement = reader.TokenType == JsonTokenType.String
                    && (reader.ValueTextEquals("text"u8) || reader.ValueTextEquals("thinking"u8));
            }

            reader.Skip();
        }

        return announcement;
    }

    private static bool EnterObject(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.StartObject)
        {
            return true;
        }

        reader.Skip();
        return false;
    }

    private static string? String(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType == JsonTokenType.String)
        {
            try
            {
                return reader.GetString();
            }
            catch (InvalidOperationException exception)
            {
                throw new JsonException("invalid text", exception);
            }
        }

        reader.Skip();
        return null;
    }
}
