using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quoin.Http;
using Quoin.Quic;
using Quoin.Server.Configuration;

namespace Quoin.Server;

/// <summary>
/// What Quoin.Http does around requests, as <c>server:</c> has it: proxies, headers for browsers, preflights,
/// compression, files. A chain is built from the configuration and swapped whole by a reload; what is off is not in
/// it.
/// </summary>
internal sealed partial class EdgeFeatures(ServerOptions server, ILoggerFactory loggers)
{
    private RequestDelegate? _next;
    private volatile RequestDelegate? _chain;

    public RequestDelegate Around(RequestDelegate next)
    {
        _next = next;
        _chain = Build(server, next);
        return http => _chain(http);
    }

    /// <summary>The options were checked, but a folder may have gone since: then all stays as it was.</summary>
    public void Configure(ServerOptions now)
    {
        try
        {
            _chain = _next is { } next ? Build(now, next) : null;
        }
        catch (DirectoryNotFoundException e)
        {
            Log.Kept(loggers.CreateLogger<EdgeFeatures>(), e.Message);
        }
    }

    /// <summary>The parts of the options of Quoin.Http that are not about connections.</summary>
    public static HttpAppOptions Apply(ServerOptions server, HttpAppOptions options) => options with
    {
        Proxies = server.TrustedProxies.Count == 0 && server.ProxyProtocol == "off" ? null : new ProxyOptions
        {
            Trusted = server.TrustedProxies,
            Header = server.ForwardedHeader switch
            {
                "x-forwarded" => ForwardedHeader.XForwarded,
                "forwarded" => ForwardedHeader.Forwarded,
                _ => ForwardedHeader.Auto,
            },
            ProxyProtocol = server.ProxyProtocol switch
            {
                "optional" => ProxyProtocolMode.Optional,
                "required" => ProxyProtocolMode.Required,
                _ => ProxyProtocolMode.Off,
            },
        },
        Compression = !server.Compression.Enabled ? null : new CompressionOptions
        {
            MinSize = server.Compression.MinSize,
            Level = server.Compression.Level,
            Algorithms = server.Compression.Algorithms,
            WithCredentials = server.Compression.WithCredentials,
        },
        Cors = server.Cors.AllowedOrigins.Count == 0 ? null : new CorsOptions
        {
            AllowedOrigins = server.Cors.AllowedOrigins,
            AllowedMethods = server.Cors.AllowedMethods,
            AllowedHeaders = server.Cors.AllowedHeaders,
            ExposedHeaders = server.Cors.ExposedHeaders,
            Credentials = server.Cors.Credentials,
            MaxAge = server.Cors.MaxAge,
        },
        Hsts = !server.Hsts.Enabled ? null : new HstsOptions
        {
            MaxAge = server.Hsts.MaxAge,
            IncludeSubdomains = server.Hsts.IncludeSubdomains,
            Preload = server.Hsts.Preload,
        },
        Http3 = Http3Of(server),
        SecurityHeaders = !server.SecurityHeaders.Enabled ? null : new SecurityHeaderOptions
        {
            ReferrerPolicy = server.SecurityHeaders.ReferrerPolicy,
            FrameOptions = server.SecurityHeaders.FrameOptions,
            ContentSecurityPolicy = server.SecurityHeaders.ContentSecurityPolicy,
        },
    };

    private static Http3Options? Http3Of(ServerOptions server)
    {
        if (!server.Http3.Enabled)
        {
            return null;
        }

        var options = new Http3Options
        {
            Port = server.Http3.Port,
            CertificateFile = server.Http3.TlsCertFile,
            CertificateKeyFile = server.Http3.TlsKeyFile,
            AllowEarlyDataReplay = server.Http3.Allow0RttReplay,
            Transport = server.Http3.Transport switch
            {
                "ngtcp2" => Http3Transport.Ngtcp2,
                "msquic" => Http3Transport.MsQuic,
                _ => Http3Transport.Auto,
            },
        };
        var quic = HttpEdge.TransportOf(options) == "msquic" && IsPlain(server.Http3)
            ? new QuicTransportOptions
            {
                MaxBidirectionalStreams = server.Http3.MaxBiStreamsConcurrent,
                MaxUnidirectionalStreams = server.Http3.MaxUniStreamsConcurrent,
            }
            : QuicOf(server.Http3);

        // Workers are processes on one port.
        return options with { Quic = quic with { SharePort = server.Workers != "1" } };
    }

    /// <summary>Nothing is set but what msquic takes too.</summary>
    private static bool IsPlain(ServerHttp3Options http3)
    {
        var plain = new ServerHttp3Options();
        return plain == http3 with
        {
            Enabled = plain.Enabled,
            Port = plain.Port,
            TlsCertFile = null,
            TlsKeyFile = null,
            MaxBiStreamsConcurrent = plain.MaxBiStreamsConcurrent,
            MaxUniStreamsConcurrent = plain.MaxUniStreamsConcurrent,
            Allow0RttReplay = plain.Allow0RttReplay,
            Transport = plain.Transport,
        };
    }

    private static QuicTransportOptions QuicOf(ServerHttp3Options http3)
    {
        var initial = new QuicTransportOptions();
        return initial with
        {
            IdleTimeout = http3.IdleTimeout,
            KeepAliveInterval = http3.KeepAliveInterval,
            MaxBidirectionalStreams = http3.MaxBiStreamsConcurrent,
            MaxUnidirectionalStreams = http3.MaxUniStreamsConcurrent,
            StreamWindow = Math.Min(initial.StreamWindow, http3.MaxStreamReceiveWindow),
            MaxStreamWindow = http3.MaxStreamReceiveWindow,
            ConnectionWindow = Math.Min(initial.ConnectionWindow, http3.MaxConnectionReceiveWindow),
            MaxConnectionWindow = http3.MaxConnectionReceiveWindow,
            EarlyData = http3.Enable0Rtt,
            MaxEarlyData = http3.Max0RttSize,
            UdpReceiveBuffer = (int)http3.UdpReceiveBufferSize,
            MaxUdpPayload = http3.MaxDatagramSize,
            CongestionControl = http3.CongestionControl switch
            {
                "bbr" => QuicCongestionControl.Bbr,
                "reno" => QuicCongestionControl.Reno,
                _ => QuicCongestionControl.Cubic,
            },
        };
    }

    /// <summary>What is wrong with a configuration whose every value is fine.</summary>
    public static IEnumerable<(string Key, string Message)> Check(ServerOptions server)
    {
        (string Name, string Key)[] keys =
        [
            ("CertificateFile: ", "server.tls.cert_file"), ("Http3.CertificateFile: ", "server.http3.tls_cert_file"),
            ("Http3.Transport: ", "server.http3.transport"),
            ("Http3", "server.http3"),
            ("Proxies.ProxyProtocol: ", "server.proxy_protocol"), ("Proxies.Trusted: ", "server.trusted_proxies"),
            ("Compression.Algorithms: ", "server.compression.algorithms"),
            ("Cors.AllowedOrigins: ", "server.cors.allowed_origins"), ("Cors.Credentials ", "server.cors.credentials"),
            ("Cors: ", "server.cors"), ("Hsts.Preload; ", "server.hsts.preload"),
            ("SecurityHeaders: ", "server.security_headers"),
        ];
        foreach (var fault in HttpEdge.FaultsOf(Listeners.EdgeOf(server)))
        {
            var (name, key) = Array.Find(keys, known => fault.StartsWith(known.Name, StringComparison.Ordinal));
            yield return (key ?? "server", fault[(name?.Length ?? 0)..]
                .Replace("CertificateKeyFile, and without Certificate", "key_file", StringComparison.Ordinal)
                .Replace("Proxies.Trusted", "server.trusted_proxies", StringComparison.Ordinal)
                .Replace("IncludeSubdomains", "include_subdomains", StringComparison.Ordinal)
                .Replace("MaxAge", "max_age", StringComparison.Ordinal));
        }

        if (server.Static.Root is { } root && HttpEdge.FaultOfStatic(server.Static.Prefix, root) is { } wrong)
        {
            yield return (Directory.Exists(root) ? "server.static.prefix" : "server.static.root", wrong);
        }
    }

    private RequestDelegate Build(ServerOptions now, RequestDelegate next)
    {
        var options = Apply(now, new());
        if (now.Static.Root is { } root)
        {
            var files = new StaticOptions { MaxAge = TimeSpan.FromSeconds(now.Static.MaxAge) };
            next = HttpEdge.AroundStatic(next, now.Static.Prefix, root, files);
        }

        return HttpEdge.AroundRequests(HttpEdge.AroundAnswers(next, options), options, loggers);
    }

    private static partial class Log
    {
        [LoggerMessage(1011, LogLevel.Error, "server: keeps what it had of files, proxies and compression: {Reason}",
            EventName = nameof(Kept))]
        public static partial void Kept(ILogger logger, string reason);
    }
}
