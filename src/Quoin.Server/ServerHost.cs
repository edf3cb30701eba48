using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Server.Configuration;

namespace Quoin.Server;

/// <summary>Runs the server until it is asked to stop.</summary>
public static class ServerHost
{
    /// <summary>Follows the configuration until it is asked to stop.</summary>
    public static async Task RunAsync(ConfigurationSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        source.Start(NullLogger.Instance, TimeProvider.System);
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(stopped.SetResult);
        await stopped.Task;
    }

    /// <summary>The simulated provider alone.</summary>
    public static Task RunSimAsync(ConfigurationSource source, CancellationToken cancellationToken) =>
        RunAsync(source, cancellationToken);
}
