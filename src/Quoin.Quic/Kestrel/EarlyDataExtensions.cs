using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;

namespace Quoin.Quic;

/// <summary>What handlers may do with requests in early data.</summary>
public static class EarlyDataExtensions
{
    /// <summary>425 (Too Early).</summary>
    public const int TooEarly = 425;

    /// <summary>
    /// Answers requests that came in early data with 425 (Too Early, RFC 8470), unless their method is safe: GET, HEAD,
    /// OPTIONS, TRACE, QUERY. The client sends them again when the handshake is complete.
    /// </summary>
    public static IApplicationBuilder UseSafeEarlyData(this IApplicationBuilder app)
    {
        ArgumentNullException.ThrowIfNull(app);
        return app.Use(next => (HttpContext context) =>
        {
            if (IsTooEarly(context))
            {
                context.Response.StatusCode = TooEarly;
                return Task.CompletedTask;
            }

            return next(context);
        });
    }

    /// <summary>The request came in early data and its method is not safe.</summary>
    public static bool IsTooEarly(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<IQuicEarlyDataFeature>() is { ReceivedEarlyData: true } && !IsSafe(context.Request);
    }

    // RFC 9110, 9.2.1, and QUERY by its own definition.
    private static bool IsSafe(HttpRequest request) => request.Method is "GET" or "HEAD" or "OPTIONS" or "TRACE"
        or "QUERY";
}
