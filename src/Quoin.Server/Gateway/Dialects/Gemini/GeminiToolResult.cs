using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// A tool's result as text and as Gemini's <c>response</c>, which must be an object. Text is
/// <c>{"result": text}</c>, an error's text <c>{"error": text}</c>, and text that is a JSON object stands for
/// itself, unless it has the shape of one of the first two. So either side comes back as it was.
/// </summary>
internal static class GeminiToolResult
{
    public static (string Text, bool IsError) Read(GeminiField? response, string path)
    {
        if (response is not { } field)
        {
            throw JsonFields.Missing(path + ".response");
        }

        var value = JsonFields.Object(field.Value, field.Path);
        return IsWrapped(value, out var text, out var isError) ? (text, isError) : (value.GetRawText(), false);
    }

    public static void Write(Utf8JsonWriter json, string text, bool isError)
    {
        if (!isError && text.StartsWith('{') && text.EndsWith('}') && TryWriteObject(json, text))
        {
            return;
        }

        json.WriteStartObject();
        json.WriteString(isError ? "error"u8 : "result"u8, text);
        json.WriteEndObject();
    }

    private static bool TryWriteObject(Utf8JsonWriter json, string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, JsonFields.DocumentOptions);
            if (IsWrapped(document.RootElement, out _, out _))
            {
                return false;
            }

            // As the tool wrote it: reading it back gives the same text.
            json.WriteRawValue(text, skipInputValidation: true);
            return true;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    private static bool IsWrapped(JsonElement value, out string text, out bool isError)
    {
        (text, isError) = ("", false);
        if (value.GetPropertyCount() != 1)
        {
            return false;
        }

        var only = value.EnumerateObject().First();
        isError = only.NameEquals("error"u8);
        if (only.Value.ValueKind != JsonValueKind.String || !(isError || only.NameEquals("result"u8)))
        {
            isError = false;
            return false;
        }

        text = only.Value.GetString()!;
        return true;
    }
}
