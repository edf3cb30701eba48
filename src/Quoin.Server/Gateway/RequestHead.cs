using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway;

/// <summary>
/// Headers of an upstream request. A client's headers are passed on by name only: its credentials and cookies are
/// for us.
/// </summary>
internal static class RequestHead
{
    /// <summary>Headers that change what an API of the same dialect answers.</summary>
    private static readonly string[] PassedOn = ["anthropic-version", "anthropic-beta", "openai-beta"];

    private static readonly string UserAgent = "quoin/" + Product.Version;

    public static void Copy(Exchange exchange, HttpRequestMessage request, bool sameDialect)
    {
        var headers = exchange.Http.Request.Headers;
        request.Headers.TryAddWithoutValidation("User-Agent", UserAgent);
        var trace = exchange.Record.Trace.Child(exchange.Services.Ids);
        request.Headers.TryAddWithoutValidation("traceparent", trace.ToHeader());
        if (trace.State is { Length: > 0 } state)
        {
            request.Headers.TryAddWithoutValidation("tracestate", state);
        }

        if (!sameDialect)
        {
            return;
        }

        foreach (var name in PassedOn)
        {
            if (headers.TryGetValue(name, out var value))
            {
                request.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)value);
            }
        }
    }
}
