using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Control;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Admission;
using Quoin.Server.Gateway.Cache;
using Quoin.Server.Gateway.CircuitBreaker;
using Quoin.Server.Gateway.Endpoints;
using Quoin.Server.Gateway.Failover;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Idempotency;
using Quoin.Server.Gateway.Jobs;
using Quoin.Server.Gateway.Keys;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;
using Quoin.Server.Telemetry;
using Quoin.Server.Workers;
using Quoin.Server.Workers.Sharing;

namespace Quoin.Server;

/// <summary>
/// The gateway put together: its parts are made once, told of each reload, mapped to their paths, started with the
/// listeners and stopped after them.
/// </summary>
internal sealed class GatewayParts : IAsyncDisposable
{
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly GatewayMetrics _metrics;
    private readonly ConnectionPools _pools;
    private readonly ProviderStates _states;
    private readonly ModelCatalog _catalog;
    private readonly ModelRouter _router;
    private readonly CacheHolder _caches;
    private readonly AdmissionQueue _admission;
    private readonly JobService? _jobs;
    private readonly UsageService? _usage;
    private readonly GatewayPipeline _pipeline;
    private readonly BreakerShare _breakers;
    private readonly SharedLimits _limits;
    private readonly SharedChannel? _channel;
    private HealthProbe? _probe;

    /// <param name="worker">Who this process is among several; null where it is the only one.</param>
    /// <exception cref="ServerStartException">A part cannot start; what it has logged may tell more.</exception>
    public GatewayParts(
        ConfigurationSource source, MetricRegistry registry, GatewayMetrics metrics, TimeProvider time,
        ILoggerFactory loggers, WorkerIdentity? worker = null)
    {
        var options = source.Current;
        (_time, _loggers, _metrics) = (time, loggers, metrics);
        _pools = new ConnectionPools(time);
        _states = new ProviderStates(time);
        Snapshots = new SnapshotHolder(new GatewaySnapshot(options, _pools.Connect(options), _states));
        ProviderMetrics.AddTo(registry, Snapshots, _states, time);
        if (worker is not null)
        {
            _channel = new SharedChannel(worker.SharedSocket, time, loggers.CreateLogger<SharedChannel>());
            _channel.AddTo(registry);
        }

        _breakers = new BreakerShare(
            Snapshots, time, loggers, _channel is null ? null : new SupervisorBreakers(_channel));
        _catalog = new ModelCatalog(time, loggers.CreateLogger<ModelCatalog>());
        _router = new ModelRouter(_catalog);
        _caches = new CacheHolder(registry, time, loggers);
        _caches.Configure(options.Llm.Cache);
        var admissionMetrics = new AdmissionMetrics(registry);
        _admission = new AdmissionQueue(time, admissionMetrics, options.Queue);
        admissionMetrics.Watch(_admission);
        var services = new GatewayServices(time, IdSource.FromSystem(), metrics, new ServerTiming(time));
        _usage = UsageService.Open(
            source, registry, time, loggers, _channel is null ? null : new SupervisorBudgets(_channel));
        _jobs = worker?.IsOwner ?? true ? JobService.Open(source, services, registry, loggers) : null;
        var limitMetrics = new RateLimitMetrics(registry);
        _limits = new SharedLimits(limitMetrics, time, loggers);
        _limits.Configure(options);
        var buckets = _channel is null ? null : new SupervisorBuckets(_channel, SharedTable.Limits, limitMetrics);
        RouteBuckets = _channel is null ? null : new SupervisorBuckets(_channel, SharedTable.Routes, limitMetrics);
        var answers = new IdempotencyStore(() => source.Current.Idempotency, time);
        Services = services with
        {
            Keys = new KeyGate(Snapshots, new KeyMetrics(registry), time),
            RateLimits = new RateLimiter(
                new BucketTable(time), limitMetrics, _limits,
                new UnpricedModels(loggers.CreateLogger<UnpricedModels>()), buckets),
            Idempotency = new IdempotencyStage(answers, new IdempotencyMetrics(registry, answers), time),
            Jobs = _jobs?.Stage,
            Usage = _usage?.Stage,
            Caches = _caches,
            Admission = _admission,
        };
        _pipeline = new GatewayPipeline(
            Services,
            Snapshots,
            _router,
            new AttemptLoop(Services, new RandomNumbers(Services.Ids), loggers.CreateLogger<AttemptLoop>()),
            loggers.CreateLogger<GatewayPipeline>());
    }

    public GatewayServices Services { get; }

    public SnapshotHolder Snapshots { get; }

    /// <summary>For the limits of paths, of all processes; null where this is the only one.</summary>
    public ISharedBuckets? RouteBuckets { get; }

    /// <summary>To be called before requests are taken.</summary>
    public Task ConnectAsync() => _channel?.StartAsync() ?? Task.CompletedTask;

    /// <summary>Requests that begin from now on go by this configuration.</summary>
    public void Configure(QuoinOptions options)
    {
        _metrics.KnowModels(options);
        _limits.Configure(options);
        var upstreams = _pools.Connect(options);
        Snapshots.Current = new GatewaySnapshot(options, upstreams, _states);
        _states.Keep(options);
        _router.Forget();
        _caches.Configure(options.Llm.Cache);
        _catalog.Keep(upstreams);
        _admission.Configure(options.Queue);
    }

    /// <param name="stopping">Cancelled when the server is asked to stop.</param>
    public void Map(WebApplication app, CancellationToken stopping)
    {
        var keys = Services.Keys!;
        app.Use(keys.InvokeAsync);
        app.MapGateway(_pipeline, new ModelList(Snapshots, _router, _time));
        var control = app.MapControl(keys);
        control.MapProviders(Snapshots, _time);
        control.MapCache(_caches);
        control.MapQueue(_admission, _time);
        control.MapUsage(_usage);
        control.MapKeys(Snapshots, _usage);
        stopping.Register(_admission.Stop);
        if (_jobs is not null)
        {
            new JobEndpoints(_jobs.Desk, KeyGate.TenantOf, stopping).Map(app, "/v1");
            control.MapJobs(_jobs.Desk, stopping);
            stopping.Register(_jobs.Stop);
        }
    }

    /// <summary>Called when requests are taken.</summary>
    /// <param name="edge">What is around a request; jobs go through it too.</param>
    public void Start(Func<RequestDelegate, RequestEdge> edge)
    {
        _jobs?.Start(edge(http => JobExchange.InvokeAsync(http, _pipeline)).InvokeAsync);
        _breakers.Start();
        _limits.Start();
        _probe = HealthProbe.Start(Snapshots, _states, _time, _loggers);
    }

    public async ValueTask DisposeAsync()
    {
        await (_jobs?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_probe?.DisposeAsync() ?? ValueTask.CompletedTask);
        await _breakers.DisposeAsync();
        await _limits.DisposeAsync();
        _caches.Dispose();
        _admission.Dispose();
        await (_usage?.DisposeAsync() ?? ValueTask.CompletedTask);
        await (_channel?.DisposeAsync() ?? ValueTask.CompletedTask);
        Services.Clocks.Dispose();
    }
}
