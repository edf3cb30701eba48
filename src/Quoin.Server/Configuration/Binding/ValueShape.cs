using System.Collections;
using System.Diagnostics;
using System.Globalization;
using System.Reflection;

namespace Quoin.Server.Configuration.Binding;

internal enum ValueKind
{
    Boolean,
    Integer,
    Number,
    Size,
    Duration,
    Text,
    Record,
    List,
    Map,
}

/// <summary>What may stand at one place: its kind, and for a list or a map the shape of what it holds.</summary>
internal sealed class ValueShape
{
    private ValueShape(ValueKind kind, Type type, SettingAttribute rules)
    {
        Kind = kind;
        Type = type;
        Rules = rules;
    }

    public ValueKind Kind { get; }

    public Type Type { get; }

    public SettingAttribute Rules { get; }

    public RecordShape? Record { get; private init; }

    public ValueShape? Element { get; private init; }

    public bool IsScalar => Kind < ValueKind.Record;

    /// <summary>What may stand here, in words.</summary>
    public string Accepted => Kind switch
    {
        ValueKind.Boolean => "true or false",
        ValueKind.Integer => "a whole number" + RangeSuffix,
        ValueKind.Number => "a number" + RangeSuffix,
        ValueKind.Size => "bytes, or a size such as 64KB or 10MB" + RangeSuffix,
        ValueKind.Duration => "a duration such as 500ms, 30s or 1h30m" + RangeSuffix,
        ValueKind.Text when Rules.Choices.Length > 0 => "one of " + string.Join(", ", Rules.Choices),
        ValueKind.Text when Rules.Url => "an http or https URL",
        ValueKind.Text => "text",
        ValueKind.List => "a list",
        ValueKind.Map => "names and their values",
        _ => (Record!.Shorthand is { } only ? $"a value for {only.Key}, or " : "")
            + "keys: " + string.Join(", ", Record.Settings.Select(setting => setting.Key)),
    };

    /// <summary>Least and greatest as the user would write them; null where there are none.</summary>
    public string? Range
    {
        get
        {
            var (min, max) = (Bound(Rules.Min), Bound(Rules.Max));
            return (min, max) switch
            {
                (null, null) => null,
                (_, null) => $"from {min}",
                (null, _) => $"up to {max}",
                _ => $"{min}..{max}",
            };
        }
    }

    private string RangeSuffix => Range is { } range ? ", " + range : "";

    public static ValueShape Of(Type type, SettingAttribute rules)
    {
        if (type == typeof(bool))
            return new(ValueKind.Boolean, type, rules);
        if (type == typeof(int) || type == typeof(long))
            return new(rules.Size ? ValueKind.Size : ValueKind.Integer, type, rules);
        if (type == typeof(double))
            return new(ValueKind.Number, type, rules);
        if (type == typeof(TimeSpan))
            return new(ValueKind.Duration, type, rules);
        if (type == typeof(string))
            return new(ValueKind.Text, type, rules);
        if (Nullable.GetUnderlyingType(type) is { } underlying)
            return Of(underlying, rules);
        if (!type.IsGenericType)
            return new(ValueKind.Record, type, rules) { Record = RecordShape.Of(type) };
        var definition = type.GetGenericTypeDefinition();
        if (definition == typeof(IReadOnlyList<>))
            return new(ValueKind.List, type, rules) { Element = Of(type.GenericTypeArguments[0], rules) };
        if (definition == typeof(IReadOnlyDictionary<,>) && type.GenericTypeArguments[0] == typeof(string))
            return new(ValueKind.Map, type, rules) { Element = Of(type.GenericTypeArguments[1], rules) };
        throw new UnreachableException($"a setting of type {type} has no form in YAML");
    }

    /// <summary>A scalar as the file would hold it.</summary>
    public string Format(object value) => value switch
    {
        bool flag => flag ? "true" : "false",
        TimeSpan duration => Durations.Format(duration),
        long or int when Kind == ValueKind.Size => Sizes.Format(Convert.ToInt64(value, CultureInfo.InvariantCulture)),
        IFormattable number => number.ToString(null, CultureInfo.InvariantCulture),
        _ => (string)value,
    };

    public IList NewList() => (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(Element!.Type))!;

    /// <summary>An empty dictionary that compares names as the default one does.</summary>
    public IDictionary NewMap(object? like)
    {
        var type = typeof(Dictionary<,>).MakeGenericType(typeof(string), Element!.Type);
        var comparer = type.IsInstanceOfType(like)
            ? (IEqualityComparer<string>)type.GetProperty("Comparer")!.GetValue(like)!
            : StringComparer.Ordinal;
        return (IDictionary)Activator.CreateInstance(type, comparer)!;
    }

    private string? Bound(double bound)
    {
        if (double.IsNaN(bound))
            return null;
        return Kind switch
        {
            ValueKind.Duration => Durations.Format(TimeSpan.FromSeconds(bound)),
            ValueKind.Size => Sizes.Format((long)bound),
            _ => bound.ToString("0.######", CultureInfo.InvariantCulture),
        };
    }
}

/// <summary>One property of an option record.</summary>
internal sealed record SettingShape(string Key, PropertyInfo Property, ValueShape Value)
{
    public SettingAttribute Rules => Value.Rules;
}

/// <summary>An option record: its settings in the order they are written.</summary>
internal sealed class RecordShape
{
    private static readonly SettingAttribute NoRules = new();

    // Written by whoever asks first; two threads that make the same shape make equal ones.
    private static readonly System.Collections.Concurrent.ConcurrentDictionary<Type, RecordShape> Shapes = new();

    private readonly MethodInfo _clone;

    private RecordShape(Type type)
    {
        Type = type;
        // The name the compiler gives to what `with` calls.
        _clone = type.GetMethod("<Clone>$") ?? throw new UnreachableException($"{type} is not a record");
        Settings =
        [
            .. type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Select(property => new SettingShape(
                    property.GetCustomAttribute<SettingAttribute>()?.Key ?? Text.SnakeCase(property.Name),
                    property,
                    ValueShape.Of(
                        property.PropertyType, property.GetCustomAttribute<SettingAttribute>() ?? NoRules))),
        ];
        ByKey = Settings.ToDictionary(setting => setting.Key, StringComparer.Ordinal);
    }

    public static RecordShape Root => Of(typeof(QuoinOptions));

    public Type Type { get; }

    public IReadOnlyList<SettingShape> Settings { get; }

    public IReadOnlyDictionary<string, SettingShape> ByKey { get; }

    /// <summary>What a single value in place of the record is; null where none may stand there.</summary>
    public SettingShape? Shorthand => Settings.SingleOrDefault(setting => setting.Rules.Shorthand);

    public static RecordShape Of(Type type) => Shapes.GetOrAdd(type, static type => new RecordShape(type));

    public object New() => Activator.CreateInstance(Type)!;

    public object Clone(object value) => _clone.Invoke(value, null)!;

    /// <summary>Every setting at a fixed path: those of nested records, not those inside maps and lists.</summary>
    public IEnumerable<(string[] Path, SettingShape Setting)> Fixed()
    {
        foreach (var setting in Settings)
        {
            if (setting.Value.Kind != ValueKind.Record)
            {
                yield return ([setting.Key], setting);
                continue;
            }

            foreach (var (path, inner) in setting.Value.Record!.Fixed())
                yield return ([setting.Key, .. path], inner);
        }
    }
}
