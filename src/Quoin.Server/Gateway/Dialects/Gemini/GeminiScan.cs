using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// What the relay must know of a GenerateContentResponse, found by one forward-only read that makes strings of
/// names only, never of content.
/// </summary>
internal struct GeminiScan
{
    public string? Model { get; private set; }

    public Usage? Usage { get; private set; }

    /// <summary>The finish reason as Gemini wrote it.</summary>
    public string? Reason { get; private set; }

    public bool Blocked { get; private set; }

    /// <summary>A function is called.</summary>
    public bool Calls { get; private set; }

    /// <summary>There is text, a call, or data.</summary>
    public bool Content { get; private set; }

    public bool Failed { get; private set; }

    public static GeminiScan Read(ReadOnlySpan<byte> data, bool wantModel)
    {
        var scan = default(GeminiScan);
        var reader = new Utf8JsonReader(data, new JsonReaderOptions { MaxDepth = Limits.JsonDepth });
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new JsonException("a Gemini answer is not an object");
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("candidates"u8))
            {
                scan.ReadEach(ref reader, static (ref GeminiScan s, ref Utf8JsonReader r) => s.ReadCandidate(ref r));
            }
            else if (reader.ValueTextEquals("usageMetadata"u8))
            {
                reader.Read();
                scan.Usage = GeminiUsage.Read(ref reader) ?? scan.Usage;
            }
            else if (wantModel && reader.ValueTextEquals("modelVersion"u8))
            {
                scan.Model = Name(ref reader);
            }
            else if (reader.ValueTextEquals("promptFeedback"u8))
            {
                reader.Read();
                scan.ReadFeedback(ref reader);
            }
            else if (reader.ValueTextEquals("error"u8))
            {
                reader.Read();
                scan.Failed |= reader.TokenType == JsonTokenType.StartObject;
                reader.Skip();
            }
            else
            {
                reader.Skip();
            }
        }

        // Reads on to the end, so that trailing text is found out.
        while (reader.Read())
        {
        }

        return scan;
    }

    private delegate void Item(ref GeminiScan scan, ref Utf8JsonReader reader);

    private void ReadEach(ref Utf8JsonReader reader, Item item)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartArray)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType == JsonTokenType.StartObject)
            {
                item(ref this, ref reader);
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadCandidate(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("content"u8))
            {
                reader.Read();
                ReadContent(ref reader);
            }
            else if (reader.ValueTextEquals("finishReason"u8))
            {
                Reason = Name(ref reader) ?? Reason;
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadContent(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("parts"u8))
            {
                ReadEach(ref reader, static (ref GeminiScan s, ref Utf8JsonReader r) => s.ReadPart(ref r));
            }
            else
            {
                reader.Skip();
            }
        }
    }

    private void ReadPart(ref Utf8JsonReader reader)
    {
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("functionCall"u8))
            {
                Calls = Content = true;
            }
            else if (reader.ValueTextEquals("text"u8))
            {
                reader.Read();
                Content |= reader.TokenType == JsonTokenType.String && reader.ValueSpan.Length > 0;
            }
            else if (!reader.ValueTextEquals("thought"u8))
            {
                Content = true;
            }

            reader.Skip();
        }
    }

    private void ReadFeedback(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            reader.Skip();
            return;
        }

        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            Blocked |= reader.ValueTextEquals("blockReason"u8);
            reader.Skip();
        }
    }

    private static string? Name(ref Utf8JsonReader reader)
    {
        reader.Read();
        if (reader.TokenType != JsonTokenType.String)
        {
            reader.Skip();
            return null;
        }

        return reader.ValueTextEquals("STOP"u8) ? "STOP" : reader.GetString();
    }
}
