using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Server.Configuration;

namespace Quoin.Server;

/// <summary>The addresses the server listens on and the limits of its connections.</summary>
internal sealed class Listeners
{
    /// <summary>
    /// A slow body must at least trickle: bytes a second after the first <c>server.read_timeout</c>. The number is
    /// Kestrel's own default.
    /// </summary>
    private const double BodyBytesPerSecond = 240;

    private readonly QuoinOptions _options;

    public Listeners(ConfigurationSource source)
    {
        _options = source.Current;
        var metrics = _options.Metrics;
        if (!metrics.Enabled || metrics.Port == 0 || metrics.Port == _options.Server.Port)
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

    public void Configure(KestrelServerOptions kestrel)
    {
        var server = _options.Server;
        kestrel.AddServerHeader = false;
        kestrel.AllowResponseHeaderCompression = true;
        var limits = kestrel.Limits;
        limits.MaxConcurrentConnections = server.MaxConnections;
        limits.MaxConcurrentUpgradedConnections = server.MaxConnections;
        limits.MaxRequestHeadersTotalSize = (int)server.MaxHeaderBytes;
        limits.MaxRequestLineSize = (int)Math.Min(server.MaxHeaderBytes, 16384);
        limits.MaxRequestBodySize = null; // Held to server.max_request_size by whoever reads it, reload included.
        limits.RequestHeadersTimeout = server.ReadTimeout;
        limits.KeepAliveTimeout = server.KeepAliveTimeout > TimeSpan.Zero
            ? server.KeepAliveTimeout
            : TimeSpan.FromMilliseconds(1);
        limits.MinRequestBodyDataRate = new MinDataRate(
            BodyBytesPerSecond, TimeSpan.FromSeconds(Math.Max(2, server.ReadTimeout.TotalSeconds)));

        // Streams write as events come; a stuck client is cut by server.write_timeout at the flush.
        limits.MinResponseDataRate = null;
        kestrel.Listen(Address, server.Port);
        if (MetricsPort is { } port)
        {
            kestrel.Listen(Address, port);
        }
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
