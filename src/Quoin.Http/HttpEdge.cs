using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections.Features;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.Logging;
using Quoin.Http.Browsers;
using Quoin.Http.Compression;
using Quoin.Http.Connections;
using Quoin.Http.Http3;
using Quoin.Http.Proxies;
using Quoin.Http.StaticFiles;

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

    /// <summary>Sets what speaks QUIC, where the options have HTTP/3.</summary>
    public static IWebHostBuilder UseHttpEdge(this IWebHostBuilder builder, HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(builder);
        ArgumentNullException.ThrowIfNull(options);
        Http3Listening.Configure(builder, options);
        return builder;
    }

    /// <summary>
    /// A socket that is bound to a port which other sockets may have too (SO_REUSEPORT of Linux), and does not listen
    /// yet.
    /// </summary>
    /// <exception cref="SocketException">The port is taken by one that does not share, or not this user's.</exception>
    public static Socket BindShared(IPEndPoint endpoint)
    {
        ArgumentNullException.ThrowIfNull(endpoint);
        return SharedPort.Bind(endpoint);
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
        Http3Listening.Listen(kestrel, options, options.Address!);
        if (plainPort is { } port)
        {
            var plain = options with
            {
                Certificate = null,
                CertificateFile = null,
                CertificateKeyFile = null,
                Proxies = null,
                Http3 = null,
            };
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

    /// <summary>
    /// What concerns requests before their routes matter: who the client is behind proxies, headers for browsers,
    /// preflights. Costs nothing where the options ask for none of it.
    /// </summary>
    public static RequestDelegate AroundRequests(
        RequestDelegate next, HttpAppOptions options, ILoggerFactory loggers)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(options);
        var around = options.Cors is { } cors ? new CorsAnswers(next, cors, loggers).InvokeAsync : next;
        if (options.SecurityHeaders is not null || options.Hsts is not null)
        {
            around = new SecurityHeaders(around, options.SecurityHeaders, options.Hsts).InvokeAsync;
        }

        if (options.Http3 is { } http3)
        {
            around = Http3Listening.Around(around, http3);
        }

        return options.Proxies is { } proxies ? new ForwardedRequests(around, proxies).InvokeAsync : around;
    }

    /// <summary>Compresses answers (<see cref="HttpAppOptions.Compression"/>).</summary>
    public static RequestDelegate AroundAnswers(RequestDelegate next, HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(next);
        ArgumentNullException.ThrowIfNull(options);
        return options.Compression is { } compression ? new AnswerCompression(next, compression).InvokeAsync : next;
    }

    /// <summary>
    /// Answers GET and HEAD below a path with the files of a folder, where no route has the path; what is no file goes
    /// on.
    /// </summary>
    /// <param name="prefix">Such as <c>/static</c>.</param>
    /// <exception cref="ArgumentException">The prefix is no path, or an option is out of range.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public static RequestDelegate AroundStatic(
        RequestDelegate next, string prefix, string root, StaticOptions options)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        var folder = StaticFolder.Open(prefix, root, options);
        var start = new PathString(prefix.TrimEnd('/'));
        return async context =>
        {
            var isAsked = (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method))
                && context.GetEndpoint() is null;
            if (!isAsked
                || !context.Request.Path.StartsWithSegments(start, StringComparison.Ordinal, out var rest)
                || !await folder.TryServeAsync(context, rest.HasValue ? rest.Value[1..] : ""))
            {
                await next(context);
            }
        };
    }

    /// <summary>What a prefix and a folder of static files are wrong by, or null.</summary>
    public static string? FaultOfStatic(string prefix, string root)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        return StaticFolder.Fault(prefix, new()) ?? (Directory.Exists(root) ? null : $"{root}: no such folder");
    }

    /// <summary>
    /// Asks the client to connect anew: <c>Connection: close</c> (RFC 9112 §9.6), GOAWAY over HTTP/2 (RFC 9113 §6.8).
    /// Before the answer starts.
    /// </summary>
    public static void AskToConnectAnew(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        if (HttpProtocol.IsHttp11(context.Request.Protocol) || HttpProtocol.IsHttp10(context.Request.Protocol))
        {
            context.Response.Headers.Connection = "close";
        }
        else
        {
            context.Features.Get<IConnectionLifetimeNotificationFeature>()?.RequestClose();
        }
    }

    /// <summary>Answers with <c>application/problem+json</c> (RFC 9457); before the answer starts.</summary>
    public static Task WriteProblemAsync(HttpContext context, int status, string detail)
    {
        ArgumentNullException.ThrowIfNull(context);
        return Problem.WriteAsync(context, status, detail, context.RequestAborted);
    }

    /// <summary>A proxy has named the client of a request: who is connected is not who asks.</summary>
    public static bool IsForwarded(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return context.Features.Get<ProxyPeer>() is not null;
    }

    /// <summary>A request asks what the server itself can do: OPTIONS of <c>*</c> (RFC 9110 §9.3.7).</summary>
    public static bool IsOptionsOfServer(HttpContext context)
    {
        ArgumentNullException.ThrowIfNull(context);
        return HttpMethods.IsOptions(context.Request.Method)
            && context.Features.Get<IHttpRequestFeature>()?.RawTarget == "*";
    }

    /// <summary>
    /// Why HTTP/3 cannot start here although its values are fine, such as a library that is not installed; null where
    /// it can, or is not wanted.
    /// </summary>
    public static string? Http3FaultOf(HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Http3?.StartFault(options);
    }

    /// <summary>What speaks QUIC, for an operator to read: <c>ngtcp2 0.12.1</c>.</summary>
    public static string TransportOf(Http3Options options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return Http3Listening.Choose(options.Transport) == Http3Transport.Ngtcp2
            ? $"ngtcp2 {Quoin.Quic.QuicEndpoint.LibraryVersion}"
            : "msquic";
    }

    /// <summary>All that is wrong with options, each as <c>Name: found; accepted</c>.</summary>
    public static IReadOnlyList<string> FaultsOf(HttpAppOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        return options.Faults();
    }
}
