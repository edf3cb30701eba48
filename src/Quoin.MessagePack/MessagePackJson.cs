using System.Buffers;
using System.Text.Json;

namespace Quoin.MessagePack;

/// <summary>
/// MessagePack as JSON and back. Nil, booleans, integers, floats, strings, arrays and maps have their like. Without one
/// are, and become: binary a string in base64; timestamps a string as RFC 3339 has it; other extensions
/// <c>{"$ext":type,"data":"base64"}</c>. This is one way: JSON gives strings and maps only, for anybody's text may look
/// like base64, and anybody's object may have such keys. Refused either way are keys that come twice; to JSON, keys
/// that are not strings, not-a-number, the infinities and times outside the years 0 to 9999; from JSON, half surrogate
/// pairs and numbers that neither 64 bits nor a finite float hold. A whole float is written without a
/// point (<c>2</c>), and comes back as an integer. When an error is thrown, what has been written so far is of no use.
/// </summary>
public static class MessagePackJson
{
    /// <summary>Writes one message as a JSON value.</summary>
    /// <param name="message">The message, whole, and nothing after it.</param>
    /// <param name="json">Where it goes; not flushed. Its own depth must allow for that of the limits.</param>
    /// <param name="limits">What the message may cost; <see cref="MessagePackLimits.Default"/> if null.</param>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Unrepresentable"/> as above; <see cref="MessagePackError.Incomplete"/>;
    /// <see cref="MessagePackError.Malformed"/> (also for more than one value);
    /// <see cref="MessagePackError.LimitExceeded"/>.
    /// </exception>
    public static void ToJson(ReadOnlySpan<byte> message, Utf8JsonWriter json, MessagePackLimits? limits = null)
    {
        var reader = new MessagePackReader(message, limits);
        ToJson(ref reader, json);
        if (!reader.End)
        {
            throw new MessagePackException(
                MessagePackError.Malformed, reader.Consumed, "the end of the message", "another value");
        }
    }

    /// <summary>Writes the next value of a reader as a JSON value.</summary>
    /// <param name="reader">Its limits hold. Where it stands after an error is not defined.</param>
    /// <param name="json">Where it goes; not flushed. Its own depth must allow for that of the limits.</param>
    /// <exception cref="MessagePackException">As the overload for a message.</exception>
    public static void ToJson(ref MessagePackReader reader, Utf8JsonWriter json)
    {
        ArgumentNullException.ThrowIfNull(json);
        switch (reader.PeekType())
        {
            case MessagePackType.Nil:
                reader.ReadNil();
                json.WriteNullValue();
                break;
            case MessagePackType.Boolean:
                json.WriteBooleanValue(reader.ReadBoolean());
                break;
            case MessagePackType.Integer:
                WriteInteger(ref reader, json);
                break;
            case MessagePackType.Float:
                WriteFloat(ref reader, json);
                break;
            case MessagePackType.String:
                json.WriteStringValue(reader.ReadUtf8());
                break;
            case MessagePackType.Binary:
                json.WriteBase64StringValue(reader.ReadBinary());
                break;
            case MessagePackType.Array:
                WriteArray(ref reader, json);
                break;
            case MessagePackType.Map:
                WriteMap(ref reader, json);
                break;
            default:
                WriteExtension(ref reader, json);
                break;
        }
    }

    /// <summary>Writes one JSON text as a message, numbers and lengths in their shortest form.</summary>
    /// <param name="json">UTF-8 without byte order mark, one value, no comments.</param>
    /// <param name="output">Where the message goes.</param>
    /// <param name="limits">
    /// Bounds of depth, strings and entries, and as MaxMessageBytes of the JSON, not of the message: floats of three
    /// digits grow to nine bytes. <see cref="MessagePackLimits.Default"/> if null.
    /// </param>
    /// <exception cref="MessagePackException">
    /// <see cref="MessagePackError.Malformed"/>: no JSON; <see cref="MessagePackError.Unrepresentable"/> and
    /// <see cref="MessagePackError.OutOfRange"/> as above; <see cref="MessagePackError.LimitExceeded"/>.
    /// </exception>
    public static void FromJson(
        ReadOnlySpan<byte> json, IBufferWriter<byte> output, MessagePackLimits? limits = null)
    {
        limits ??= MessagePackLimits.Default;

        // One level more, so that it is our limit that is met.
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { MaxDepth = limits.MaxDepth + 1 });
        FromJson(ref reader, output, limits);
        JsonValues.Read(ref reader, isExpected: false);
    }

    /// <summary>Writes the value of a JSON reader as a message, numbers and lengths in their shortest form.</summary>
    /// <param name="json">
    /// At the value's first token or before it, with the whole value in its buffer. Moved to the value's last token.
    /// Where it stands after an error is not defined.
    /// </param>
    /// <param name="output">Where the message goes.</param>
    /// <param name="limits">
    /// Bounds of depth, strings and entries, and as MaxMessageBytes of the JSON, not of the message: floats of three
    /// digits grow to nine bytes. <see cref="MessagePackLimits.Default"/> if null.
    /// </param>
    /// <exception cref="MessagePackException">
    /// As the overload for a text; <see cref="MessagePackError.Incomplete"/>: the reader's buffer ends first.
    /// </exception>
    public static void FromJson(
        ref Utf8JsonReader json, IBufferWriter<byte> output, MessagePackLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(output);
        if (json.TokenType is JsonTokenType.None or JsonTokenType.PropertyName)
        {
            JsonValues.Read(ref json, isExpected: true);
        }

        // 1. Headers come before what they count: a first pass counts, in the order of the headers, and checks.
        limits ??= MessagePackLimits.Default;
        var counting = json;
        var counts = JsonValues.Count(ref counting, limits);

        // 2. The second pass writes.
        JsonValues.Write(ref json, new MessagePackWriter(output), counts, limits);
    }

    private static void WriteInteger(ref MessagePackReader reader, Utf8JsonWriter json)
    {
        reader.TryPeekHeader(out var header);
        if (header.IsNegative)
        {
            json.WriteNumberValue(reader.ReadInt64());
        }
        else
        {
            json.WriteNumberValue(reader.ReadUInt64());
        }
    }

    private static void WriteFloat(ref MessagePackReader reader, Utf8JsonWriter json)
    {
        var at = reader.Consumed;
        reader.TryPeekHeader(out var header);
        var value = reader.ReadDouble();
        if (!double.IsFinite(value))
        {
            throw new MessagePackException(MessagePackError.Unrepresentable, at, "a finite number", value.ToString());
        }

        if (header.Code == MessagePackCode.Float32)
        {
            // Fewer digits tell a float of 4 bytes from its neighbours.
            json.WriteNumberValue((float)value);
        }
        else
        {
            json.WriteNumberValue(value);
        }
    }

    private static void WriteArray(ref MessagePackReader reader, Utf8JsonWriter json)
    {
        reader.Enter();
        json.WriteStartArray();
        for (var left = reader.ReadArrayHeader(); left > 0; left--)
        {
            ToJson(ref reader, json);
        }

        json.WriteEndArray();
        reader.Leave();
    }

    private static void WriteMap(ref MessagePackReader reader, Utf8JsonWriter json)
    {
        reader.Enter();
        json.WriteStartObject();
        var keys = new HashSet<string>(StringComparer.Ordinal);
        for (var left = reader.ReadMapHeader(); left > 0; left--)
        {
            var at = reader.Consumed;
            if (reader.PeekType() is var type and not MessagePackType.String)
            {
                throw new MessagePackException(
                    MessagePackError.Unrepresentable, at, "a string as key", type.ToString());
            }

            var key = reader.ReadString();
            if (!keys.Add(key))
            {
                throw JsonValues.Doubled(at);
            }

            json.WritePropertyName(key);
            ToJson(ref reader, json);
        }

        json.WriteEndObject();
        reader.Leave();
    }

    private static void WriteExtension(ref MessagePackReader reader, Utf8JsonWriter json)
    {
        var at = reader.Consumed;
        if (!reader.TryPeekExtensionType(out var type))
        {
            throw reader.Incomplete("an extension");
        }

        if (type == MessagePackTimestamp.ExtensionType)
        {
            var timestamp = reader.ReadTimestamp();
            json.WriteStringValue(timestamp.TryFormat(out var text)
                ? text
                : throw new MessagePackException(
                    MessagePackError.Unrepresentable, at, "a time in the years 0 to 9999", timestamp.ToString()));
            return;
        }

        json.WriteStartObject();
        json.WriteNumber("$ext"u8, type);
        json.WriteBase64String("data"u8, reader.ReadExtension(out _));
        json.WriteEndObject();
    }
}
