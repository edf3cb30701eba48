using Microsoft.Extensions.Logging;

namespace Quoin.Server.Configuration;

/// <summary>Events 1100..1199: the configuration while the server runs.</summary>
internal static partial class Log
{
    [LoggerMessage(1100, LogLevel.Information, "Configuration reloaded; changed: {Keys}",
        EventName = nameof(ConfigurationReloaded))]
    public static partial void ConfigurationReloaded(this ILogger logger, string keys);

    [LoggerMessage(1101, LogLevel.Information, "Configuration read again; nothing changed",
        EventName = nameof(ConfigurationUnchanged))]
    public static partial void ConfigurationUnchanged(this ILogger logger);

    [LoggerMessage(1102, LogLevel.Warning, "{Key} changed and takes effect at the next start",
        EventName = nameof(RestartNeeded))]
    public static partial void RestartNeeded(this ILogger logger, string key);

    [LoggerMessage(1103, LogLevel.Error, "Configuration not reloaded, {Count} errors; the old one stays in use",
        EventName = nameof(ConfigurationRefused))]
    public static partial void ConfigurationRefused(this ILogger logger, int count);

    [LoggerMessage(1104, LogLevel.Error, "{Error}", EventName = nameof(ConfigurationFault))]
    public static partial void ConfigurationFault(this ILogger logger, ConfigurationError error);

    [LoggerMessage(1105, LogLevel.Error, "A subscriber failed to take over the new configuration",
        EventName = nameof(SubscriberFailed))]
    public static partial void SubscriberFailed(this ILogger logger, Exception exception);

    [LoggerMessage(1106, LogLevel.Warning,
        "Changes of {File} are found by reading it every {Seconds} s, since watching it failed: {Reason}",
        EventName = nameof(WatchFailed))]
    public static partial void WatchFailed(this ILogger logger, string file, double seconds, string reason);
}
