using System.Buffers;
using System.Text;
using System.Text.Json;

namespace Quoin.MessagePack;

/// <summary>JSON to MessagePack, in two passes without recursion: see <see cref="MessagePackJson"/>.</summary>
internal static class JsonValues
{
    /// <summary>Strings up to this are unescaped on the stack.</summary>
    private const int StackBytes = 256;

    /// <summary>Goes to the next token.</summary>
    /// <param name="isExpected">Whether there must be one; else there must be none.</param>
    public static void Read(ref Utf8JsonReader json, bool isExpected)
    {
        var at = json.BytesConsumed;
        bool found;
        try
        {
            found = json.Read();
        }
        catch (JsonException)
        {
            throw new MessagePackException(
                MessagePackError.Malformed, json.BytesConsumed, isExpected ? "JSON" : "the end of the JSON");
        }

        if (isExpected && !found)
        {
            throw new MessagePackException(MessagePackError.Incomplete, at, "more JSON", "the end of the input");
        }
    }

    public static MessagePackException Doubled(long offset) =>
        new(MessagePackError.Unrepresentable, offset, "each key once", "a key for the second time");

    /// <summary>How many entries each array and object has, in the order in which they begin.</summary>
    public static List<int> Count(ref Utf8JsonReader json, MessagePackLimits limits)
    {
        var counts = new List<int>();
        var open = new Stack<(int Index, HashSet<string>? Keys)>();
        var start = json.TokenStartIndex;
        while (true)
        {
            var at = json.TokenStartIndex;
            if (json.BytesConsumed - start > limits.MaxMessageBytes)
            {
                throw MessagePackReader.TooLong(limits);
            }

            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    if (!open.Peek().Keys!.Add(TextOf(ref json)))
                    {
                        throw Doubled(at);
                    }

                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    open.Pop();
                    break;
                default:
                    if (open.TryPeek(out var holder))
                    {
                        counts[holder.Index]++;
                        CheckEntries(counts[holder.Index], holder.Keys is not null, limits, at);
                    }

                    if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
                    {
                        if (open.Count >= limits.MaxDepth)
                        {
                            throw ValueWalk.TooDeep(at, limits.MaxDepth);
                        }

                        var isObject = json.TokenType is JsonTokenType.StartObject;
                        open.Push((counts.Count, isObject ? new(StringComparer.Ordinal) : null));
                        counts.Add(0);
                    }

                    break;
            }

            if (open.Count == 0)
            {
                return counts;
            }

            Read(ref json, isExpected: true);
        }
    }

    public static void Write(
        ref Utf8JsonReader json, MessagePackWriter writer, List<int> counts, MessagePackLimits limits)
    {
        var next = 0;
        var depth = 0;
        while (true)
        {
            switch (json.TokenType)
            {
                case JsonTokenType.StartObject:
                    writer.WriteMapHeader(counts[next++]);
                    depth++;
                    break;
                case JsonTokenType.StartArray:
                    writer.WriteArrayHeader(counts[next++]);
                    depth++;
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    depth--;
                    break;
                case JsonTokenType.PropertyName or JsonTokenType.String:
                    WriteText(ref json, writer, limits);
                    break;
                case JsonTokenType.Number:
                    WriteNumber(ref json, writer);
                    break;
                case JsonTokenType.Null:
                    writer.WriteNil();
                    break;
                case JsonTokenType.True or JsonTokenType.False:
                    writer.WriteBoolean(json.TokenType is JsonTokenType.True);
                    break;
                default:
                    throw new MessagePackException(
                        MessagePackError.Malformed, json.TokenStartIndex, "a value", json.TokenType.ToString());
            }

            if (depth == 0)
            {
                return;
            }

            Read(ref json, isExpected: true);
        }
    }

    private static void CheckEntries(int count, bool isMap, MessagePackLimits limits, long offset)
    {
        var most = isMap ? limits.MaxMapEntries : limits.MaxArrayEntries;
        if (count > most)
        {
            throw new MessagePackException(
                MessagePackError.LimitExceeded, offset, $"at most {most} entries in {(isMap ? "a map" : "an array")}");
        }
    }

    private static string TextOf(ref Utf8JsonReader json)
    {
        try
        {
            return json.GetString()!;
        }
        catch (InvalidOperationException)
        {
            throw NoText(json.TokenStartIndex);
        }
    }

    private static void WriteText(ref Utf8JsonReader json, MessagePackWriter writer, MessagePackLimits limits)
    {
        var at = json.TokenStartIndex;
        var length = json.HasValueSequence ? checked((int)json.ValueSequence.Length) : json.ValueSpan.Length;
        var rented = length > StackBytes ? ArrayPool<byte>.Shared.Rent(length) : null;
        try
        {
            var text = rented ?? stackalloc byte[StackBytes];
            text = text[..json.CopyString(text)];
            if (text.Length > limits.MaxStringBytes)
            {
                throw new MessagePackException(
                    MessagePackError.LimitExceeded, at, $"at most {limits.MaxStringBytes} bytes in a string",
                    text.Length.ToString());
            }

            writer.WriteString(text);
        }
        catch (InvalidOperationException)
        {
            throw NoText(at);
        }
        finally
        {
            if (rented is not null)
            {
                ArrayPool<byte>.Shared.Return(rented);
            }
        }
    }

    private static MessagePackException NoText(long offset) => new(
        MessagePackError.Unrepresentable, offset, "text", "bytes that are not UTF-8, or half a surrogate pair");

    /// <summary>Digits alone are an integer, minus zero apart: only a float keeps its sign.</summary>
    private static void WriteNumber(ref Utf8JsonReader json, MessagePackWriter writer)
    {
        ReadOnlySpan<byte> text = json.HasValueSequence ? json.ValueSequence.ToArray() : json.ValueSpan;
        var isWhole = !text.ContainsAny(".eE"u8) && !text.SequenceEqual("-0"u8);
        if (isWhole && json.TryGetInt64(out var signed))
        {
            writer.WriteInteger(signed);
        }
        else if (isWhole && json.TryGetUInt64(out var unsigned))
        {
            writer.WriteInteger(unsigned);
        }
        else if (!isWhole && json.TryGetDouble(out var value) && double.IsFinite(value))
        {
            writer.WriteDouble(value);
        }
        else
        {
            throw new MessagePackException(
                MessagePackError.OutOfRange, json.TokenStartIndex,
                "an integer from -2^63 to 2^64-1, or a finite float", Encoding.ASCII.GetString(text[..Shown(text)]));
        }
    }

    /// <summary>A number may be a megabyte of digits; an error shows some.</summary>
    private static int Shown(ReadOnlySpan<byte> number) => Math.Min(number.Length, 40);
}
