using System.Globalization;

namespace Quoin.Server.Configuration.Binding;

/// <summary>
/// Nodes to option records. Walks shape and nodes side by side: a key without a setting is an error, a setting
/// without a node keeps its default, a scalar is read by its shape. Every fault is noted and the walk goes on, so that
/// one run finds all. Notes for each path where its value came from, and which values must not be printed.
/// </summary>
internal sealed class OptionsBinder(
    Func<string, string?> environment, string fileFolder, string workingFolder, List<ConfigurationError> errors)
{
    /// <summary>Origin of every value and every section that is not a default.</summary>
    public Dictionary<string, Origin> Origins { get; } = new(StringComparer.Ordinal);

    /// <summary>Paths whose value came from a variable that holds a secret.</summary>
    public HashSet<string> Secret { get; } = new(StringComparer.Ordinal);

    public QuoinOptions Bind(MappingNode root) =>
        (QuoinOptions)BindRecord(RecordShape.Root, root, "", root.Origin, new QuoinOptions());

    private object? Bind(ValueShape shape, Node node, string path, Origin at, object? fallback)
    {
        if (node.Hidden is { } hidden)
            BindHidden(shape, hidden, path);
        if (node is ScalarNode { IsNull: true })
            return fallback;
        Origins[path] = shape.IsScalar || node.Origin.Kind != OriginKind.File ? node.Origin : at;
        switch (shape.Kind, node)
        {
            case (ValueKind.Record, MappingNode mapping):
                return BindRecord(shape.Record!, mapping, path, at, fallback ?? shape.Record!.New());
            case (ValueKind.Record, ScalarNode scalar) when shape.Record!.Shorthand is { } only:
                var written = new MappingEntry(only.Key, scalar.Origin, scalar with { Hidden = null });
                return BindRecord(
                    shape.Record, new MappingNode(scalar.Origin, [written]), path, at, fallback ?? shape.Record.New());
            case (ValueKind.Map, MappingNode mapping):
                return BindMap(shape, mapping, path, fallback);
            case (ValueKind.List, SequenceNode sequence):
                return BindList(shape, sequence, path);
            case ( < ValueKind.Record, ScalarNode scalar):
                return BindScalar(shape, scalar, path, fallback);
            default:
                // What stands here in place of a section or list may be a secret put into the wrong place.
                var found = node switch
                {
                    MappingNode => "keys and values",
                    SequenceNode => "a list",
                    _ => "a single value",
                };
                errors.Add(new(ConfigurationErrorKind.WrongType, node.Origin, path, "wrong type")
                {
                    Found = found,
                    Accepted = shape.Accepted,
                });
                return fallback;
        }
    }

    /// <summary>The value of a weaker source is checked as if it counted, and forgotten.</summary>
    private void BindHidden(ValueShape shape, Node hidden, string path)
    {
        var binder = new OptionsBinder(environment, fileFolder, workingFolder, errors);
        _ = binder.Bind(shape, hidden, path, hidden.Origin, null);
    }

    private object BindRecord(RecordShape shape, MappingNode mapping, string path, Origin at, object defaults)
    {
        var record = shape.Clone(defaults);
        var given = new HashSet<string>(StringComparer.Ordinal);
        foreach (var entry in mapping.Entries)
        {
            if (!shape.ByKey.TryGetValue(entry.Key, out var setting))
            {
                errors.Add(Unknown(shape, path, entry));
                continue;
            }

            if (entry.Value is not ScalarNode { IsNull: true })
                given.Add(entry.Key);
            var value = Bind(
                setting.Value, entry.Value, Join(path, entry.Key), entry.KeyOrigin, setting.Property.GetValue(record));
            setting.Property.SetValue(record, value);
        }

        foreach (var setting in shape.Settings)
        {
            if (setting.Rules.Required && !given.Contains(setting.Key))
            {
                errors.Add(new(ConfigurationErrorKind.Missing, at, Join(path, setting.Key), "missing")
                {
                    Accepted = setting.Value.Accepted,
                });
            }
        }

        return record;
    }

    private object BindMap(ValueShape shape, MappingNode mapping, string path, object? fallback)
    {
        var map = shape.NewMap(fallback);
        foreach (var entry in mapping.Entries)
        {
            var inner = Join(path, Text.Printable(entry.Key));
            if (map.Contains(entry.Key))
            {
                errors.Add(new(ConfigurationErrorKind.DuplicateKey, entry.KeyOrigin, inner, "given twice"));
                continue;
            }

            var empty = shape.Element!.Kind switch
            {
                ValueKind.Record => shape.Element.Record!.New(),
                ValueKind.List => shape.Element.NewList(),
                ValueKind.Map => shape.Element.NewMap(null),
                ValueKind.Text => "",
                _ => null,
            };
            if (entry.Value is ScalarNode { IsNull: true })
            {
                errors.Add(new(ConfigurationErrorKind.Missing, entry.KeyOrigin, inner, "has no value")
                {
                    Accepted = shape.Element.Accepted,
                });
            }

            map[entry.Key] = Bind(shape.Element, entry.Value, inner, entry.KeyOrigin, empty) ?? "";
        }

        return map;
    }

    private object BindList(ValueShape shape, SequenceNode sequence, string path)
    {
        var list = shape.NewList();
        for (var i = 0; i < sequence.Items.Count; i++)
        {
            var item = sequence.Items[i];
            var inner = string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]");
            if (item is ScalarNode { IsNull: true })
            {
                errors.Add(new(ConfigurationErrorKind.Missing, item.Origin, inner, "has no value")
                {
                    Accepted = shape.Element!.Accepted,
                });
                continue;
            }

            var empty = shape.Element!.Kind switch
            {
                ValueKind.Record => shape.Element.Record!.New(),
                ValueKind.Text => "",
                _ => null,
            };
            if (Bind(shape.Element, item, inner, item.Origin, empty) is { } value)
                list.Add(value);
        }

        return list;
    }

    private object? BindScalar(ValueShape shape, ScalarNode node, string path, object? fallback)
    {
        var (text, loose) = (node.Text, node.Origin.Kind is OriginKind.Environment or OriginKind.CommandLine);
        var secret = shape.Rules.Secret;
        if (node.Origin.Kind == OriginKind.File)
        {
            var expansion = VariableExpansion.Expand(text, node.Origin, path, environment);
            secret |= expansion.Secret;
            if (expansion.Secret)
                Secret.Add(path);
            if (expansion.Error is { } error)
            {
                errors.Add(error);
                return fallback;
            }

            (text, loose) = (expansion.Text, expansion.Expanded);
        }

        if (text.Length > ConfigurationLimits.ValueLength)
        {
            errors.Add(new(ConfigurationErrorKind.Limit, node.Origin, path,
                $"longer than {ConfigurationLimits.ValueLength} characters"));
            return fallback;
        }

        // An optional variable that is empty leaves the default, as if the key were not there.
        if (text.Length == 0 && (loose || (shape.Kind == ValueKind.Text && fallback is null)))
        {
            Origins.Remove(path);
            return fallback;
        }

        if (ScalarReader.TryRead(
            shape, node.Origin.Kind, text, node.Quoted, loose, out var value, out var fault))
        {
            return shape.Rules.Path ? FullPath((string)value!, node.Origin) : value;
        }

        errors.Add(new(fault, node.Origin, path, ScalarReader.Message(fault, shape))
        {
            Found = secret ? "a value that is not shown" : Text.Quoted(Secrets.MaskUrl(text, shape.Rules.Url)),
            Accepted = shape.Accepted,
            Nearest = secret ? null : NearestName.Find(text, shape.Rules.Choices),
        });
        return fallback;
    }

    private string FullPath(string path, Origin origin)
    {
        try
        {
            return Path.GetFullPath(path, origin.Kind == OriginKind.File ? fileFolder : workingFolder);
        }
        catch (ArgumentException)
        {
            // A NUL character: the validator will not find such a file.
            return path;
        }
    }

    private static ConfigurationError Unknown(RecordShape shape, string path, MappingEntry entry)
    {
        var key = Text.Printable(entry.Key);
        var nearest = NearestName.Find(entry.Key, shape.ByKey.Keys);
        var full = nearest is not null ? Join(path, nearest) : Elsewhere(path, entry.Key);
        return new(ConfigurationErrorKind.UnknownKey, entry.KeyOrigin, Join(path, key), "unknown key")
        {
            Nearest = full,
            Accepted = string.Join(", ", shape.Settings.Select(setting => setting.Key)),
        };
    }

    /// <summary>The same key in another section: a line that lost its indentation, or a wrong guess.</summary>
    private static string? Elsewhere(string path, string key)
    {
        foreach (var (fixedPath, setting) in RecordShape.Root.Fixed())
        {
            var full = string.Join('.', fixedPath);
            if (setting.Key == key && full != Join(path, key))
                return full;
        }

        return null;
    }

    private static string Join(string path, string key) => path.Length == 0 ? key : $"{path}.{key}";
}
