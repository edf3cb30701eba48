using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Configuration;
using Quoin.Server.Telemetry;

namespace Quoin.Server;

/// <summary>
/// The metrics page: on its own port, and on the main port while only this machine can reach that. Its own port
/// serves nothing else.
/// </summary>
internal static class MetricsEndpoint
{
    public static void MapMetrics(
        this IEndpointRouteBuilder routes, ConfigurationSource source, MetricsPage page, Listeners listeners)
    {
        var metrics = source.Current.Metrics;
        if (!metrics.Enabled)
        {
            return;
        }

        routes.MapGet(metrics.Path, http =>
        {
            if (listeners.IsLoopback || http.Connection.LocalPort == listeners.MetricsPort)
            {
                return page.HandleAsync(http);
            }

            http.Response.StatusCode = StatusCodes.Status404NotFound;
            return Task.CompletedTask;
        });
    }
}
