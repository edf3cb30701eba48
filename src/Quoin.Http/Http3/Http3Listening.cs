using System.Net;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Http.Connections;
using Quoin.Http.Tls;
using Quoin.Quic;

namespace Quoin.Http.Http3;

/// <summary>HTTP/3 of an app: which transport, the listener, and what tells clients of it.</summary>
internal static class Http3Listening
{
    private const int AdvertisedSeconds = 86_400;

    /// <summary>Why a transport cannot be used here, with what to install; null where it can.</summary>
    public static string? FaultOf(Http3Transport transport)
    {
        var ngtcp2 = QuicEndpoint.UnavailableReason;
        return transport switch
        {
            Http3Transport.Ngtcp2 => ngtcp2,
            Http3Transport.MsQuic => HasMsQuic ? null : "msquic is not installed (the package libmsquic)",
            _ => ngtcp2 is null || HasMsQuic ? null : $"{ngtcp2}; nor is msquic installed",
        };
    }

    /// <summary>The one that is used.</summary>
    public static Http3Transport Choose(Http3Transport transport) => transport switch
    {
        Http3Transport.Auto => QuicEndpoint.UnavailableReason is null ? Http3Transport.Ngtcp2 : Http3Transport.MsQuic,
        _ => transport,
    };

    public static void Configure(IWebHostBuilder builder, HttpAppOptions options)
    {
        if (options.Http3 is not { } http3)
        {
            return;
        }

        builder.UseKestrelHttpsConfiguration();
        var quic = http3.Quic with
        {
            MaxConnections = options.MaxConnections,
            SharePort = http3.Quic.SharePort || options.SharesPort,
        };
        if (Choose(http3.Transport) == Http3Transport.Ngtcp2)
        {
            builder.UseQuoinQuic(quic, options.Time);
        }
        else if (HasMsQuic)
        {
#pragma warning disable CA2252 // The two counts are marked as a preview since .NET 6, and are what users know.
            builder.UseQuic(transport =>
            {
                transport.MaxBidirectionalStreamCount = Math.Max(1, quic.MaxBidirectionalStreams);
                transport.MaxUnidirectionalStreamCount = Math.Max(1, quic.MaxUnidirectionalStreams);
            });
#pragma warning restore CA2252
        }
    }

    public static void Listen(KestrelServerOptions kestrel, HttpAppOptions options, IPAddress address)
    {
        if (options.Http3 is not { } http3)
        {
            return;
        }

        kestrel.Listen(address, http3.Port, listener =>
        {
            listener.Protocols = HttpProtocols.Http3;
            listener.DisableAltSvcHeader = true;
            TlsListening.Configure(listener, http3.CertificateFile is null
                ? options
                : options with
                {
                    Certificate = null,
                    CertificateFile = http3.CertificateFile,
                    CertificateKeyFile = http3.CertificateKeyFile,
                });
            ((IMultiplexedConnectionBuilder)listener).Use(next => connection =>
            {
                connection.Features.Set(new RequestCount());
                return next(connection);
            });
        });
    }

    /// <summary>Tells clients of other versions of HTTP/3, and holds early data to what may run twice.</summary>
    public static RequestDelegate Around(RequestDelegate next, Http3Options options)
    {
        var advertisement = $"h3=\":{options.Port}\"; ma={AdvertisedSeconds}";
        return context =>
        {
            if (!HttpProtocol.IsHttp3(context.Request.Protocol))
            {
                // Of a proxy's client HTTP/3 would go past the proxy, to a port that it may not reach.
                if (options.Port > 0 && context.Request.IsHttps && !HttpEdge.IsForwarded(context))
                {
                    context.Response.Headers.AltSvc = advertisement;
                }
            }
            else if (!options.AllowEarlyDataReplay && EarlyDataExtensions.IsTooEarly(context))
            {
                return Problem.WriteAsync(context, EarlyDataExtensions.TooEarly,
                    "the request came in early data, where only safe methods run", context.RequestAborted);
            }

            return next(context);
        };
    }

    private static bool HasMsQuic =>
        (OperatingSystem.IsLinux() || OperatingSystem.IsWindows() || OperatingSystem.IsMacOS())
        && System.Net.Quic.QuicListener.IsSupported;
}
