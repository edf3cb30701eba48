using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>What one forward-only read finds in a response object that is relayed untouched.</summary>
internal struct ResponsesFacts
{
    private bool _failed;
    private bool _incomplete;
    private string? _reason;

    public string? Model { get; private set; }

    public Usage? Usage { get; private set; }

    public bool Called { get; private set; }

    public bool Refused { get; private set; }

    public static ResponseFacts ReadBody(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("an answer must be an object");
        }

        var facts = Read(ref reader);
        while (reader.Read())
        {
        }

        return new ResponseFacts(facts.Model, facts.Finish(facts.Called, facts.Refused), facts.Usage);
    }

    /// <summary>Reads the object at which <paramref name="reader"/> stands, and leaves it at its end.</summary>
    public static ResponsesFacts Read(ref Utf8JsonReader reader)
    {
        var facts = default(ResponsesFacts);
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return facts;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                facts.Model = Text(ref reader);
            }
            else if (reader.ValueTextEquals("usage"u8))
            {
                reader.Read();
                facts.Usage = ResponsesUsage.Read(ref reader);
            }
            else if (reader.ValueTextEquals("status"u8))
            {
                reader.Read();
                facts._incomplete = Is(ref reader, "incomplete"u8);
                facts._failed = Is(ref reader, "failed"u8);
                reader.Skip();
            }
            else if (reader.ValueTextEquals("incomplete_details"u8))
            {
                reader.Read();
                facts._reason = ReadReason(ref reader);
            }
            else if (reader.ValueTextEquals("output"u8))
            {
                reader.Read();
                facts.ReadOutput(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return facts;
    }

    /// <summary>Null for an answer that failed.</summary>
    public readonly FinishReason? Finish(bool called, bool refused) => _failed
        ? null
        : ResponsesFinish.Read(_incomplete ? _reason ?? "max_output_tokens" : null, called, refused);

    public static string? Text(ref Utf8JsonReader reader)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        reader.Skip();
        return text;
    }

    private static string? ReadReason(ref Utf8JsonReader reader)
    {
        string? reason = null;
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return reason;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var found = reader.ValueTextEquals("reason"u8);
            reader.Read();
            if (found)
            {
                reason = Text(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        return reason;
    }

    private void ReadOutput(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        var depth = reader.CurrentDepth;
        while (reader.Read() && reader.CurrentDepth > depth)
        {
            if (reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var level = reader.CurrentDepth - depth;
            if (level is 2 or 4 && reader.ValueTextEquals("type"u8))
            {
                reader.Read();
                Called |= level == 2 && (Is(ref reader, "function_call"u8) || Is(ref reader, "custom_tool_call"u8));
            }
            else if (level == 4 && reader.ValueTextEquals("refusal"u8))
            {
                reader.Read();
                Refused |= reader.TokenType == JsonTokenType.String && !reader.ValueSpan.IsEmpty;
            }
        }
    }

    private static bool Is(ref Utf8JsonReader reader, ReadOnlySpan<byte> text) =>
        reader.TokenType == JsonTokenType.String && reader.ValueTextEquals(text);
}
