using System.Collections;
using System.Text;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration.Printing;

/// <summary>
/// The page docs/configuration.md: what holds for all settings, then a table for each section, made from the option
/// records and their documentation comments.
/// </summary>
public static class ConfigurationReference
{
    private const string Introduction =
        """
        # Configuration

        <!-- Made from src/Quoin.Server/Configuration by `quoin config reference`. Change it there. -->

        Quoin reads one YAML file: the one that `--config` names, else the one in `QUOIN_CONFIG`, else `quoin.yaml` in
        the working folder, else none. Without a file it runs with the defaults below, on the simulated provider `sim`.

        - A value on the **command line** wins over the **environment**, which wins over the **file**, which wins over
          the **default**. An environment variable that is set to nothing counts as not set. A key without a value
          (`base_url:`) keeps its default.
        - **Variables**: `${NAME}` in a value of the file becomes what the environment variable holds, and
          `${NAME:-default}` becomes the default where it is unset or empty. `$${` stands for `${`. Variables are put in
          after the YAML is read, so what they hold is never taken as YAML. Keys are taken as they stand.
        - **Durations** need a unit: `500ms`, `30s`, `1h30m`. Only in environment variables a bare number is one of
          seconds, or of milliseconds where the table says so.
        - **Sizes** are bytes, or have a unit of 1024: `64KB`, `10MB`.
        - **Quoted values** are text: `port: "8080"` is refused, `port: 8080` is right.
        - **Anything wrong is an error**: unknown keys, wrong types, values out of range, settings that contradict each
          other. All errors are shown at once with file, line and column, and the exit code is 2.
        - **Changes** to the file are taken over while the server runs, also on SIGHUP. Requests under way end with the
          settings they began with. If the new file has an error, the old settings stay and the errors are logged.
          Settings marked *restart* keep their value until the next start; the log and
          `quoin check --against OLD NEW` name them. The environment and the command line are those of the start.
        - `quoin check FILE` validates a file, `quoin config show` prints what is in effect and where each value comes
          from, without secrets, and `quoin config schema` prints a JSON Schema for editors.

        """;

    public static string ToMarkdown()
    {
        var descriptions = SettingDescriptions.Load();
        var page = new StringBuilder(Introduction.ReplaceLineEndings("\n"));
        var root = RecordShape.Root;
        page.Append("\n## Top level\n\n");
        WriteTable(root, new QuoinOptions(), descriptions, page);
        WriteSections(root, new QuoinOptions(), "", descriptions, page);
        return page.ToString();
    }

    private static void WriteSections(
        RecordShape shape, object defaults, string path, SettingDescriptions descriptions, StringBuilder page)
    {
        foreach (var setting in shape.Settings)
        {
            var key = path.Length == 0 ? setting.Key : $"{path}.{setting.Key}";
            var inner = setting.Value;
            for (; inner.Element is not null; inner = inner.Element)
                key += inner.Kind == ValueKind.Map ? ".NAME" : "[]";
            if (inner.Record is not { } record)
                continue;
            var value = inner == setting.Value ? setting.Property.GetValue(defaults)! : record.New();
            page.Append($"\n## {key}\n\n{descriptions.Of(record.Type)}\n\n");
            if (record.Shorthand is { } only)
                page.Append($"A single value in its place is its `{only.Key}`.\n\n");
            WriteTable(record, value, descriptions, page);
            WriteSections(record, value, key, descriptions, page);
        }
    }

    private static void WriteTable(
        RecordShape shape, object defaults, SettingDescriptions descriptions, StringBuilder page)
    {
        page.Append("| key | type | default | accepted | environment | change | meaning |\n");
        page.Append("|---|---|---|---|---|---|---|\n");
        foreach (var setting in shape.Settings)
        {
            if (setting.Value.Kind == ValueKind.Record)
                continue;
            page.Append($"| `{setting.Key}` | {TypeName(setting.Value)} | {Default(setting, defaults)} ");
            page.Append($"| {Accepted(setting.Value)} | {Environment(setting)} ");
            page.Append($"| {(setting.Rules.Restart ? "restart" : "live")} ");
            page.Append($"| {descriptions.Of(setting.Property)?.Replace("|", "\\|", StringComparison.Ordinal)} |\n");
        }
    }

    private static string TypeName(ValueShape shape) => shape.Kind switch
    {
        ValueKind.Boolean => "true or false",
        ValueKind.Integer => "whole number",
        ValueKind.Number => "number",
        ValueKind.Size => "size",
        ValueKind.Duration => "duration",
        ValueKind.Text => shape.Rules switch
        {
            { Url: true } => "URL",
            { Path: true } => "file",
            { Secret: true } => "secret",
            _ => "text",
        },
        ValueKind.List => shape.Element!.Kind == ValueKind.Record ? "list" : $"list of {TypeName(shape.Element)}",
        ValueKind.Map => shape.Element!.IsScalar ? $"names, each with {TypeName(shape.Element)}" : "names",
        _ => "section",
    };

    private static string Default(SettingShape setting, object defaults) => setting.Property.GetValue(defaults) switch
    {
        _ when setting.Rules.Required => "required",
        null or "" => "",
        ICollection { Count: 0 } => "",
        IDictionary map => string.Join(", ", map.Keys.Cast<string>().Select(name => $"`{name}`")),
        ICollection => "",
        var value => $"`{setting.Value.Format(value)}`",
    };

    private static string Accepted(ValueShape shape) => shape.Rules.Choices.Length > 0
        ? string.Join(", ", shape.Rules.Choices.Select(choice => $"`{choice}`"))
        : shape.Range ?? "";

    private static string Environment(SettingShape setting)
    {
        var names = string.Join(", ", setting.Rules.Env.Select(name => $"`{name}`"));
        return setting.Rules.EnvMilliseconds ? names + " (ms)" : names;
    }
}
