using System.Buffers;
using System.Text.Json;
using Quoin.MessagePack;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// MessagePack messages: skipped, cut out of a stream and turned into JSON, each the same however the bytes lie. What
/// is skipped is what is framed; the JSON is sound, and goes there and back. (Once more, for a float of 4 bytes becomes
/// one of 8, whose digits may be others.)
/// </summary>
internal sealed class MessagePackTarget() : FuzzTarget("messagepack", InputFormat.Text)
{
    private static readonly MessagePackLimits Limits = new() { MaxDepth = 40, MaxStringBytes = 4096 };

    public override IEnumerable<byte[]> Corpus()
    {
        yield return Made(static writer =>
        {
            writer.WriteMapHeader(5);
            writer.WriteString("id");
            writer.WriteInteger(4_000_000_000L);
            writer.WriteString("text");
            writer.WriteString(new string('ä', 200));
            writer.WriteString("list");
            writer.WriteArrayHeader(4);
            writer.WriteInteger(-5);
            writer.WriteDouble(0.25);
            writer.WriteSingle(-1e20f);
            writer.WriteNil();
            writer.WriteString("bytes");
            writer.WriteBinary(new byte[300]);
            writer.WriteString("inner");
            writer.WriteMapHeader(1);
            writer.WriteString("ok");
            writer.WriteBoolean(true);
        });
        yield return Made(static writer =>
        {
            writer.WriteArrayHeader(20);
            for (var i = 0; i < 10; i++)
            {
                writer.WriteTimestamp(((long)i - 5) << (4 * i), i * 1000);
                writer.WriteExtension((sbyte)i, new byte[1 << i]);
            }
        });
        yield return Made(static writer =>
        {
            for (var i = 0; i < 39; i++)
            {
                writer.WriteArrayHeader(1);
            }

            writer.WriteInteger(ulong.MaxValue);
        });
        yield return [0xdf, 0, 0, 0, 1, 0xdb, 0, 0, 0, 1, (byte)'k', 0xdd, 0, 0, 0, 1, 0xd3, 0, 0, 0, 0, 0, 0, 0, 1];
    }

    public override void Run(byte[] input)
    {
        var skipped = Skip(new(input));
        CheckFraming(input, input.Length, skipped);
        var json = Json(new(input));
        foreach (var piece in new[] { 1, 7 })
        {
            var segments = ByteSegments.CutEvery(input, piece);
            FuzzFailure.Unless(Skip(segments) == skipped, $"cut into pieces of {piece} it is skipped otherwise");
            CheckFraming(input, piece, skipped);
            FuzzFailure.Unless(
                Json(segments).AsSpan().SequenceEqual(json), $"cut into pieces of {piece} it is other JSON");
        }

        if (json.Length > 0)
        {
            Sound.Json(json, "the JSON of a message");
            var once = Json(new(FromJson(json)));
            var twice = Json(new(FromJson(once)));
            FuzzFailure.Unless(once.Length > 0 && once.AsSpan().SequenceEqual(twice), "JSON changes there and back");
        }
    }

    private static byte[] FromJson(byte[] json)
    {
        var output = new ArrayBufferWriter<byte>();
        MessagePackJson.FromJson(json, output);
        return output.WrittenSpan.ToArray();
    }

    private static string Skip(ReadOnlySequence<byte> input)
    {
        var reader = new MessagePackReader(input, Limits);
        try
        {
            return reader.TrySkip() ? $"{reader.Consumed} bytes" : "incomplete";
        }
        catch (MessagePackException e)
        {
            FuzzFailure.Unless(reader.Consumed == 0, "a reader moved and threw");
            return $"{e.Error} at {e.Offset}";
        }
    }

    /// <summary>
    /// What is a whole value to one is to the other. Which of several faults is met, or none before the end, depends on
    /// how much has come.
    /// </summary>
    private static void CheckFraming(byte[] input, int piece, string skipped)
    {
        var framed = Frame(input, piece);
        var isWhole = framed.EndsWith(" bytes", StringComparison.Ordinal)
            || skipped.EndsWith(" bytes", StringComparison.Ordinal);
        FuzzFailure.Unless(!isWhole || framed == skipped, $"in pieces of {piece} other bytes are framed than skipped");
    }

    private static string Frame(byte[] input, int piece)
    {
        var framing = new MessagePackFraming(Limits);
        try
        {
            for (var length = 0; length < input.Length; length = Math.Min(input.Length, length + piece))
            {
                var part = new ReadOnlySequence<byte>(input, 0, length);
                if (framing.TryReadMessage(ref part, out var message))
                {
                    return $"{message.Length} bytes";
                }
            }

            var whole = new ReadOnlySequence<byte>(input);
            return framing.TryReadMessage(ref whole, out var last) ? $"{last.Length} bytes" : "incomplete";
        }
        catch (MessagePackException e)
        {
            return $"{e.Error} at {e.Offset}";
        }
    }

    /// <summary>Empty when refused.</summary>
    private static byte[] Json(ReadOnlySequence<byte> input)
    {
        var reader = new MessagePackReader(input);
        var output = new ArrayBufferWriter<byte>();
        using var json = new Utf8JsonWriter(output);
        try
        {
            MessagePackJson.ToJson(ref reader, json);
        }
        catch (MessagePackException)
        {
            return [];
        }

        json.Flush();
        return output.WrittenSpan.ToArray();
    }

    private delegate void Writing(MessagePackWriter writer);

    private static byte[] Made(Writing write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(new MessagePackWriter(output));
        return output.WrittenSpan.ToArray();
    }
}
