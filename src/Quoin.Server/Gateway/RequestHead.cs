using Quoin.Server.Gateway.Connections;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway;

/// <summary>
/// Headers of an upstream request. A client's headers are passed on by name only: its credentials and cookies are
/// for us.
/// </summary>
internal static class RequestHead
{
    /// <summary>Headers that change what an API of the same dialect answers.</summary>
    public static readonly string[] PassedOn = ["anthropic-version", "anthropic-beta", "openai-beta"];

    private static readonly string UserAgent = "quoin/" + Product.Version;

    public static void Copy(Exchange exchange, UpstreamRequest request, bool sameDialect)
    {
        var headers = exchange.Http.Request.Headers;
        request.AddField("User-Agent", UserAgent);
        var trace = exchange.Record.Trace.Child(exchange.Services.Ids);
        request.AddField("traceparent", trace.ToHeader());
        request.TryAddField("tracestate", trace.State);

        if (!sameDialect)
        {
            return;
        }

        foreach (var name in PassedOn)
        {
            if (headers.TryGetValue(name, out var value) && !request.TryAddField(name, value.ToString()))
            {
                throw GatewayException.Invalid(name, $"the header {name} holds characters that no header may");
            }
        }
    }
}
