using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Anthropic;

/// <summary>Model, stop reason and usage of an unstreamed message, by one forward-only read.</summary>
internal static class AnthropicResponseFacts
{
    public static ResponseFacts Read(ReadOnlySpan<byte> body)
    {
        string? model = null;
        FinishReason? finish = null;
        var usage = default(AnthropicUsage);
        var reader = new Utf8JsonReader(body);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("not an object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                model = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("stop_reason"u8))
            {
                reader.Read();
                finish = reader.TokenType == JsonTokenType.String ? AnthropicStopReason.Read(reader.ValueSpan) : null;
                reader.Skip();
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                usage.Read(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return new ResponseFacts(model, finish, usage.ToUsage());
    }
}
