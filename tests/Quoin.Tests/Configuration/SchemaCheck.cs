using System.Text.Json;
using System.Text.RegularExpressions;

namespace Quoin.Tests.Configuration;

/// <summary>
/// Judges a JSON value by a JSON Schema: the keywords that the configuration's schema uses, and an error for any other,
/// so that none is overlooked.
/// </summary>
internal static class SchemaCheck
{
    public static IEnumerable<string> Faults(JsonElement schema, JsonElement value, string path = "")
    {
        foreach (var keyword in schema.EnumerateObject())
        {
            foreach (var fault in Check(keyword, schema, value, path))
                yield return fault;
        }
    }

    private static IEnumerable<string> Check(
        JsonProperty keyword, JsonElement schema, JsonElement value, string path)
    {
        switch (keyword.Name)
        {
            case "$schema" or "title" or "description" or "default":
                return [];
            case "type" when keyword.Value.ValueKind == JsonValueKind.String:
                return IsType(keyword.Value.GetString()!, value) ? [] : [$"{path}: is a {value.ValueKind}"];
            case "type":
                return keyword.Value.EnumerateArray().Any(type => IsType(type.GetString()!, value))
                    ? []
                    : [$"{path}: is a {value.ValueKind}"];
            case "enum":
                return keyword.Value.EnumerateArray().Any(choice => JsonElement.DeepEquals(choice, value))
                    ? []
                    : [$"{path}: {value} is no choice"];
            case "anyOf":
                return keyword.Value.EnumerateArray().Any(inner => !Faults(inner, value, path).Any())
                    ? []
                    : [$"{path}: {value} fits no alternative"];
            case "minimum" when value.ValueKind == JsonValueKind.Number:
                return value.GetDouble() < keyword.Value.GetDouble() ? [$"{path}: {value} is too small"] : [];
            case "maximum" when value.ValueKind == JsonValueKind.Number:
                return value.GetDouble() > keyword.Value.GetDouble() ? [$"{path}: {value} is too great"] : [];
            case "pattern" when value.ValueKind == JsonValueKind.String:
                return Regex.IsMatch(value.GetString()!, keyword.Value.GetString()!, RegexOptions.NonBacktracking)
                    ? []
                    : [$"{path}: {value} does not match"];
            case "items" when value.ValueKind == JsonValueKind.Array:
                return value.EnumerateArray().SelectMany((item, i) => Faults(keyword.Value, item, $"{path}[{i}]"));
            case "required" when value.ValueKind == JsonValueKind.Object:
                return keyword.Value.EnumerateArray().Where(name => !value.TryGetProperty(name.GetString()!, out _))
                    .Select(name => $"{path}.{name}: missing");
            case "properties" when value.ValueKind == JsonValueKind.Object:
                return value.EnumerateObject().Where(entry => keyword.Value.TryGetProperty(entry.Name, out _))
                    .SelectMany(entry => Faults(
                        keyword.Value.GetProperty(entry.Name), entry.Value, $"{path}.{entry.Name}"));
            case "additionalProperties" when value.ValueKind == JsonValueKind.Object:
                return value.EnumerateObject()
                    .Where(entry => !schema.TryGetProperty("properties", out var known) ||
                        !known.TryGetProperty(entry.Name, out _))
                    .SelectMany(entry => keyword.Value.ValueKind == JsonValueKind.False
                        ? [$"{path}.{entry.Name}: unknown"]
                        : Faults(keyword.Value, entry.Value, $"{path}.{entry.Name}"));
            case "minimum" or "maximum" or "pattern" or "items" or "required" or "properties" or "additionalProperties":
                return [];
            default:
                throw new InvalidOperationException($"the check does not know {keyword.Name}");
        }
    }

    private static bool IsType(string type, JsonElement value) => type switch
    {
        "object" => value.ValueKind == JsonValueKind.Object,
        "array" => value.ValueKind == JsonValueKind.Array,
        "string" => value.ValueKind == JsonValueKind.String,
        "number" => value.ValueKind == JsonValueKind.Number,
        "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out _),
        "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False,
        _ => value.ValueKind == JsonValueKind.Null,
    };
}
