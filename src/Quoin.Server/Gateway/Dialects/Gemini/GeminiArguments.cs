using System.Text;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>Arguments of a call: JSON text elsewhere, an object in Gemini.</summary>
internal static class GeminiArguments
{
    /// <summary>False, with nothing written, when the text is no JSON object. Empty text means no arguments.</summary>
    public static bool TryWrite(Utf8JsonWriter json, string arguments)
    {
        if (string.IsNullOrWhiteSpace(arguments))
        {
            json.WriteStartObject();
            json.WriteEndObject();
            return true;
        }

        using var document = Parse(arguments);
        if (document is null)
        {
            return false;
        }

        // Not as raw text: a line break within it would end the line of a server-sent event.
        document.RootElement.WriteTo(json);
        return true;
    }

    public static bool AreObject(string arguments)
    {
        if (string.IsNullOrWhiteSpace(arguments))
        {
            return true;
        }

        using var document = Parse(arguments);
        return document is not null;
    }

    /// <summary>
    /// Null when the text is no object that can be written again; half a surrogate pair, escaped, cannot.
    /// </summary>
    private static JsonDocument? Parse(string arguments)
    {
        try
        {
            var document = JsonDocument.Parse(arguments, JsonFields.DocumentOptions);
            if (document.RootElement.ValueKind == JsonValueKind.Object
                && (!arguments.Contains("\\ud", StringComparison.OrdinalIgnoreCase)
                    || EnvelopeReader.IsText(Encoding.UTF8.GetBytes(arguments))))
            {
                return document;
            }

            document.Dispose();
            return null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
