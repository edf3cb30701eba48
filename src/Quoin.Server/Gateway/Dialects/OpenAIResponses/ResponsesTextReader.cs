using System.Text.Json;
using Quoin.Server.Gateway.Conversation;

namespace Quoin.Server.Gateway.Dialects.OpenAIResponses;

/// <summary>Reads <c>text</c>: the output's format, and a verbosity that has no counterpart elsewhere.</summary>
internal static class ResponsesTextReader
{
    private const string Path = "text.format";

    public static OutputFormat? Read(JsonElement value)
    {
        OutputFormat? output = null;
        if (value.ValueKind == JsonValueKind.Null)
        {
            return output;
        }

        foreach (var field in JsonFields.Object(value, "text").EnumerateObject())
        {
            switch (field.Name)
            {
                case "format":
                    output = ReadFormat(field.Value);
                    break;
                case "verbosity":
                    if (JsonFields.StringOrNull(field.Value, "text.verbosity") is not (null or "medium"))
                    {
                        throw JsonFields.Unsupported("text.verbosity", "must be medium for this model's provider");
                    }

                    break;
                default:
                    throw JsonFields.Unknown("text." + field.Name);
            }
        }

        return output;
    }

    private static OutputFormat? ReadFormat(JsonElement value)
    {
        if (value.ValueKind == JsonValueKind.Null)
        {
            return null;
        }

        string? type = null;
        var format = new OutputFormat(default);
        foreach (var property in JsonFields.Object(value, Path).EnumerateObject())
        {
            var at = Path + "." + property.Name;
            switch (property.Name)
            {
                case "type":
                    type = JsonFields.String(property.Value, at);
                    break;
                case "name":
                    format = format with { Name = JsonFields.String(property.Value, at) };
                    break;
                case "description":
                    format = format with { Description = JsonFields.StringOrNull(property.Value, at) };
                    break;
                case "strict":
                    format = format with { Strict = JsonFields.BooleanOrNull(property.Value, at) };
                    break;
                case "schema":
                    format = format with { Schema = JsonFields.Object(property.Value, at) };
                    break;
                default:
                    throw JsonFields.Unknown(at);
            }
        }

        return type switch
        {
            null => throw JsonFields.Missing(Path + ".type"),
            "text" => null,
            "json_object" => new OutputFormat(default),
            "json_schema" when !format.HasSchema => throw JsonFields.Missing(Path + ".schema"),
            "json_schema" => format,
            _ => throw JsonFields.Unsupported(Path + ".type", "must be one of text, json_object, json_schema"),
        };
    }
}
