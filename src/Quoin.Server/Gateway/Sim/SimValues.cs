using Quoin.Server.Configuration.Binding;

namespace Quoin.Server.Gateway.Sim;

/// <summary>Durations and sizes of scenarios, spelled as in the configuration, within a scenario's bounds.</summary>
internal static class SimValues
{
    private static readonly TimeSpan Longest = TimeSpan.FromHours(24);

    public static TimeSpan? Duration(string text) =>
        Durations.TryParse(text, out var duration) && duration <= Longest ? duration : null;

    public static long? Size(string text, long least, long most) =>
        Sizes.TryParse(text, out var bytes) && bytes >= least && bytes <= most ? bytes : null;
}
