using System.Diagnostics.CodeAnalysis;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.OutputCaching;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quoin.Http.Caching;
using Quoin.Http.Connections;
using Quoin.Http.Http3;
using Quoin.Http.Routing;
using Quoin.Http.StaticFiles;
using Quoin.Http.WebSockets;

namespace Quoin.Http;

/// <summary>
/// An HTTP server in a few lines, on Kestrel:
/// <code>
/// await using var app = new HttpApp(new HttpAppOptions { Port = 8080 });
/// app.Get("/hello/{name}", (string name) => $"Hello {name}");
/// await app.RunAsync();
/// </code>
/// A request goes through the connection's limits, <see cref="HttpAppOptions.RequestTimeout"/>, what was added with
/// <see cref="Use"/> in that order, and the handler of its route.
/// </summary>
public sealed class HttpApp : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly RouteTable _routes;

    /// <summary>Makes an app that does not listen yet.</summary>
    /// <param name="options">Null: the defaults.</param>
    /// <param name="configure">Adds services, logging or options of JSON (<c>ConfigureHttpJsonOptions</c>).</param>
    /// <exception cref="ArgumentException">Options are out of range: all of them are named.</exception>
    public HttpApp(HttpAppOptions? options = null, Action<IServiceCollection>? configure = null)
    {
        Options = options ?? new HttpAppOptions();
        if (Options.Http3?.StartFault(Options) is { } fault)
        {
            throw new ArgumentException(fault, nameof(options));
        }

        if (Options.Faults() is { Count: > 0 } faults)
        {
            throw new ArgumentException(string.Join(Environment.NewLine, faults), nameof(options));
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddRouting();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Options.ShutdownTimeout);
        builder.WebHost.UseKestrelCore()
            .UseSockets(sockets => Listening.Configure(sockets, Options))
            .ConfigureKestrel(kestrel =>
            {
                Listening.Configure(kestrel, Options);
                Listening.Listen(kestrel, Options, Options.Address!, Options.Port);
                Http3Listening.Listen(kestrel, Options, Options.Address!);
            });
        Http3Listening.Configure(builder.WebHost, Options);
        builder.Services.AddSingleton<IOutputCacheStore>(new RouteCacheStore(Options.Time, HttpLimits.CacheBytes));
        builder.Services.AddOutputCache(cache => cache.MaximumBodySize = HttpLimits.CachedBodyBytes);
        configure?.Invoke(builder.Services);
        _app = builder.Build();
        _routes = new RouteTable(_app, AroundCached);
        var faultsOf = new FaultAnswers(_app.Services.GetRequiredService<ILogger<HttpApp>>());
        _app.Use(next => new ConnectionRequests(next, Options).InvokeAsync);
        var loggers = _app.Services.GetRequiredService<ILoggerFactory>();
        _app.Use(next => HttpEdge.AroundRequests(next, Options, loggers));
        _app.Use(next => faultsOf.Around(next));
        _app.UseRouting();
        _app.Use(next => new RequestTime(next, Options).InvokeAsync);
        _app.Use(next => HttpEdge.AroundAnswers(next, Options));
    }

    /// <summary>What it was made with.</summary>
    public HttpAppOptions Options { get; }

    /// <summary>The services that handlers may ask for.</summary>
    public IServiceProvider Services => _app.Services;

    /// <summary>Where it listens, with the port that it got; empty before the start.</summary>
    public IReadOnlyList<Uri> Addresses =>
    [
        .. _app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses
            .Select(address => new Uri(address)) ?? [],
    ];

    /// <summary>Handles GET, and HEAD without the body.</summary>
    /// <param name="pattern">
    /// Such as <c>/users/{id}</c>, <c>/users/{id:int}</c> or <c>/files/{**path}</c>. Of several that fit a path the
    /// most specific one is taken, in whatever order they were added.
    /// </param>
    /// <param name="handler">
    /// Its parameters come from the path, the query, the JSON body or the services; what it returns is sent: a text as
    /// it is, an <see cref="IResult"/> as it says, all else as JSON.
    /// </param>
    /// <exception cref="ArgumentException">The pattern is wrong, or has a handler for this method already.</exception>
    public RouteHandlerBuilder Get([StringSyntax("Route")] string pattern, Delegate handler) =>
        _routes.Add(pattern, ["GET", "HEAD"], handler);

    /// <summary>Handles POST.</summary>
    /// <inheritdoc cref="Get"/>
    public RouteHandlerBuilder Post([StringSyntax("Route")] string pattern, Delegate handler) =>
        _routes.Add(pattern, ["POST"], handler);

    /// <summary>Handles PUT.</summary>
    /// <inheritdoc cref="Get"/>
    public RouteHandlerBuilder Put([StringSyntax("Route")] string pattern, Delegate handler) =>
        _routes.Add(pattern, ["PUT"], handler);

    /// <summary>Handles PATCH.</summary>
    /// <inheritdoc cref="Get"/>
    public RouteHandlerBuilder Patch([StringSyntax("Route")] string pattern, Delegate handler) =>
        _routes.Add(pattern, ["PATCH"], handler);

    /// <summary>Handles DELETE.</summary>
    /// <inheritdoc cref="Get"/>
    public RouteHandlerBuilder Delete([StringSyntax("Route")] string pattern, Delegate handler) =>
        _routes.Add(pattern, ["DELETE"], handler);

    /// <summary>Handles any methods.</summary>
    /// <param name="methods">Such as <c>GET</c> and <c>QUERY</c>.</param>
    /// <inheritdoc cref="Get"/>
    public RouteHandlerBuilder Map(
        [StringSyntax("Route")] string pattern, IReadOnlyList<string> methods, Delegate handler) =>
        _routes.Add(pattern, methods, handler);

    /// <summary>Serves the files of a folder to GET and HEAD; routes that are more specific come first.</summary>
    /// <param name="prefix">The path in front of the files' own, such as <c>/assets</c>; <c>/</c>: none.</param>
    /// <param name="root">The folder. Nothing outside of it is served, whatever links lead there.</param>
    /// <param name="options">Null: the defaults.</param>
    /// <exception cref="ArgumentException">The prefix is no path, or an option is out of range.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    public RouteHandlerBuilder Static(string prefix, string root, StaticOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(prefix);
        ArgumentException.ThrowIfNullOrEmpty(root);
        var folder = StaticFolder.Open(prefix, root, options ?? new());
        prefix = prefix.TrimEnd('/');
        return _routes.Add(prefix + "/{**path}", ["GET", "HEAD"], async (HttpContext context) =>
        {
            var path = context.Request.Path.Value![prefix.Length..];
            if (!await folder.TryServeAsync(context, path.StartsWith('/') ? path[1..] : path))
            {
                await Problem.WriteAsync(
                    context, StatusCodes.Status404NotFound, "there is no such file", context.RequestAborted);
            }
        });
    }

    /// <summary>
    /// Takes WebSockets, over HTTP/1.1 and HTTP/2, with the limits of <see cref="HttpAppOptions.WebSocket"/>:
    /// <code>
    /// app.WebSocket("/echo", async socket =>
    /// {
    ///     await foreach (var message in socket.ReadAsync())
    ///     {
    ///         await socket.SendAsync(message);
    ///     }
    /// });
    /// </code>
    /// </summary>
    /// <param name="handler">
    /// Runs as long as the connection is to live: when it ends the connection is closed with 1000, with 1011 if it
    /// throws.
    /// </param>
    /// <param name="subProtocols">The first that the client speaks too is taken; none may be.</param>
    /// <inheritdoc cref="Get"/>
    public RouteHandlerBuilder WebSocket(
        [StringSyntax("Route")] string pattern, Func<WebSocketConnection, Task> handler, params string[] subProtocols)
    {
        ArgumentNullException.ThrowIfNull(handler);
        ArgumentNullException.ThrowIfNull(subProtocols);
        var endpoint = new WebSocketEndpoint(handler, subProtocols, Options);
        return _routes.Add(pattern, ["GET", "CONNECT"], endpoint.InvokeAsync).RequestTimeout(TimeSpan.Zero);
    }

    /// <summary>Adds the methods of an object that have a <see cref="RouteAttribute"/>, static ones too.</summary>
    /// <exception cref="ArgumentException">None has, or one of their routes cannot be added.</exception>
    public HttpApp AddRoutes(object handlers)
    {
        ArgumentNullException.ThrowIfNull(handlers);
        _routes.AddMethods(handlers.GetType(), handlers);
        return this;
    }

    /// <summary>Adds the static methods of a class that have a <see cref="RouteAttribute"/>.</summary>
    /// <exception cref="ArgumentException">None has, or one of their routes cannot be added.</exception>
    public HttpApp AddRoutes(Type handlers)
    {
        ArgumentNullException.ThrowIfNull(handlers);
        _routes.AddMethods(handlers, target: null);
        return this;
    }

    /// <summary>Puts a middleware around the handlers, inside those that were added before.</summary>
    public HttpApp Use(Func<HttpContext, RequestDelegate, Task> middleware)
    {
        ArgumentNullException.ThrowIfNull(middleware);
        _app.Use(middleware);
        return this;
    }

    /// <summary>Begins to listen.</summary>
    /// <exception cref="IOException">The port is taken, or not this user's.</exception>
    public Task StartAsync(CancellationToken cancellationToken = default)
    {
        _app.Use(next => new MethodAnswers(next).InvokeAsync);
        return _app.StartAsync(cancellationToken);
    }

    /// <summary>
    /// Takes no more requests, and waits for those under way, <see cref="HttpAppOptions.ShutdownTimeout"/> at most.
    /// </summary>
    public Task StopAsync(CancellationToken cancellationToken = default) => _app.StopAsync(cancellationToken);

    /// <summary>Runs until it is cancelled, or the process is asked to stop (SIGTERM, SIGINT).</summary>
    /// <exception cref="IOException">The port is taken, or not this user's.</exception>
    public async Task RunAsync(CancellationToken cancellationToken = default)
    {
        await StartAsync(cancellationToken);
        await _app.WaitForShutdownAsync(cancellationToken);
    }

    /// <summary>Around the handler of a route that is cached; the others have nothing of it.</summary>
    private RequestDelegate AroundCached(RequestDelegate handler)
    {
        var branch = ((IApplicationBuilder)_app).New();
        branch.UseOutputCache();
        branch.Use(inner => new EntityTags(inner).InvokeAsync);
        branch.Run(handler);
        return branch.Build();
    }

    /// <summary>Stops it if it runs.</summary>
    public ValueTask DisposeAsync() => _app.DisposeAsync();
}
