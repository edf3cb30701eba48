using System.Collections;
using System.Globalization;
using System.Text.Json;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration.Printing;

/// <summary>
/// The configuration file as a JSON Schema (2020-12), for editors. Every value may be left blank, and every value but
/// a plain text may also be written as text with a variable, so each allows null and <c>${NAME}</c>.
/// </summary>
public static class ConfigurationSchema
{
    private const string VariablePattern = @"\$\{";
    private const string DurationPattern = @"^(0|([0-9]+(\.[0-9]+)?(h|m|s|ms|us))+)$";
    private const string SizePattern = "^[0-9]+ ?([KkMmGgTt]?[Bb])?$";

    public static void Write(Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(writer);
        var descriptions = SettingDescriptions.Load();
        writer.WriteStartObject();
        writer.WriteString("$schema", "https://json-schema.org/draft/2020-12/schema");
        writer.WriteString("title", "Quoin configuration");
        WriteRecord(RecordShape.Root, new QuoinOptions(), descriptions, writer);
        writer.WriteEndObject();
    }

    private static void WriteRecord(
        RecordShape shape, object defaults, SettingDescriptions descriptions, Utf8JsonWriter writer)
    {
        WriteTypes(writer, "object");
        writer.WriteBoolean("additionalProperties", false);
        writer.WriteStartObject("properties");
        foreach (var setting in shape.Settings)
        {
            writer.WriteStartObject(setting.Key);
            if (descriptions.Of(setting.Property) is { } description)
                writer.WriteString("description", description);
            WriteValue(setting.Value, setting.Property.GetValue(defaults), descriptions, writer);
            writer.WriteEndObject();
        }

        writer.WriteEndObject();
        var required = shape.Settings.Where(setting => setting.Rules.Required).Select(setting => setting.Key).ToList();
        if (required.Count == 0)
            return;
        writer.WriteStartArray("required");
        foreach (var key in required)
            writer.WriteStringValue(key);
        writer.WriteEndArray();
    }

    private static void WriteValue(
        ValueShape shape, object? value, SettingDescriptions descriptions, Utf8JsonWriter writer)
    {
        switch (shape.Kind)
        {
            case ValueKind.Record when shape.Record!.Shorthand is { } only:
                writer.WriteStartArray("anyOf");
                writer.WriteStartObject();
                WriteValue(only.Value, null, descriptions, writer);
                writer.WriteEndObject();
                writer.WriteStartObject();
                WriteRecord(shape.Record, value ?? shape.Record.New(), descriptions, writer);
                writer.WriteEndObject();
                writer.WriteEndArray();
                return;
            case ValueKind.Record:
                WriteRecord(shape.Record!, value ?? shape.Record!.New(), descriptions, writer);
                return;
            case ValueKind.Map:
                WriteTypes(writer, "object");
                writer.WriteStartObject("additionalProperties");
                WriteValue(shape.Element!, null, descriptions, writer);
                writer.WriteEndObject();
                return;
            case ValueKind.List:
                WriteTypes(writer, "array");
                writer.WriteStartObject("items");
                WriteValue(shape.Element!, null, descriptions, writer);
                writer.WriteEndObject();
                if (value is ICollection { Count: 0 })
                {
                    writer.WriteStartArray("default");
                    writer.WriteEndArray();
                }

                return;
            default:
                WriteScalar(shape, writer);
                WriteDefault(shape, value, writer);
                return;
        }
    }

    private static void WriteScalar(ValueShape shape, Utf8JsonWriter writer)
    {
        switch (shape.Kind)
        {
            case ValueKind.Boolean:
                WriteEither(writer, VariablePattern, "boolean");
                break;
            case ValueKind.Integer:
                WriteRange(shape, writer);
                WriteEither(writer, VariablePattern, "integer");
                break;
            case ValueKind.Number:
                WriteRange(shape, writer);
                WriteEither(writer, VariablePattern, "number");
                break;
            case ValueKind.Size:
                WriteRange(shape, writer);
                WriteEither(writer, $"{SizePattern}|{VariablePattern}", "integer");
                break;
            case ValueKind.Duration:
                // A bare number is no duration, 0 excepted.
                writer.WriteNumber("maximum", 0);
                WriteEither(writer, $"{DurationPattern}|{VariablePattern}", "integer");
                break;
            case ValueKind.Text when shape.Rules.Choices.Length > 0:
                writer.WriteStartArray("anyOf");
                writer.WriteStartObject();
                writer.WriteStartArray("enum");
                foreach (var choice in shape.Rules.Choices)
                    writer.WriteStringValue(choice);
                writer.WriteNullValue();
                writer.WriteEndArray();
                writer.WriteEndObject();
                writer.WriteStartObject();
                writer.WriteString("type", "string");
                writer.WriteString("pattern", VariablePattern);
                writer.WriteEndObject();
                writer.WriteEndArray();
                break;
            default:
                // A name or version may look like a number; it is text all the same.
                WriteTypes(writer, "string", "number", "boolean");
                if (shape.Rules.Url)
                    writer.WriteString("pattern", $"^https?://|{VariablePattern}");
                break;
        }
    }

    private static void WriteEither(Utf8JsonWriter writer, string pattern, string type)
    {
        WriteTypes(writer, type, "string");
        writer.WriteString("pattern", pattern);
    }

    private static void WriteTypes(Utf8JsonWriter writer, params ReadOnlySpan<string> types)
    {
        writer.WriteStartArray("type");
        foreach (var type in types)
            writer.WriteStringValue(type);
        writer.WriteStringValue("null");
        writer.WriteEndArray();
    }

    private static void WriteRange(ValueShape shape, Utf8JsonWriter writer)
    {
        if (!double.IsNaN(shape.Rules.Min))
            writer.WriteNumber("minimum", shape.Rules.Min);
        if (!double.IsNaN(shape.Rules.Max))
            writer.WriteNumber("maximum", shape.Rules.Max);
    }

    private static void WriteDefault(ValueShape shape, object? value, Utf8JsonWriter writer)
    {
        switch (value)
        {
            case null or "":
                break;
            case bool flag:
                writer.WriteBoolean("default", flag);
                break;
            case int or long:
                writer.WriteNumber("default", Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case double number:
                writer.WriteNumber("default", number);
                break;
            default:
                writer.WriteString("default", shape.Format(value));
                break;
        }
    }
}
