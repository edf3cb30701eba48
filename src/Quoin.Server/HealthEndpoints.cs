using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Dialects;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Telemetry;

namespace Quoin.Server;

/// <summary>
/// <c>/live</c>: the process answers. <c>/ready</c> and <c>/health</c>: it takes requests; 503 while it drains. Health
/// tells a local caller what is served; a listener open to others tells only its state.
/// </summary>
internal static class HealthEndpoints
{
    public static void MapHealth(
        this IEndpointRouteBuilder routes, SnapshotHolder snapshots, bool detailed, CancellationToken stopping)
    {
        string[] methods = [HttpMethods.Get, HttpMethods.Head];
        routes.MapMethods(
            "/live", methods, http => WriteAsync(http, snapshots, detailed: false, CancellationToken.None));
        routes.MapMethods("/ready", methods, http => WriteAsync(http, snapshots, detailed: false, stopping));
        routes.MapMethods("/health", methods, http => WriteAsync(http, snapshots, detailed, stopping));
    }

    private static async Task WriteAsync(
        HttpContext http, SnapshotHolder snapshots, bool detailed, CancellationToken stopping)
    {
        using var body = new PooledBuffer(1024);
        var draining = stopping.IsCancellationRequested;
        JsonOutput.Write(body, (snapshots.Current, detailed, draining), static (w, s) =>
        {
            w.WriteStartObject();
            w.WriteString("status"u8, s.draining ? "draining"u8 : "ok"u8);
            if (s.detailed)
            {
                w.WriteString("version"u8, Product.Version);
                w.WriteStartArray("providers"u8);
                foreach (var upstream in s.Current.Preferred)
                {
                    w.WriteStartObject();
                    w.WriteString("name"u8, upstream.Name);
                    w.WriteString("type"u8, upstream.Provider.Options.Type);
                    w.WriteStartArray("models"u8);
                    foreach (var model in upstream.Provider.AdvertisedModels)
                    {
                        w.WriteStringValue(model);
                    }

                    w.WriteEndArray();
                    w.WriteEndObject();
                }

                w.WriteEndArray();
            }

            w.WriteEndObject();
        });
        http.Response.StatusCode = draining ? StatusCodes.Status503ServiceUnavailable : StatusCodes.Status200OK;
        http.Response.ContentType = "application/json";
        http.Response.Headers.CacheControl = "no-store";
        http.Response.ContentLength = body.Length;
        await http.Response.BodyWriter.WriteAsync(body.WrittenMemory, http.RequestAborted);
    }
}
