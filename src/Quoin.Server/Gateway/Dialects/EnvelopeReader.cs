using System.Text.Json;
using System.Text.Unicode;

namespace Quoin.Server.Gateway.Dialects;

/// <summary>
/// Finds model and stream flag in a request body by one forward-only read, which also proves that the body is
/// valid UTF-8 and valid JSON of bounded depth: whatever goes on from here is sound.
/// </summary>
internal static class EnvelopeReader
{
    private static readonly JsonReaderOptions Options = new() { MaxDepth = Limits.JsonDepth };

    /// <summary>Reads a body that names its model.</summary>
    /// <param name="defaultModel">Used when the body names none; null: the model is demanded.</param>
    public static Envelope Read(ReadOnlySpan<byte> body, string? defaultModel = null)
    {
        var scan = Scan(body);
        if (scan.Model is null && defaultModel is null)
        {
            throw JsonFields.Missing("model");
        }

        return new Envelope(scan.Model ?? defaultModel!, scan.Stream, scan.ModelStart, scan.ModelLength);
    }

    /// <summary>Checks a body whose model is in the path.</summary>
    public static void Check(ReadOnlySpan<byte> body) => Scan(body);

    /// <summary>
    /// Refuses a checked body with half a surrogate pair in any string. Valid JSON may hold one as an escape, no text
    /// can, so a body that is read for translation must not; one that is relayed may.
    /// </summary>
    public static void CheckText(ReadOnlySpan<byte> body)
    {
        if (!IsText(body))
        {
            throw NotText();
        }
    }

    /// <summary>Whether every string of a valid JSON value is text.</summary>
    public static bool IsText(ReadOnlySpan<byte> json)
    {
        if (json.IndexOf("\\ud"u8) < 0 && json.IndexOf("\\uD"u8) < 0)
        {
            return true;
        }

        try
        {
            var reader = new Utf8JsonReader(json, Options);
            while (reader.Read())
            {
                if (reader.TokenType is JsonTokenType.String or JsonTokenType.PropertyName && reader.ValueIsEscaped)
                {
                    _ = reader.GetString();
                }
            }

            return true;
        }
        catch (InvalidOperationException)
        {
            return false;
        }
    }

    private static (string? Model, bool Stream, int ModelStart, int ModelLength) Scan(ReadOnlySpan<byte> body)
    {
        if (!Utf8.IsValid(body))
        {
            throw GatewayException.Invalid(null, "the body is not valid UTF-8", "invalid_json");
        }

        try
        {
            return ScanObject(body);
        }
        catch (JsonException e)
        {
            throw Malformed(body, e);
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, escaped, in a field's name: it cannot be compared with any other.
            throw NotText();
        }
    }

    private static GatewayException NotText() =>
        GatewayException.Invalid(null, "the body holds a string that is not valid Unicode", "invalid_json");

    private static (string? Model, bool Stream, int ModelStart, int ModelLength) ScanObject(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Options);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw GatewayException.Invalid(null, "the body must be a JSON object", "invalid_json");
        }

        string? model = null;
        bool? stream = null;
        var (start, length) = (-1, 0);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            if (reader.ValueTextEquals("model"u8))
            {
                reader.Read();
                Once(model is null, "model");
                start = (int)reader.TokenStartIndex;
                model = ModelName(ref reader);
                length = (int)reader.BytesConsumed - start;
            }
            else if (reader.ValueTextEquals("stream"u8))
            {
                reader.Read();
                Once(stream is null, "stream");
                stream = Flag(ref reader);
            }
            else
            {
                reader.Skip();
            }
        }

        // Reads on to the end of the body, so that trailing text is found out.
        while (reader.Read())
        {
        }

        return (model, stream ?? false, start, length);
    }

    private static void Once(bool first, string name)
    {
        if (!first)
        {
            throw GatewayException.Invalid(name, $"{name} is given twice", "duplicate_field");
        }
    }

    private static string ModelName(ref Utf8JsonReader reader)
    {
        if (reader.TokenType != JsonTokenType.String)
        {
            throw GatewayException.Invalid("model", "model must be a string", "invalid_type");
        }

        var name = "";
        if (reader.ValueSpan.Length <= Limits.ModelNameChars * 3)
        {
            try
            {
                name = reader.GetString()!;
            }
            catch (InvalidOperationException)
            {
                // A lone surrogate escape: no text.
            }
        }

        return name.Length is > 0 and <= Limits.ModelNameChars
            ? name
            : throw GatewayException.Invalid(
                "model", $"model must have 1 to {Limits.ModelNameChars} characters", "invalid_value");
    }

    private static bool Flag(ref Utf8JsonReader reader) => reader.TokenType switch
    {
        JsonTokenType.True => true,
        JsonTokenType.False or JsonTokenType.Null => false,
        _ => throw GatewayException.Invalid("stream", "stream must be true or false", "invalid_type"),
    };

    private static GatewayException Malformed(ReadOnlySpan<byte> body, JsonException e)
    {
        if (body.IsEmpty)
        {
            return GatewayException.Invalid(null, "the body is empty, JSON is expected", "invalid_json");
        }

        // A body that ends too early is told by its depth too.
        var reason = e.Message.Contains("maximum configured depth", StringComparison.OrdinalIgnoreCase)
            ? $"it is nested deeper than {Limits.JsonDepth} levels"
            : $"see line {(e.LineNumber ?? 0) + 1}, byte {(e.BytePositionInLine ?? 0) + 1}";
        return GatewayException.Invalid(null, $"the body is not valid JSON: {reason}", "invalid_json");
    }
}
