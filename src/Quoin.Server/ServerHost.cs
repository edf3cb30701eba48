using System.Diagnostics.Metrics;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Quoin.Http;
using Quoin.Server.Configuration;
using Quoin.Server.Control.Routes;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Gateway.Sim;
using Quoin.Server.Telemetry;
using Quoin.Server.Workers;

namespace Quoin.Server;

/// <summary>
/// Puts the server together, in the order in which it is read: configuration → services → listeners → pipeline →
/// run. Nothing is found by scanning: what runs is what is named here.
/// </summary>
public static class ServerHost
{
    /// <summary>Runs the server until it is asked to stop; requests under way finish.</summary>
    /// <exception cref="ServerStartException">It cannot start; the message says why and what to set.</exception>
    public static async Task RunAsync(ConfigurationSource source, CancellationToken cancellationToken)
    {
        await using var server = await StartAsync(
            source, TimeProvider.System, Console.OpenStandardOutput(), Console.Error, cancellationToken);
        await RunningServer.WaitAsync(cancellationToken);
    }

    /// <summary>The simulated provider alone.</summary>
    public static Task RunSimAsync(ConfigurationSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var (server, sim) = (source.Current.Server, source.Current.Providers["sim"].Sim);
        return SimServer.RunAsync(
            sim, SimDialects.Default, server.Host, server.Port, Console.Error, cancellationToken);
    }

    /// <summary>What the parts of the server find wrong with a configuration whose every value is fine.</summary>
    internal static IEnumerable<(string Key, string Message)> Check(QuoinOptions options) =>
        options.Providers.SelectMany(provider => SimScenarioReader.Check(provider.Value.Sim.Scenario)
            .Select(error => ($"providers.{provider.Key}.sim.scenario", error)))
            .Concat(StoreTable.Check(options.Llm.Cache))
            .Concat(RouteTable.Check(options))
            .Concat(EdgeFeatures.Check(options.Server))
            .Concat(WorkerCount.Check(options));

    internal static async Task<RunningServer> StartAsync(
        ConfigurationSource source, TimeProvider time, Stream logStream, TextWriter screen,
        CancellationToken cancellationToken, Worker? worker = null)
    {
        var options = source.Current;

        // Telemetry comes first: whatever goes wrong afterwards is logged.
        var registry = new MetricRegistry(time);
        ProcessMetrics.AddTo(registry);
        var log = new LogOutput(logStream, time, options.Logging, SecretMask.From(options));
        log.AddTo(registry);
        log.Start();
        var metrics = new GatewayMetrics(registry);
        metrics.KnowModels(options);

        var listeners = new Listeners(source, time, hasMetricsPort: worker is null);
        if (listeners.Http3Fault is { } fault)
        {
            await log.DisposeAsync();
            throw new ServerStartException(fault);
        }

        var app = CreateApplication(options, listeners, log, time, worker);
        var connections = new ConnectionMetrics(registry, app.Services.GetService<IMeterFactory>());
        var loggers = app.Services.GetRequiredService<ILoggerFactory>();

        var gateway = await OpenGatewayAsync(
            source, registry, metrics, time, loggers, log, worker?.Identity);
        var requestLog = new RequestLog(log, time);
        var edgeFeatures = new EdgeFeatures(options.Server, loggers);
        var reloads = source.OnChange((_, now) =>
        {
            log.Configure(now.Logging, SecretMask.From(now));
            gateway.Configure(now);
            edgeFeatures.Configure(now.Server);
        });
        source.OnReload(metrics.RecordReload);

        var metricsPort = new MetricsPort(listeners.MetricsPort, options.Metrics.Path);
        var routes = new RouteGate(source, gateway.Services, new BucketTable(time), gateway.RouteBuckets);
        worker?.Use(app, registry);
        app.UseConnectionRequests(listeners.Edge);
        app.Use(routes.RewriteAsync);
        app.UseRouting();
        var edgeLogger = loggers.CreateLogger<RequestEdge>();
        RequestEdge EdgeOf(RequestDelegate next) =>
            new(next, metricsPort, metrics, requestLog, gateway.Services.Ids, time, edgeLogger);
        app.Use(next => EdgeOf(next).InvokeAsync);
        app.UseRequestTime(listeners.Edge);
        app.Use(edgeFeatures.Around);
        app.Use(routes.InvokeAsync);
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        gateway.Map(app, stopping);
        app.MapHealth(gateway.Snapshots, listeners.IsLoopback, stopping);
        app.MapMetrics(source, new MetricsPage(registry), listeners, worker);

        await ListenAsync(app, listeners, log, gateway, cancellationToken);
        gateway.Start(EdgeOf);
        source.Start(loggers.CreateLogger("Quoin.Configuration"), time);
        var server = new RunningServer(app, log, registry, reloads, gateway, connections, worker);
        StartScreen.Write(screen, source, server.Addresses, listeners, gateway.Snapshots.Current);
        return server;
    }

    private static WebApplication CreateApplication(
        QuoinOptions options, Listeners listeners, LogOutput log, TimeProvider time, Worker? worker)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions { ApplicationName = "quoin" });
        builder.Logging.AddLogOutput(log, time);

        // One line a request is ours; the framework's own request lines and traces would double it.
        builder.Logging.AddFilter("Microsoft", LogLevel.Warning);
        builder.Logging.AddFilter("Microsoft.AspNetCore.Hosting.Diagnostics", LogLevel.None);
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = options.Server.ShutdownTimeout);
        builder.WebHost.UseKestrelCore()
            .UseHttpEdge(listeners.Edge)
            .UseSockets(sockets =>
            {
                SocketScheduling.Configure(sockets);
                sockets.UseHttpEdge(listeners.Edge);
                worker?.Configure(sockets);
            })
            .ConfigureKestrel(kestrel =>
            {
                worker?.Configure(kestrel);
                listeners.Configure(kestrel);
            });
        return builder.Build();
    }

    private static async Task<GatewayParts> OpenGatewayAsync(
        ConfigurationSource source, MetricRegistry registry, GatewayMetrics metrics, TimeProvider time,
        ILoggerFactory loggers, LogOutput log, WorkerIdentity? worker)
    {
        try
        {
            var gateway = new GatewayParts(source, registry, metrics, time, loggers, worker);
            await gateway.ConnectAsync();
            return gateway;
        }
        catch (ServerStartException)
        {
            // What the part has logged tells more.
            await log.DisposeAsync();
            throw;
        }
    }

    private static async Task ListenAsync(
        WebApplication app, Listeners listeners, LogOutput log, GatewayParts gateway,
        CancellationToken cancellationToken)
    {
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            await gateway.DisposeAsync();
            await log.DisposeAsync();
            throw new ServerStartException(listeners.Explain(e), e);
        }
    }
}
