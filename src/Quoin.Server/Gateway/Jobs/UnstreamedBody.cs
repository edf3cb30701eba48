using System.Buffers;
using System.Text.Json;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>
/// A job's answer is fetched whole, so nobody is asked to stream it: the members that ask for a stream are left out of
/// the body, and all else stays byte for byte. The body is sound JSON (the envelope was read before).
/// </summary>
internal static class UnstreamedBody
{
    public static ReadOnlyMemory<byte> Of(ReadOnlyMemory<byte> body)
    {
        var reader = new Utf8JsonReader(body.Span, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
        var members = new List<(int Start, int End)>();
        var asks = false;
        reader.Read();
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var start = (int)reader.TokenStartIndex;
            var streams = reader.ValueTextEquals("stream"u8) || reader.ValueTextEquals("stream_options"u8);
            reader.Read();
            reader.Skip();
            asks |= streams;
            if (!streams)
            {
                members.Add((start, (int)reader.BytesConsumed));
            }
        }

        return asks ? Join(body.Span, members) : body.ToArray();
    }

    private static ReadOnlyMemory<byte> Join(ReadOnlySpan<byte> body, List<(int Start, int End)> members)
    {
        var output = new ArrayBufferWriter<byte>(body.Length);
        output.Write("{"u8);
        for (var i = 0; i < members.Count; i++)
        {
            output.Write(i > 0 ? ","u8 : default);
            output.Write(body[members[i].Start..members[i].End]);
        }

        output.Write("}"u8);
        return output.WrittenMemory;
    }
}
