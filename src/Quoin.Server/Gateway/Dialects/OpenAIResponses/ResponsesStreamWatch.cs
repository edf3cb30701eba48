using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>
/// Watches relayed response events by their type, which may stand anywhere in the payload. Content is any delta, a
/// finished item and the announcement of a call; usage and ending are told by the last event, calls and refusals by
/// the items before it. Only response.completed and response.incomplete end an answer.
/// </summary>
internal sealed class ResponsesStreamWatch : StreamWatch
{
    private bool _called;
    private bool _refused;

    private enum Kind
    {
        Other,
        Delta,
        Refusal,
        ItemAdded,
        ItemDone,
        End,
        Failure,
    }

    public override WatchVerdict Observe(ReadOnlySpan<byte> eventName, ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            return WatchVerdict.Preamble;
        }

        try
        {
            return ObserveEvent(data);
        }
        catch (JsonException)
        {
            return WatchVerdict.Malformed;
        }
    }

    /// <summary>There is no other end marker, so a stream that did not end by one is cut.</summary>
    public override bool Complete(IBufferWriter<byte> output) => false;

    private WatchVerdict ObserveEvent(ReadOnlySpan<byte> data)
    {
        var reader = new Utf8JsonReader(data);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            return WatchVerdict.Malformed;
        }

        var (kind, typed, call, error) = (Kind.Other, false, false, false);
        var facts = default(ResponsesFacts);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                typed = reader.TokenType != JsonTokenType.Null;
                kind = KindOf(ref reader);
            }
            else if (reader.ValueTextEquals("item"u8))
            {
                reader.Read();
                call = IsCall(ref reader);
            }
            else if (reader.ValueTextEquals("response"u8))
            {
                reader.Read();
                facts = ResponsesFacts.Read(ref reader);
            }
            else
            {
                var named = reader.ValueTextEquals("error"u8);
                reader.Read();
                error |= named && reader.TokenType == JsonTokenType.StartObject;
                reader.Skip();
            }
        }

        while (reader.Read())
        {
        }

        Model = facts.Model ?? Model;
        _called |= call;
        _refused |= kind == Kind.Refusal;
        return Verdict(error && !typed ? Kind.Failure : kind, call, facts, data);
    }

    private WatchVerdict Verdict(Kind kind, bool call, ResponsesFacts facts, ReadOnlySpan<byte> data)
    {
        switch (kind)
        {
            case Kind.Delta or Kind.Refusal or Kind.ItemDone:
                return WatchVerdict.Content;
            case Kind.ItemAdded:
                return call ? WatchVerdict.Content : WatchVerdict.Preamble;
            case Kind.End:
                Usage = facts.Usage ?? Usage;
                Finish = facts.Finish(_called || facts.Called, _refused || facts.Refused);
                return WatchVerdict.End;
            case Kind.Failure:
                Usage = facts.Usage ?? Usage;
                Error = ResponsesErrors.Read(data);
                return WatchVerdict.Error;
            default:
                return WatchVerdict.Preamble;
        }
    }

    private static Kind KindOf(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return Kind.Other;
        }

        // Type names are plain ASCII; one that is written with escapes is some other type.
        var type = reader.ValueSpan;
        return type switch
        {
            _ when type.StartsWith("response.refusal."u8) => Kind.Refusal,
            _ when type.EndsWith(".delta"u8) => Kind.Delta,
            _ when type.SequenceEqual("response.output_item.added"u8) => Kind.ItemAdded,
            _ when type.SequenceEqual("response.output_item.done"u8) => Kind.ItemDone,
            _ when type.SequenceEqual("response.completed"u8) => Kind.End,
            _ when type.SequenceEqual("response.incomplete"u8) => Kind.End,
            _ when type.SequenceEqual("response.failed"u8) || type.SequenceEqual("error"u8) => Kind.Failure,
            _ => Kind.Other,
        };
    }

    /// <summary>Reads the item at which the reader stands, and leaves it at its end.</summary>
    private static bool IsCall(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return false;
        }

        var call = false;
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var type = reader.ValueTextEquals("type"u8);
            reader.Read();
            if (type && reader.TokenType == JsonTokenType.String)
            {
                call = reader.ValueTextEquals("function_call"u8) || reader.ValueTextEquals("custom_tool_call"u8);
            }

            reader.Skip();
        }

        return call;
    }
}
