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

        try
        {
            using var document = JsonDocument.Parse(arguments, JsonFields.DocumentOptions);
            if (document.RootElement.ValueKind != JsonValueKind.Object)
            {
                return false;
            }

            // Not as raw text: a line break within it would end the line of a server-sent event.
            document.RootElement.WriteTo(json);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    public static bool AreObject(string arguments)
    {
        if (string.IsNullOrWhiteSpace(arguments))
        {
            return true;
        }

        try
        {
            using var document = JsonDocument.Parse(arguments, JsonFields.DocumentOptions);
            return document.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }
}
