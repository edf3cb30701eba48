using System.Collections.Concurrent;

namespace Quoin.Server.Telemetry;

/// <summary>
/// Bounds the values of a label that comes from outside: the first <paramref name="capacity"/> admitted values keep
/// their name, every other is <see cref="Other"/>. A value is admitted when it was configured or when a request
/// with it succeeded, so that a client cannot fill the set with invented names.
/// </summary>
internal sealed class CappedLabel(int capacity)
{
    public const string Other = "other";

    private readonly ConcurrentDictionary<string, string> _admitted = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();

    public string Of(string? value, bool admit)
    {
        if (string.IsNullOrEmpty(value))
        {
            return "";
        }

        if (_admitted.TryGetValue(value, out var known))
        {
            return known;
        }

        return admit && TryAdmit(value) ? value : Other;
    }

    public bool TryAdmit(string value)
    {
        if (value.Length is 0 or > TelemetryLimits.LabelChars)
        {
            return false;
        }

        lock (_lock)
        {
            return _admitted.ContainsKey(value) || (_admitted.Count < capacity && _admitted.TryAdd(value, value));
        }
    }
}
