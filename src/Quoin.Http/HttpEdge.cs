using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Quoin.Http.Connections;

namespace Quoin.Http;

/// <summary>
/// The edge of an <see cref="HttpApp"/> for a host that is built otherwise: its listener with TLS, the limits of its
/// connections, the check of framing, and the requests that a connection may serve.
/// </summary>
public static class HttpEdge
{
    /// <summary>Sets the buffers of the transport.</summary>
    public static void UseHttpEdge(this SocketTransportOptions sockets, HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(sockets);
        ArgumentNullException.ThrowIfNull(options);
        Listening.Configure(sockets, options);
    }

    /// <summary>
    /// Sets the limits, and listens where the options say. Nothing is checked here: see <see cref="FaultsOf"/>.
    /// </summary>
    /// <param name="kestrel">To be configured.</param>
    /// <param name="options">Host, port and limits.</param>
    /// <param name="plainPort">One more port of the same address, without TLS.</param>
    public static void UseHttpEdge(this KestrelServerOptions kestrel, HttpAppOptions options, int? plainPort = null)
    {
        ArgumentNullException.ThrowIfNull(kestrel);
        ArgumentNullException.ThrowIfNull(options);
        Listening.Configure(kestrel, options);
        Listening.Listen(kestrel, options, options.Address!, options.Port);
        if (plainPort is { } port)
        {
            var plain = options with { Certificate = null, CertificateFile = null, CertificateKeyFile = null };
            Listening.Listen(kestrel, plain, options.Address!, port);
        }
    }

    /// <summary>
    /// Counts the requests of connections (<see cref="HttpAppOptions.MaxKeepAliveRequests"/>) and follows their
    /// upgrades; to be the first middleware.
    /// </summary>
    public static IApplicationBuilder UseConnectionRequests(this IApplicationBuilder app, HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(options);
        return app.Use(next => new ConnectionRequests(next, options).InvokeAsync);
    }

    /// <summary>
    /// Bounds the time of requests (<see cref="HttpAppOptions.RequestTimeout"/>); after <c>UseRouting</c>, for routes
    /// may have a time of their own.
    /// </summary>
    public static IApplicationBuilder UseRequestTime(this IApplicationBuilder app, HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(app);
        ArgumentNullException.ThrowIfNull(options);
        return app.Use(next => new RequestTime(next, options).InvokeAsync);
    }

    /// <summary>All that is wrong with options, each as <c>Name: found; accepted</c>.</summary>
    public static IReadOnlyList<string> FaultsOf(HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Faults();
    }
}
