using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Http;
using Quoin.Server.Configuration;

namespace Quoin.Server;

/// <summary>The addresses the server listens on and the limits of its connections.</summary>
internal sealed class Listeners
{
    private readonly QuoinOptions _options;

    public Listeners(ConfigurationSource source, TimeProvider time, bool hasMetricsPort = true)
    {
        _options = source.Current;
        Edge = EdgeOf(_options.Server) with { Time = time };
        var metrics = _options.Metrics;
        if (!hasMetricsPort || !metrics.Enabled || metrics.Port == 0 || metrics.Port == _options.Server.Port)
        {
            return;
        }

        if (IsDefaultPort(source) && !IsFree(Address, metrics.Port))
        {
            Warnings.Add(
                $"metrics.port {metrics.Port} (the default) is taken: metrics are on the main port only; "
                + "set metrics.port or METRICS_PORT");
            return;
        }

        MetricsPort = metrics.Port;
    }

    public List<string> Warnings { get; } = [];

    /// <summary>The metrics page's own port; null when it has none.</summary>
    public int? MetricsPort { get; }

    public IPAddress Address => _options.Server.Host switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.IPv6Any,
        var host => IPAddress.Parse(host),
    };

    /// <summary>Only this machine can reach the server.</summary>
    public bool IsLoopback => IPAddress.IsLoopback(Address);

    /// <summary>The limits of connections and of what is on them.</summary>
    public HttpAppOptions Edge { get; }

    /// <summary>Why HTTP/3 cannot start here; null where it can, or is not wanted.</summary>
    public string? Http3Fault => HttpEdge.Http3FaultOf(Edge)?
        .Replace("Http3.Transport", "server.http3.transport", StringComparison.Ordinal)
        .Replace("Http3: has no certificate; accepted: Certificate, CertificateFile or Http3.CertificateFile",
            "server.http3: has no certificate; set server.tls.cert_file or server.http3.tls_cert_file",
            StringComparison.Ordinal);

    public static HttpAppOptions EdgeOf(ServerOptions server) => EdgeFeatures.Apply(server, new()
    {
        Host = server.Host,
        Port = server.Port,
        CertificateFile = server.Tls.CertFile,
        CertificateKeyFile = server.Tls.KeyFile,
        MinTlsVersion = server.Tls.MinVersion == "1.3" ? SslProtocols.Tls13 : SslProtocols.Tls12,
        KeepAlive = server.KeepAlive && server.KeepAliveTimeout > TimeSpan.Zero,
        KeepAliveTimeout = server.KeepAliveTimeout > TimeSpan.Zero ? server.KeepAliveTimeout : TimeSpan.FromSeconds(1),
        MaxKeepAliveRequests = server.MaxKeepAliveRequests,
        RequestTimeout = server.RequestTimeout,
        ReadTimeout = server.ReadTimeout,
        WriteTimeout = server.WriteTimeout,
        MaxConnections = server.MaxConnections,
        MaxHeaderBytes = (int)server.MaxHeaderBytes,
        ReadBufferSize = (int)server.ReadBufferSize,
        WriteBufferSize = (int)server.WriteBufferSize,
        ShutdownTimeout = server.ShutdownTimeout,
    });

    public void Configure(KestrelServerOptions kestrel)
    {
        kestrel.UseHttpEdge(Edge, MetricsPort);
        kestrel.AllowResponseHeaderCompression = true;

        // Held to server.max_request_size by whoever reads it, reload included.
        kestrel.Limits.MaxRequestBodySize = null;
    }

    public string Explain(IOException e)
    {
        var reason = e.InnerException is SocketException { SocketErrorCode: var code } ? code switch
        {
            SocketError.AccessDenied => "is not allowed to this user",
            SocketError.AddressNotAvailable => "is not an address of this machine",
            _ => "is in use by another process",
        }
        : "is in use by another process";
        var (server, metrics) = (_options.Server, MetricsPort);
        var taken = metrics is { } port && e.Message.Contains($":{port}", StringComparison.Ordinal)
            ? $"metrics.port: {port} on {server.Host} {reason}; set metrics.port, METRICS_PORT or 0 for none"
            : $"server.port: {server.Port} on {server.Host} {reason}; set server.host, server.port or --port";
        return taken;
    }

    private static bool IsDefaultPort(ConfigurationSource source) =>
        !source.Loaded.Origins.TryGetValue("metrics.port", out var origin) || origin.Kind == OriginKind.Default;

    private static bool IsFree(IPAddress address, int port)
    {
        using var probe = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            probe.Bind(new IPEndPoint(address, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
