using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Configuration;
using Quoin.Server.Control.Routes;
using Quoin.Server.Telemetry;
using Quoin.Server.Workers;

namespace Quoin.Server;

/// <summary>The port that the metrics page has for itself; null when it has none.</summary>
internal readonly record struct MetricsPort(int? Port, string Path)
{
    /// <summary>Whoever may reach the metrics must not reach the models by the same door.</summary>
    public bool Refuses(HttpContext http) =>
        Port is { } port && http.Connection.LocalPort == port && http.Request.Path != Path;
}

/// <summary>
/// The metrics page: on its own port, on the main port while only this machine can reach that, and where
/// <c>routes:</c> says. Its own port serves nothing else.
/// </summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(
        this IEndpointRouteBuilder routes, ConfigurationSource source, MetricsPage page, Listeners listeners,
        Worker? worker = null)
    {
        var metrics = source.Current.Metrics;
        if (!metrics.Enabled)
        {
            return;
        }

        routes.MapGet(metrics.Path, http =>
        {
            if (listeners.IsLoopback || http.Connection.LocalPort == listeners.MetricsPort
                || http.Features.Get<ExposedRoute>() is not null)
            {
                return worker?.WriteMetricsAsync(http) ?? page.HandleAsync(http);
            }

            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
