namespace Quoin.Server.Configuration;

/// <summary>What the binder, the validator and the schema need to know of a setting beyond its type.</summary>
[AttributeUsage(AttributeTargets.Property)]
public sealed class SettingAttribute : Attribute
{
    /// <summary>The key, where the property's name does not give it.</summary>
    public string? Key { get; init; }

    /// <summary>Environment variables that set it, the first found wins.</summary>
    public string[] Env { get; init; } = [];

    /// <summary>Least value: a number, bytes, or seconds of a duration.</summary>
    public double Min { get; init; } = double.NaN;

    /// <summary>Greatest value: a number, bytes, or seconds of a duration.</summary>
    public double Max { get; init; } = double.NaN;

    /// <summary>The only values accepted.</summary>
    public string[] Choices { get; init; } = [];

    /// <summary>An integer of bytes that may be written with a unit (64KB).</summary>
    public bool Size { get; init; }

    /// <summary>
    /// A duration's bare number in the environment means milliseconds; in other variables it means seconds, and in
    /// the file and on the command line a unit is needed.
    /// </summary>
    public bool EnvMilliseconds { get; init; }

    /// <summary>Never printed.</summary>
    public bool Secret { get; init; }

    /// <summary>Must be given.</summary>
    public bool Required { get; init; }

    /// <summary>Takes effect at the next start only: a reload keeps the old value and says so.</summary>
    public bool Restart { get; init; }

    /// <summary>A single value in place of its record is this setting's. One of a record at most.</summary>
    public bool Shorthand { get; init; }

    /// <summary>Must be an absolute http or https URL.</summary>
    public bool Url { get; init; }

    /// <summary>A file; relative paths are resolved from the configuration file's folder.</summary>
    public bool Path { get; init; }
}
