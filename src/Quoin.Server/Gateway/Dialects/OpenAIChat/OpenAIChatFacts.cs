using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIChat;

/// <summary>One forward-only read of an unstreamed completion that is relayed untouched.</summary>
internal static class OpenAIChatFacts
{
    public static ResponseFacts Read(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        string? model = null;
        FinishReason? finish = null;
        Usage? usage = null;
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("an answer must be an object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                model = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                usage = OpenAIChatUsage.Read(ref reader);
            }
            else if (reader.ValueTextEquals("choices"u8))
            {
                reader.Read();
                finish = FinishOf(ref reader) ?? finish;
            }
            else
            {
                reader.Skip();
            }
        }

        while (reader.Read())
        {
        }

        return new ResponseFacts(model, finish, usage);
    }

    private static FinishReason? FinishOf(ref Utf8JsonReader reader)
    {
        FinishReason? finish = null;
        var depth = reader.CurrentDepth;
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return null;
        }

        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType == JsonTokenType.PropertyName && reader.CurrentDepth == depth + 2
                && reader.ValueTextEquals("finish_reason"u8))
            {
                reader.Read();
                finish = FinishOfToken(ref reader) ?? finish;
            }
        }

        return finish;
    }

    /// <summary>The finish reason at which the reader stands; null when it is null.</summary>
    public static FinishReason? FinishOfToken(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            return null;
        }

        return reader.ValueTextEquals("stop"u8) ? FinishReason.Stop
            : OpenAIChatBody.FinishReasonOf(reader.GetString(), false, false);
    }
}
