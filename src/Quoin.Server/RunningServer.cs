using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.DependencyInjection;
using Quoin.Server.Telemetry;
using Quoin.Server.Workers;

namespace Quoin.Server;

/// <summary>A server that listens. Disposing it stops it: no new connections, running requests finish.</summary>
internal sealed class RunningServer(
    WebApplication app, LogOutput log, MetricRegistry registry, IDisposable reloads,
    GatewayParts gateway, ConnectionMetrics connections, Worker? worker = null)
    : IAsyncDisposable
{
    /// <summary>Where it listens, the main listener first, with the ports it was given.</summary>
    public IReadOnlyList<Uri> Addresses { get; } =
    [
        .. app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses
            .Where(address => !address.StartsWith("http://unix:", StringComparison.Ordinal))
            .Select(address => new Uri(address)),
    ];

    public static async Task WaitAsync(CancellationToken cancellationToken)
    {
        var stopped = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        await using var registration = cancellationToken.Register(stopped.SetResult);
        await stopped.Task;
    }

    public async ValueTask DisposeAsync()
    {
        reloads.Dispose();
        await app.StopAsync(CancellationToken.None);
        await gateway.DisposeAsync();
        worker?.WriteLastPage(registry);
        connections.Dispose();
        await app.DisposeAsync();
        await log.DisposeAsync();
        registry.Dispose();
    }
}

/// <summary>The server cannot start. The message is for the operator.</summary>
public sealed class ServerStartException : Exception
{
    public ServerStartException()
    {
    }

    public ServerStartException(string message)
        : base(message)
    {
    }

    public ServerStartException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
