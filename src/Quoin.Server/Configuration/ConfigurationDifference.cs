using System.Collections;
using System.Globalization;
using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Configuration;

/// <summary>A setting whose value differs between two configurations. Values may be secret: left out.</summary>
/// <param name="Restart">Takes effect at the next start only.</param>
public sealed record ConfigurationChange(string Key, bool Restart);

/// <summary>Compares two snapshots setting by setting.</summary>
public static class ConfigurationDifference
{
    /// <summary>The keys that differ, in the order of the reference.</summary>
    public static IReadOnlyList<ConfigurationChange> Between(QuoinOptions before, QuoinOptions after)
    {
        ArgumentNullException.ThrowIfNull(before);
        ArgumentNullException.ThrowIfNull(after);
        var changes = new List<ConfigurationChange>();
        CompareRecords(RecordShape.Root, before, after, "", changes);
        return changes;
    }

    /// <summary>
    /// The new configuration with the old values where a change must wait for the next start, so that a snapshot says
    /// what is in effect.
    /// </summary>
    internal static QuoinOptions KeepUntilRestart(QuoinOptions before, QuoinOptions after) =>
        (QuoinOptions)Keep(RecordShape.Root, before, after);

    private static object Keep(RecordShape shape, object before, object after)
    {
        var kept = shape.Clone(after);
        foreach (var setting in shape.Settings)
        {
            var (old, now) = (setting.Property.GetValue(before), setting.Property.GetValue(after));
            if (setting.Rules.Restart)
                setting.Property.SetValue(kept, old);
            else if (setting.Value.Kind == ValueKind.Record)
                setting.Property.SetValue(kept, Keep(setting.Value.Record!, old!, now!));
        }

        return kept;
    }

    private static void CompareRecords(
        RecordShape shape, object before, object after, string path, List<ConfigurationChange> changes)
    {
        foreach (var setting in shape.Settings)
        {
            var key = path.Length == 0 ? setting.Key : $"{path}.{setting.Key}";
            Compare(
                setting.Value, setting.Property.GetValue(before), setting.Property.GetValue(after), key, changes);
        }
    }

    private static void Compare(
        ValueShape shape, object? before, object? after, string path, List<ConfigurationChange> changes)
    {
        if (before is null || after is null)
        {
            if (before is not null || after is not null)
                changes.Add(new(path, shape.Rules.Restart));
            return;
        }

        switch (shape.Kind)
        {
            case ValueKind.Record:
                CompareRecords(shape.Record!, before, after, path, changes);
                break;
            case ValueKind.List:
                CompareLists(shape, (IEnumerable)before, (IEnumerable)after, path, changes);
                break;
            case ValueKind.Map:
                CompareMaps(shape, (IDictionary)before, (IDictionary)after, path, changes);
                break;
            default:
                if (!before.Equals(after))
                    changes.Add(new(path, shape.Rules.Restart));
                break;
        }
    }

    private static void CompareLists(
        ValueShape shape, IEnumerable before, IEnumerable after, string path, List<ConfigurationChange> changes)
    {
        var (old, now) = (before.Cast<object>().ToList(), after.Cast<object>().ToList());
        if (old.Count != now.Count)
        {
            changes.Add(new(path, shape.Rules.Restart));
            return;
        }

        for (var i = 0; i < old.Count; i++)
        {
            Compare(
                shape.Element!, old[i], now[i], string.Create(CultureInfo.InvariantCulture, $"{path}[{i}]"), changes);
        }
    }

    private static void CompareMaps(
        ValueShape shape, IDictionary before, IDictionary after, string path, List<ConfigurationChange> changes)
    {
        foreach (string name in before.Keys)
            Compare(shape.Element!, before[name], after[name], $"{path}.{Text.Printable(name)}", changes);
        foreach (string name in after.Keys)
        {
            if (!before.Contains(name))
                changes.Add(new($"{path}.{Text.Printable(name)}", shape.Rules.Restart));
        }

        // The order of providers decides where no preference is given.
        var common = before.Keys.Cast<string>().Where(after.Contains);
        if (!common.SequenceEqual(after.Keys.Cast<string>().Where(before.Contains)))
            changes.Add(new(path, shape.Rules.Restart));
    }
}
