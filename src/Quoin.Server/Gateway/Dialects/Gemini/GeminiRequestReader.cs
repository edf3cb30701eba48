using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Reads a generateContent request. Fields may be spelled in camelCase or snake_case. Hints that are left out by
/// design, for they change neither words nor form of the answer: <c>labels</c>, <c>serviceTier</c>, <c>store</c>
/// at the top; <c>mediaResolution</c>; <c>streamFunctionCallArguments</c> (whole arguments are legal as well); a
/// body's own <c>model</c>, which the path has already said.
/// </summary>
internal static class GeminiRequestReader
{
    public static ChatRequest Read(ReadOnlyMemory<byte> body, Envelope envelope)
    {
        var document = JsonDocument.Parse(body, JsonFields.DocumentOptions);
        try
        {
            return Read(document.RootElement, "", envelope) with { Backing = document };
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    /// <param name="path">Where the request stands in the body: the body itself, or countTokens' inner request.</param>
    public static ChatRequest Read(JsonElement body, string path, Envelope envelope)
    {
        var request = new ChatRequest { Model = envelope.Model, Turns = [], Stream = envelope.Stream };
        var instructions = new List<Turn>();
        List<Turn>? turns = null;
        foreach (var field in GeminiFields.Of(body, path))
        {
            switch (field.Name)
            {
                case "contents":
                    turns = new GeminiContentReader().ReadContents(field);
                    break;
                case "systemInstruction":
                    instructions.Add(GeminiContentReader.ReadInstruction(field));
                    break;
                case "generationConfig":
                    request = GeminiConfigReader.Read(field, request);
                    break;
                case "tools":
                    request = request with { Tools = GeminiToolReader.ReadTools(field) };
                    break;
                case "toolConfig":
                    request = request with { ToolChoice = GeminiToolReader.ReadConfig(field) };
                    break;
                case "safetySettings":
                    CheckSafetySettings(field);
                    break;
                case "cachedContent":
                    throw JsonFields.Unsupported(field.Path, "names a cache at Google, which no other provider has");
                case "model" or "labels" or "serviceTier" or "store":
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        return turns is null
            ? throw JsonFields.Missing(GeminiFields.At(path, "contents"))
            : request with { Turns = [.. instructions, .. turns] };
    }

    // A threshold changes what is blocked, and no other provider has one. Asking for no filter asks for nothing.
    private static void CheckSafetySettings(GeminiField settings)
    {
        foreach (var (setting, path) in GeminiFields.Items(settings.Value, settings.Path))
        {
            foreach (var field in GeminiFields.Of(setting, path))
            {
                switch (field.Name)
                {
                    case "category" or "method":
                        break;
                    case "threshold":
                        if (JsonFields.String(field.Value, field.Path) is not ("BLOCK_NONE" or "OFF"
                            or "HARM_BLOCK_THRESHOLD_UNSPECIFIED"))
                        {
                            throw JsonFields.Unsupported(
                                field.Path, "can only be BLOCK_NONE or OFF for this model's provider");
                        }

                        break;
                    default:
                        throw JsonFields.Unknown(field.Path);
                }
            }
        }
    }
}
