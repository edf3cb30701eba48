using System.Collections;
using System.Globalization;
using System.Text;
using System.Text.Json;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration.Printing;

/// <summary>
/// Prints the configuration that is in effect, each value with its origin and no secret. The YAML reads back as the
/// same configuration but for the secrets.
/// </summary>
public static class EffectiveConfiguration
{
    // Comments start here at the latest, so that one long value does not push all of them away.
    private const int CommentColumn = 64;

    public static string ToYaml(LoadedConfiguration configuration)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var lines = new List<(string Text, string? Comment)>();
        WriteRecord(configuration, RecordShape.Root, configuration.Options, "", 0, lines);
        var column = Math.Min(CommentColumn, lines.Max(line => line.Comment is null ? 0 : line.Text.Length) + 2);
        var yaml = new StringBuilder();
        foreach (var (text, comment) in lines)
        {
            yaml.Append(text);
            if (comment is not null)
                yaml.Append(' ', Math.Max(2, column - text.Length)).Append("# ").Append(comment);
            yaml.Append('\n');
        }

        return yaml.ToString();
    }

    /// <summary><c>{"file":…,"configuration":{…},"origins":{key: origin}}</c>; defaults have no origin.</summary>
    public static void WriteJson(LoadedConfiguration configuration, Utf8JsonWriter writer)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        ArgumentNullException.ThrowIfNull(writer);
        writer.WriteStartObject();
        writer.WriteString("file", configuration.File);
        writer.WritePropertyName("configuration");
        var origins = new List<(string Path, Origin Origin)>();
        WriteJson(configuration, RootShape, configuration.Options, "", origins, writer);
        writer.WriteStartObject("origins");
        foreach (var (path, origin) in origins)
            writer.WriteString(path, origin.ToString());
        writer.WriteEndObject();
        writer.WriteEndObject();
    }

    private static ValueShape RootShape => ValueShape.Of(typeof(QuoinOptions), new SettingAttribute());

    private static void WriteRecord(
        LoadedConfiguration configuration, RecordShape shape, object record, string path, int indent,
        List<(string, string?)> lines)
    {
        foreach (var setting in shape.Settings)
        {
            var key = path.Length == 0 ? setting.Key : $"{path}.{setting.Key}";
            var head = new string(' ', indent) + setting.Key + ":";
            WriteValue(configuration, setting.Value, setting.Property.GetValue(record), key, head, indent, lines);
        }
    }

    private static void WriteValue(
        LoadedConfiguration configuration, ValueShape shape, object? value, string path, string head, int indent,
        List<(string Text, string? Comment)> lines)
    {
        var origin = configuration.OriginOf(path).ToString();
        switch (shape.Kind)
        {
            case ValueKind.Record:
                lines.Add((head, null));
                WriteRecord(configuration, shape.Record!, value!, path, indent + 2, lines);
                break;
            case ValueKind.Map when ((IDictionary)value!).Count == 0:
                lines.Add((head + " {}", origin));
                break;
            case ValueKind.Map:
                lines.Add((head, null));
                foreach (DictionaryEntry entry in (IDictionary)value!)
                {
                    var name = (string)entry.Key;
                    WriteValue(
                        configuration, shape.Element!, entry.Value, $"{path}.{Text.Printable(name)}",
                        $"{new string(' ', indent + 2)}{YamlText.Key(name)}:", indent + 2, lines);
                }

                break;
            case ValueKind.List:
                WriteList(configuration, shape, (IEnumerable)value!, path, head, indent, lines);
                break;
            default:
                lines.Add((value is null ? head : $"{head} {Shown(configuration, shape, value, path)}", origin));
                break;
        }
    }

    private static void WriteList(
        LoadedConfiguration configuration, ValueShape shape, IEnumerable list, string path, string head, int indent,
        List<(string Text, string? Comment)> lines)
    {
        var items = list.Cast<object>().ToList();
        if (items.Count == 0)
        {
            lines.Add((head + " []", configuration.OriginOf(path).ToString()));
            return;
        }

        lines.Add((head, null));
        var margin = new string(' ', indent + 2);
        for (var i = 0; i < items.Count; i++)
        {
            var inner = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            if (shape.Element!.Record is { } record)
            {
                var first = lines.Count;
                WriteRecord(configuration, record, items[i], inner, indent + 4, lines);
                lines[first] = lines[first] with { Text = $"{margin}- {lines[first].Text[(indent + 4)..]}" };
            }
            else
            {
                WriteValue(configuration, shape.Element, items[i], inner, margin + "-", indent + 2, lines);
            }
        }
    }

    private static string Shown(LoadedConfiguration configuration, ValueShape shape, object value, string path)
    {
        if (IsSecret(configuration, shape, path))
            return YamlText.Scalar(Secrets.Mask);
        return value is string text
            ? YamlText.Scalar(Secrets.MaskUrl(text, shape.Rules.Url))
            : shape.Format(value);
    }

    private static bool IsSecret(LoadedConfiguration configuration, ValueShape shape, string path) =>
        shape.Rules.Secret || configuration.SecretPaths.Contains(path);

    private static void WriteJson(
        LoadedConfiguration configuration, ValueShape shape, object? value, string path,
        List<(string, Origin)> origins, Utf8JsonWriter writer)
    {
        switch (shape.Kind, value)
        {
            case (_, null):
                writer.WriteNullValue();
                break;
            case (ValueKind.Record, _):
                writer.WriteStartObject();
                foreach (var setting in shape.Record!.Settings)
                {
                    writer.WritePropertyName(setting.Key);
                    var key = path.Length == 0 ? setting.Key : $"{path}.{setting.Key}";
                    WriteJson(
                        configuration, setting.Value, setting.Property.GetValue(value), key, origins, writer);
                }

                writer.WriteEndObject();
                return;
            case (ValueKind.Map, IDictionary map):
                writer.WriteStartObject();
                foreach (DictionaryEntry entry in map)
                {
                    var name = (string)entry.Key;
                    writer.WritePropertyName(name);
                    WriteJson(
                        configuration, shape.Element!, entry.Value, $"{path}.{Text.Printable(name)}", origins, writer);
                }

                writer.WriteEndObject();
                return;
            case (ValueKind.List, IEnumerable list):
                writer.WriteStartArray();
                var index = 0;
                foreach (var item in list)
                {
                    var inner = string.Create(CultureInfo.InvariantCulture, $"{path}[{index++}]");
                    WriteJson(configuration, shape.Element!, item, inner, origins, writer);
                }

                writer.WriteEndArray();
                return;
            default:
                WriteJsonScalar(configuration, shape, value, path, writer);
                break;
        }

        if (configuration.Origins.TryGetValue(path, out var origin))
            origins.Add((path, origin));
    }

    private static void WriteJsonScalar(
        LoadedConfiguration configuration, ValueShape shape, object value, string path, Utf8JsonWriter writer)
    {
        if (IsSecret(configuration, shape, path))
            writer.WriteStringValue(Secrets.Mask);
        else if (value is bool flag)
            writer.WriteBooleanValue(flag);
        else if (value is int or long)
            writer.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
        else if (value is double number)
            writer.WriteNumberValue(number);
        else if (value is string text)
            writer.WriteStringValue(Secrets.MaskUrl(text, shape.Rules.Url));
        else
            writer.WriteStringValue(shape.Format(value));
    }
}
