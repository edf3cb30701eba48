using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Quoin.Server.Gateway.Keys;

namespace Quoin.Server.Control;

/// <summary>
/// The control plane under <c>/api/v1</c>: one file a resource, each mapped by one line in <c>ServerHost</c>. Every
/// request passes <see cref="ControlGuard"/> first.
/// </summary>
internal static class ControlEndpoints
{
    private const string Root = "/api/v1";

    /// <summary>The group that the resources are mapped on.</summary>
    public static RouteGroupBuilder MapControl(this WebApplication app, KeyGate keys)
    {
        app.Use((http, next) => GuardAsync(http, next, keys));
        return app.MapGroup(Root);
    }

    private static Task GuardAsync(HttpContext http, RequestDelegate next, KeyGate keys)
    {
        if (!http.Request.Path.StartsWithSegments(Root, StringComparison.OrdinalIgnoreCase)
            || ControlGuard.Admits(http)
            || keys.IsAdmin(http))
        {
            return next(http);
        }

        http.Response.StatusCode = StatusCodes.Status403Forbidden;
        return ProblemDetails.WriteAsync(
            http, RequestEdge.RecordOf(http),
            "the control plane answers callers on this machine only: neither forwarded nor from another site, "
            + "and callers with an admin key");
    }
}
