using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Quoin.Http.Framing;

namespace Quoin.Http.Connections;

/// <summary>
/// Counts the requests of each connection, and with the last one that it may serve asks the client to go. Requests
/// under way are finished.
/// </summary>
internal sealed class ConnectionRequests(RequestDelegate next, HttpAppOptions options)
{
    private readonly int _most = options.KeepAlive ? options.MaxKeepAliveRequests : 1;

    public Task InvokeAsync(HttpContext context)
    {
        // The generic Get of features is a virtual generic method, and takes three times as long.
        if (_most > 0 && context.Features[typeof(RequestCount)] is RequestCount count && count.Next() >= _most)
        {
            HttpEdge.AskToConnectAnew(context);
        }

        if (ConnectionHeaders.AreForeign(context.Request))
        {
            context.Features.GetRequiredFeature<IHttpResetFeature>().Reset(ConnectionHeaders.ProtocolError);
            return Task.CompletedTask;
        }

        if (context.Request.Headers.Upgrade.Count > 0)
        {
            FramingCheck.Follow(context);
        }

        return next(context);
    }
}

/// <summary>Of one connection; its requests may come at the same time.</summary>
internal sealed class RequestCount
{
    private int _count;

    public int Next() => Interlocked.Increment(ref _count);
}
