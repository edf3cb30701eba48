using System.Net;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Quoin.Http.Framing;
using Quoin.Http.Proxies;
using Quoin.Http.Tls;

namespace Quoin.Http.Connections;

/// <summary>Tells Kestrel where to listen and what its connections may do.</summary>
internal static class Listening
{
    /// <summary>A slow body must at least trickle. The number is Kestrel's own default.</summary>
    private const double BodyBytesPerSecond = 240;

    /// <summary>Kestrel takes no shorter time than its own clock's beat.</summary>
    private static readonly TimeSpan ShortestGrace = TimeSpan.FromSeconds(2);

    /// <summary>What a client has to take within <see cref="HttpAppOptions.WriteTimeout"/>.</summary>
    private const int AnswerBytes = 64 * 1024;

    /// <summary>Longer lines are refused with 414, whatever else the headers may hold.</summary>
    private const int RequestLineBytes = 16 * 1024;

    /// <summary>The transport has buffers of its own before those of the protocols.</summary>
    public static void Configure(SocketTransportOptions sockets, HttpAppOptions options)
    {
        (sockets.MaxReadBufferSize, sockets.MaxWriteBufferSize) = (ReadAhead(options), options.WriteBufferSize);
        if (options.SharesPort)
        {
            sockets.CreateBoundListenSocket = endpoint => endpoint is IPEndPoint ip
                ? SharedPort.Bind(ip)
                : SocketTransportOptions.CreateDefaultBoundListenSocket(endpoint);
        }
    }

    public static void Configure(KestrelServerOptions kestrel, HttpAppOptions options)
    {
        kestrel.AddServerHeader = false;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = options.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = options.MaxConnections;
        limits.MaxRequestHeadersTotalSize = options.MaxHeaderBytes;
        limits.MaxRequestLineSize = Math.Min(options.MaxHeaderBytes, RequestLineBytes);
        limits.MaxRequestBufferSize = ReadAhead(options);
        limits.MaxResponseBufferSize = options.WriteBufferSize;
        limits.MaxRequestBodySize = options.MaxRequestSize;
        limits.RequestHeadersTimeout = options.ReadTimeout;
        limits.KeepAliveTimeout = options.KeepAliveTimeout;
        limits.MinRequestBodyDataRate = new MinDataRate(BodyBytesPerSecond, Grace(options.ReadTimeout));
        limits.MinResponseDataRate = new MinDataRate(
            AnswerBytes / options.WriteTimeout.TotalSeconds, Grace(options.WriteTimeout));
    }

    /// <summary>Adds a listener, with TLS where the options have a certificate.</summary>
    public static void Listen(KestrelServerOptions kestrel, HttpAppOptions options, IPAddress address, int port) =>
        kestrel.Listen(address, port, listener =>
        {
            listener.Use(next => connection =>
            {
                connection.Features.Set(new RequestCount());
                return next(connection);
            });
            if (options.Proxies is { ProxyProtocol: not ProxyProtocolMode.Off } proxies)
            {
                var logger = kestrel.ApplicationServices.GetRequiredService<ILogger<ProxyProtocol>>();
                listener.Use(new ProxyProtocol(proxies, options.Time, logger).Around);
            }

            listener.Protocols = HttpProtocols.Http1;
            if (options.IsTls)
            {
                listener.Protocols = HttpProtocols.Http1AndHttp2;
                TlsListening.Configure(listener, options);
            }

            listener.Use(next => WatchedWriter.Around(next, options));
            var metrics = new FramingMetrics(listener.ApplicationServices);
            listener.Use(next => FramingCheck.Around(next, metrics));
        });

    private static TimeSpan Grace(TimeSpan timeout) => timeout > ShortestGrace ? timeout : ShortestGrace;

    private static int ReadAhead(HttpAppOptions options) => Math.Max(options.ReadBufferSize, options.MaxHeaderBytes);
}
