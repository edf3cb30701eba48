using System.Globalization;
using Microsoft.AspNetCore.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.RateLimits;

namespace Quoin.Server.Control.Routes;

/// <summary>
/// The paths of <c>routes:</c>:
/// 1. Before routing, a request to one becomes a request to its handler's own path, so that keys, dialects and
///    labels are the same wherever it came in.
/// 2. Inside the edge, its method and headers are judged, and its middleware runs.
/// </summary>
/// <param name="shared">Buckets of all processes of this server; null where there is one.</param>
internal sealed class RouteGate(
    ConfigurationSource source, GatewayServices services, BucketTable buckets, ISharedBuckets? shared = null)
{
    private Current _current = new(source.Current, new RouteTable(source.Current));

    public Task RewriteAsync(HttpContext http, RequestDelegate next)
    {
        var options = source.Current;
        if (options.Routes.Count > 0 && TableOf(options).Find(http.Request.Path, out var target) is { } route)
        {
            http.Features.Set(route);
            http.Request.Path = target;
        }

        return next(http);
    }

    public Task InvokeAsync(HttpContext http, RequestDelegate next) =>
        http.Features.Get<ExposedRoute>() is { } route ? InvokeAsync(http, route, next) : next(http);

    private static Task RefuseAsync(HttpContext http, int status, string detail, params FieldFault[] errors)
    {
        http.Response.StatusCode = status;
        return ProblemDetails.WriteAsync(http, RequestEdge.RecordOf(http), detail, errors);
    }

    private async Task InvokeAsync(HttpContext http, ExposedRoute route, RequestDelegate next)
    {
        RequestEdge.RecordOf(http).Logged = route.Has("logging");
        if (!route.Methods.Contains(http.Request.Method))
        {
            http.Response.Headers.Allow = route.Allow;
            await RefuseAsync(http, StatusCodes.Status405MethodNotAllowed, $"this path takes {route.Allow}");
            return;
        }

        foreach (var (name, value) in route.Options.Headers)
        {
            if (http.Request.Headers[name] != value)
            {
                await RefuseAsync(
                    http, StatusCodes.Status400BadRequest, "a header that this path asks for is not as it must be",
                    new FieldFault(name, "missing or another value", value));
                return;
            }
        }

        if (route.Has("auth") && !await AuthenticateAsync(http))
        {
            return;
        }

        if (route.Has("ratelimit") && !await AdmitAsync(http, route))
        {
            return;
        }

        await next(http);
    }

    private async ValueTask<bool> AuthenticateAsync(HttpContext http)
    {
        if (services.Keys is { Enabled: true } keys)
        {
            return await keys.AdmitAsync(http);
        }

        if (ControlGuard.Admits(http))
        {
            return true;
        }

        await RefuseAsync(
            http, StatusCodes.Status403Forbidden,
            "this path answers callers on this machine only, for auth.enabled is off: neither forwarded nor from "
            + "another site");
        return false;
    }

    /// <summary>Model calls have their limits where <c>rate_limit</c> is on.</summary>
    private async ValueTask<bool> AdmitAsync(HttpContext http, ExposedRoute route)
    {
        var options = source.Current.RateLimit;
        if (route.Handler.CallsModel && options.Enabled)
        {
            return true;
        }

        var key = options.Per == "key" ? http.Features.Get<ApiKey>() : null;
        var rate = key?.Requests ?? Rate.Parse(options.Default);
        var id = key is not null
            ? new BucketId(BucketScope.Key, key.Name, 0, LimitUnit.Requests, rate.Seconds)
            : BucketId.OfAddress(http.Connection.RemoteIpAddress, LimitUnit.Requests, rate.Seconds);
        var claim = new BucketClaim(new Limit(LimitUnit.Requests, OfModel: false), id, rate, 1);
        var take = shared is null ? null : await shared.TakeAsync([claim], http.RequestAborted);
        var state = take?.State(0) ?? buckets.Take(id, rate, 1);
        if (state.Answer != BucketAnswer.Refused)
        {
            return true;
        }

        var frequency = take?.Frequency ?? services.Time.TimestampFrequency;
        var wait = TimeSpan.FromSeconds(Math.Ceiling(state.Wait / (double)frequency));
        http.Response.Headers.RetryAfter =
            ((long)wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
        await RefuseAsync(
            http, StatusCodes.Status429TooManyRequests,
            $"the limit of {rate.Count} requests in {rate.Seconds} s is used up, for {wait.TotalSeconds} s more");
        return false;
    }

    private RouteTable TableOf(QuoinOptions options)
    {
        var current = _current;
        if (!ReferenceEquals(current.Options, options))
        {
            _current = current = new(options, new RouteTable(options));
        }

        return current.Table;
    }

    private sealed record Current(QuoinOptions Options, RouteTable Table);
}
