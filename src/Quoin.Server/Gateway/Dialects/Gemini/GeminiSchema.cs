using System.Buffers;
using System.Globalization;
using System.Text.Json;

namespace Quoin.Server.Gateway.Dialects.Gemini;

/// <summary>
/// Google's subset of OpenAPI 3.0 schemas (<c>parameters</c>, <c>responseSchema</c>) as JSON Schema: types in lower
/// case, nullable as a type, propertyOrdering as the order of the properties, example as examples, and counts that
/// Google writes as strings as numbers. Keywords that are JSON Schema already stay as they are.
/// </summary>
internal static class GeminiSchema
{
    public static JsonElement ToJsonSchema(JsonElement schema, string path)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer, JsonOutput.Options))
        {
            Write(json, schema, path, 0);
        }

        using var document = JsonDocument.Parse(buffer.WrittenMemory, JsonFields.DocumentOptions);
        return document.RootElement.Clone();
    }

    private static void Write(Utf8JsonWriter json, JsonElement schema, string path, int depth)
    {
        if (depth > Limits.JsonDepth)
        {
            throw GatewayException.Invalid(path, $"{path} is nested too deeply", "invalid_value");
        }

        var fields = GeminiFields.Of(schema, path).ToList();
        var nullable = fields.Any(f => f.Name == "nullable" && JsonFields.Boolean(f.Value, f.Path));
        var typed = fields.Any(f => f.Name == "type");
        json.WriteStartObject();
        foreach (var field in fields)
        {
            switch (field.Name)
            {
                case "type":
                    WriteType(json, field, nullable);
                    break;
                case "nullable" or "propertyOrdering":
                    break;
                case "properties":
                    json.WritePropertyName("properties"u8);
                    WriteProperties(json, field, Ordering(fields), depth);
                    break;
                case "items" or "additionalProperties" when field.Value.ValueKind == JsonValueKind.Object:
                    json.WritePropertyName(field.Name);
                    Write(json, field.Value, field.Path, depth + 1);
                    break;
                case "anyOf":
                    WriteAnyOf(json, field, nullable && !typed, depth);
                    break;
                case "enum":
                    WriteEnum(json, field, nullable);
                    break;
                case "format" when IsOpenApiFormat(field.Value):
                    break;
                case "example":
                    json.WriteStartArray("examples"u8);
                    field.Value.WriteTo(json);
                    json.WriteEndArray();
                    break;
                case "minItems" or "maxItems" or "minLength" or "maxLength" or "minProperties" or "maxProperties":
                    WriteCount(json, field);
                    break;
                default:
                    json.WritePropertyName(field.Name);
                    field.Value.WriteTo(json);
                    break;
            }
        }

        json.WriteEndObject();
    }

    private static void WriteType(Utf8JsonWriter json, GeminiField field, bool nullable)
    {
        if (field.Value.ValueKind == JsonValueKind.Array)
        {
            json.WritePropertyName("type"u8);
            field.Value.WriteTo(json);
            return;
        }

        var type = JsonFields.String(field.Value, field.Path).ToLowerInvariant();
        if (type is "type_unspecified" or "any")
        {
            return;
        }

        if (type is not ("string" or "number" or "integer" or "boolean" or "array" or "object" or "null"))
        {
            throw JsonFields.Unsupported(
                field.Path, "must be one of STRING, NUMBER, INTEGER, BOOLEAN, ARRAY, OBJECT, NULL");
        }

        if (nullable && type != "null")
        {
            json.WriteStartArray("type"u8);
            json.WriteStringValue(type);
            json.WriteStringValue("null"u8);
            json.WriteEndArray();
        }
        else
        {
            json.WriteString("type"u8, type);
        }
    }

    private static void WriteProperties(
        Utf8JsonWriter json, GeminiField field, List<string> ordering, int depth)
    {
        // Names of properties are the client's words: neither respelled nor dropped when null.
        var properties = JsonFields.Object(field.Value, field.Path);
        json.WriteStartObject();
        foreach (var name in ordering)
        {
            if (properties.TryGetProperty(name, out var property))
            {
                json.WritePropertyName(name);
                Write(json, property, $"{field.Path}.{name}", depth + 1);
            }
        }

        foreach (var property in properties.EnumerateObject())
        {
            if (!ordering.Contains(property.Name))
            {
                json.WritePropertyName(property.Name);
                Write(json, property.Value, $"{field.Path}.{property.Name}", depth + 1);
            }
        }

        json.WriteEndObject();
    }

    private static void WriteAnyOf(Utf8JsonWriter json, GeminiField field, bool orNull, int depth)
    {
        json.WriteStartArray("anyOf"u8);
        foreach (var (item, path) in GeminiFields.Items(field.Value, field.Path))
        {
            Write(json, item, path, depth + 1);
        }

        if (orNull)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "null"u8);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private static void WriteEnum(Utf8JsonWriter json, GeminiField field, bool nullable)
    {
        json.WriteStartArray("enum"u8);
        var hasNull = false;
        foreach (var (item, _) in GeminiFields.Items(field.Value, field.Path))
        {
            hasNull |= item.ValueKind == JsonValueKind.Null;
            item.WriteTo(json);
        }

        if (nullable && !hasNull)
        {
            json.WriteNullValue();
        }

        json.WriteEndArray();
    }

    private static void WriteCount(Utf8JsonWriter json, GeminiField field)
    {
        json.WritePropertyName(field.Name);
        if (field.Value.ValueKind == JsonValueKind.String)
        {
            json.WriteNumberValue(
                long.TryParse(field.Value.GetString(), NumberStyles.None, CultureInfo.InvariantCulture, out var count)
                    ? count
                    : throw JsonFields.Wrong(field.Value, field.Path, "an integer"));
        }
        else
        {
            field.Value.WriteTo(json);
        }
    }

    private static List<string> Ordering(List<GeminiField> fields)
    {
        foreach (var field in fields)
        {
            if (field.Name == "propertyOrdering")
            {
                return JsonFields.Strings(field.Value, field.Path).Distinct().ToList();
            }
        }

        return [];
    }

    // These say in OpenAPI what the type says already; strict readers of JSON Schema refuse them.
    private static bool IsOpenApiFormat(JsonElement format) =>
        format.ValueKind == JsonValueKind.String
        && format.GetString() is "enum" or "int32" or "int64" or "float" or "double";
}
