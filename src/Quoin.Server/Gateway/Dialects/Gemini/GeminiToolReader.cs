using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>Reads <c>tools</c> and <c>toolConfig</c>. Tools that Google itself runs are refused by name.</summary>
internal static class GeminiToolReader
{
    public static IReadOnlyList<Tool> ReadTools(GeminiField tools)
    {
        var all = new List<Tool>();
        foreach (var (item, path) in GeminiFields.Items(tools.Value, tools.Path))
        {
            foreach (var field in GeminiFields.Of(item, path))
            {
                if (field.Name != "functionDeclarations")
                {
                    throw JsonFields.Unsupported(
                        field.Path, "is a tool that Google runs; only functionDeclarations can be translated");
                }

                foreach (var (declaration, at) in GeminiFields.Items(field.Value, field.Path))
                {
                    all.Add(ReadDeclaration(declaration, at));
                }
            }
        }

        return all;
    }

    public static ToolChoice? ReadConfig(GeminiField config)
    {
        ToolChoice? choice = null;
        foreach (var field in GeminiFields.Of(config.Value, config.Path))
        {
            choice = field.Name == "functionCallingConfig"
                ? ReadFunctionCalling(field)
                : throw JsonFields.Unknown(field.Path);
        }

        return choice;
    }

    private static Tool ReadDeclaration(JsonElement declaration, string path)
    {
        string? name = null, description = null;
        JsonElement parameters = default;
        foreach (var field in GeminiFields.Of(declaration, path))
        {
            switch (field.Name)
            {
                case "name":
                    name = JsonFields.String(field.Value, field.Path);
                    break;
                case "description":
                    description = JsonFields.String(field.Value, field.Path);
                    break;
                case "parameters" or "parametersJsonSchema":
                    parameters = parameters.ValueKind != JsonValueKind.Undefined
                        ? throw JsonFields.Unsupported(field.Path, "cannot be given together with another schema")
                        : field.Name == "parameters"
                            ? GeminiSchema.ToJsonSchema(field.Value, field.Path)
                            : JsonFields.Object(field.Value, field.Path);
                    break;
                case "behavior" when field.Value.ValueEquals("BLOCKING") || field.Value.ValueEquals("UNSPECIFIED"):
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        return new Tool(name ?? throw JsonFields.Missing(path + ".name"), description, parameters, null, path);
    }

    private static ToolChoice? ReadFunctionCalling(GeminiField config)
    {
        ToolChoiceMode? mode = null;
        IReadOnlyList<string>? allowed = null;
        foreach (var field in GeminiFields.Of(config.Value, config.Path))
        {
            switch (field.Name)
            {
                case "mode":
                    mode = ReadMode(field);
                    break;
                case "allowedFunctionNames":
                    allowed = [.. GeminiFields.Items(field.Value, field.Path)
                        .Select(item => JsonFields.String(item.Value, item.Path))];
                    break;
                case "streamFunctionCallArguments":
                    JsonFields.Boolean(field.Value, field.Path);
                    break;
                default:
                    throw JsonFields.Unknown(field.Path);
            }
        }

        var names = allowed is { Count: > 0 } ? allowed : null;
        return mode is null && names is null ? null : new ToolChoice(mode ?? ToolChoiceMode.Auto, names);
    }

    // VALIDATED is AUTO with the promise that arguments keep to their schema, which other providers try to anyway.
    private static ToolChoiceMode? ReadMode(GeminiField field) =>
        JsonFields.String(field.Value, field.Path).ToUpperInvariant() switch
        {
            "MODE_UNSPECIFIED" => null,
            "AUTO" or "VALIDATED" => ToolChoiceMode.Auto,
            "ANY" => ToolChoiceMode.Required,
            "NONE" => ToolChoiceMode.None,
            _ => throw JsonFields.Unsupported(field.Path, "must be one of AUTO, ANY, NONE, VALIDATED"),
        };
}
