using System.Globalization;
using System.Net;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Quoin.Http.Tls;
using Quoin.Http.WebSockets;

namespace Quoin.Http;

/// <summary>Where an <see cref="HttpApp"/> listens, and its limits.</summary>
public sealed record HttpAppOptions
{
    /// <summary>
    /// Address to listen on: an IP address, <c>localhost</c>, or <c>*</c> for all. Default: this machine only.
    /// </summary>
    public string Host { get; init; } = "127.0.0.1";

    /// <summary>Port, 0..65535; 0: any free one (<see cref="HttpApp.Addresses"/> tells which).</summary>
    public int Port { get; init; } = 8080;

    /// <summary>Speaks TLS with it, and then HTTP/2 beside HTTP/1.1. Null: HTTP/1.1 without TLS.</summary>
    public X509Certificate2? Certificate { get; init; }

    /// <summary>
    /// Other processes of this user may listen on the same port if they say so too, one for each core perhaps: new
    /// connections are shared out among them (SO_REUSEPORT). Linux only.
    /// </summary>
    public bool SharesPort { get; init; }

    /// <summary>
    /// PEM file of a certificate, and after it the chain, in the place of <see cref="Certificate"/>. New files are
    /// used within a second of the next handshake.
    /// </summary>
    public string? CertificateFile { get; init; }

    /// <summary>PEM file of the unencrypted key of <see cref="CertificateFile"/>.</summary>
    public string? CertificateKeyFile { get; init; }

    /// <summary>The oldest TLS that is spoken: <c>Tls12</c> or <c>Tls13</c>.</summary>
    public SslProtocols MinTlsVersion { get; init; } = SslProtocols.Tls12;

    /// <summary>HTTP/3 beside it. Null: none.</summary>
    public Http3Options? Http3 { get; init; }

    /// <summary>
    /// Bytes of a request that are read ahead of the handler before the client is held up; never fewer than
    /// <see cref="MaxHeaderBytes"/>, for headers are read whole. 1..1073741824.
    /// </summary>
    public int ReadBufferSize { get; init; } = 16 * 1024;

    /// <summary>Bytes of a response that wait for the client before the handler is held up. 1..1073741824.</summary>
    public int WriteBufferSize { get; init; } = 16 * 1024;

    /// <summary>False: each connection serves one request (<c>Connection: close</c>, GOAWAY).</summary>
    public bool KeepAlive { get; init; } = true;

    /// <summary>How long an idle connection stays open. 1 ms..1 d.</summary>
    public TimeSpan KeepAliveTimeout { get; init; } = TimeSpan.FromSeconds(75);

    /// <summary>Requests of one connection, the last of which ends it; 0: no limit. 0..2147483647.</summary>
    public int MaxKeepAliveRequests { get; init; }

    /// <summary>
    /// Time for a request from its headers to the end of its handler; then <see
    /// cref="Microsoft.AspNetCore.Http.HttpContext.RequestAborted"/> is cancelled and, where no response has begun,
    /// 503 answered. Zero: no limit. 0..1 d.
    /// </summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>
    /// Time for the headers of a request to come in, and after which a body must make progress (240 bytes a second).
    /// 1 s..1 h.
    /// </summary>
    public TimeSpan ReadTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// A client that takes nothing for so long while something waits to be sent is cut off, and one that takes less
    /// than 64 KB in this time on average; events that come slowly are not its fault. 1 s..1 h.
    /// </summary>
    public TimeSpan WriteTimeout { get; init; } = TimeSpan.FromSeconds(45);

    /// <summary>Connections at the same time; further ones are closed at once. 1..10000000.</summary>
    public int MaxConnections { get; init; } = 10_000;

    /// <summary>Bytes of all headers of a request together; 431 beyond. 1024..2097152.</summary>
    public int MaxHeaderBytes { get; init; } = 16 * 1024;

    /// <summary>Bytes of a request's body; 413 beyond. 0..1099511627776.</summary>
    public long MaxRequestSize { get; init; } = 10 * 1024 * 1024;

    /// <summary>How long requests under way may go on when the app is stopped. 0..1 h.</summary>
    public TimeSpan ShutdownTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Compresses answers for clients that accept it, over TLS too. Null: never.</summary>
    public CompressionOptions? Compression { get; init; } = new();

    /// <summary>The proxies in front of the app. Null: there are none, clients say who they are themselves.</summary>
    public ProxyOptions? Proxies { get; init; }

    /// <summary>Pages of which other origins may use the answers. Null: none, and preflights are refused.</summary>
    public CorsOptions? Cors { get; init; }

    /// <summary>Headers by which browsers guard pages. Null: none but those that handlers set.</summary>
    public SecurityHeaderOptions? SecurityHeaders { get; init; }

    /// <summary>Asks browsers to use TLS only. Null: does not.</summary>
    public HstsOptions? Hsts { get; init; }

    /// <summary>The limits of <see cref="HttpApp.WebSocket"/>.</summary>
    public WebSocketOptions WebSocket { get; init; } = new();

    /// <summary>The clock of <see cref="RequestTimeout"/>.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>All that is wrong, each as <c>Name: found; accepted</c>.</summary>
    internal IReadOnlyList<string> Faults()
    {
        var faults = new List<string>();
        if (Address is null)
        {
            faults.Add($"Host: \"{Host}\"; accepted: an IP address, localhost or *");
        }

        Check(faults, nameof(Port), Port, 0, 65535);
        if (SharesPort && !OperatingSystem.IsLinux())
        {
            faults.Add("SharesPort: accepted on Linux only");
        }

        Check(faults, nameof(ReadBufferSize), ReadBufferSize, 1, 1 << 30);
        Check(faults, nameof(WriteBufferSize), WriteBufferSize, 1, 1 << 30);
        Check(faults, nameof(KeepAliveTimeout), KeepAliveTimeout, 0.001, 86_400);
        Check(faults, nameof(MaxKeepAliveRequests), MaxKeepAliveRequests, 0, int.MaxValue);
        Check(faults, nameof(RequestTimeout), RequestTimeout, 0, 86_400);
        Check(faults, nameof(ReadTimeout), ReadTimeout, 1, 3600);
        Check(faults, nameof(WriteTimeout), WriteTimeout, 1, 3600);
        Check(faults, nameof(MaxConnections), MaxConnections, 1, 10_000_000);
        Check(faults, nameof(MaxHeaderBytes), MaxHeaderBytes, 1024, 2 << 20);
        Check(faults, nameof(MaxRequestSize), MaxRequestSize, 0, 1L << 40);
        Check(faults, nameof(ShutdownTimeout), ShutdownTimeout, 0, 3600);
        CheckTls(faults);
        faults.AddRange(Http3?.Faults() ?? []);
        faults.AddRange(Compression?.Faults() ?? []);
        faults.AddRange(Proxies?.Faults() ?? []);
        faults.AddRange(Cors?.Faults() ?? []);
        faults.AddRange(SecurityHeaders?.Faults() ?? []);
        faults.AddRange(Hsts?.Faults() ?? []);
        faults.AddRange(WebSocket.Faults());
        return faults;
    }

    /// <summary>Whether it speaks TLS.</summary>
    internal bool IsTls => Certificate is not null || CertificateFile is not null;

    /// <summary>Null where <see cref="Host"/> is none.</summary>
    internal IPAddress? Address => Host switch
    {
        "localhost" => IPAddress.Loopback,
        "*" => IPAddress.IPv6Any,
        _ => IPAddress.TryParse(Host, out var address) ? address : null,
    };

    private void CheckTls(List<string> faults)
    {
        if (Certificate is { HasPrivateKey: false })
        {
            faults.Add("Certificate: has no private key; accepted: a certificate with its key");
        }

        if (MinTlsVersion is not (SslProtocols.Tls12 or SslProtocols.Tls13))
        {
            faults.Add($"MinTlsVersion: {MinTlsVersion}; accepted: Tls12, Tls13");
        }

        if (CertificateFile is null != CertificateKeyFile is null
            || (CertificateFile is not null && Certificate is not null))
        {
            faults.Add("CertificateFile: accepted: with CertificateKeyFile, and without Certificate");
        }
        else if (CertificateFile is not null
            && CertificateFiles.FaultOf(CertificateFile, CertificateKeyFile!) is { } fault)
        {
            faults.Add("CertificateFile: " + fault);
        }
    }

    private static void Check(List<string> faults, string name, long value, long least, long most)
    {
        if (value < least || value > most)
        {
            faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: {value}; accepted: {least}..{most}"));
        }
    }

    private static void Check(List<string> faults, string name, TimeSpan value, double least, double most)
    {
        if (value < TimeSpan.FromSeconds(least) || value > TimeSpan.FromSeconds(most))
        {
            faults.Add(string.Create(
                CultureInfo.InvariantCulture, $"{name}: {value.TotalSeconds} s; accepted: {least} s..{most} s"));
        }
    }
}
