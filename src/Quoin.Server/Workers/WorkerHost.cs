using System.Net.Sockets;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Health;
using Quoin.Server.Gateway.Providers;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Telemetry;
using Quoin.Server.Workers.Sharing;

namespace Quoin.Server.Workers;

/// <summary>What operators ask a supervisor for by signals.</summary>
public sealed class SupervisorSignals
{
    /// <summary>Read the configuration again.</summary>
    public event Action? Reload;

    /// <summary>Replace all workers, one after another.</summary>
    public event Action? Restart;

    public void AskToReload() => Reload?.Invoke();

    public void AskToRestart() => Restart?.Invoke();
}

/// <summary>Several processes that serve one port, and the one that supervises them (<c>server.workers</c>).</summary>
public static class WorkerHost
{
    /// <summary>This process was started by a supervisor.</summary>
    public static bool IsWorker { get; } =
        WorkerIdentity.Read(Environment.GetEnvironmentVariable(WorkerIdentity.Variable)) is not null;

    public static bool IsSupervised(ConfigurationSource source)
    {
        ArgumentNullException.ThrowIfNull(source);
        return WorkerCount.Of(source.Current.Server, Environment.ProcessorCount) > 1;
    }

    /// <summary>One worker, until its supervisor or a signal ends it.</summary>
    public static async Task RunWorkerAsync(ConfigurationSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var identity = WorkerIdentity.Read(Environment.GetEnvironmentVariable(WorkerIdentity.Variable))!;
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        using var worker = new Worker(identity, TimeProvider.System, stop);
        worker.Obey(() => source.Reload());
        await using var log = new LineStream(Console.OpenStandardOutput(), identity.Name.Slot);
        await using var server = await ServerHost.StartAsync(
            source, TimeProvider.System, log, TextWriter.Null, stop.Token, worker);
        await worker.BecomeReadyAsync(stop.Token);
        await RunningServer.WaitAsync(stop.Token);
    }

    /// <summary>
    /// The supervisor, until all workers have ended. Gives the code of the process; 0: as it was asked.
    /// </summary>
    /// <exception cref="ServerStartException">It cannot start; the message says why and what to set.</exception>
    public static async Task<int> SuperviseAsync(
        ConfigurationSource source, SupervisorSignals signals, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(signals);
        var (options, time) = (source.Current, TimeProvider.System);
        var listeners = new Listeners(source, time);
        var plan = Supervisor.PlanOf(options.Server);
        using var sockets = Open(options.Server, listeners, plan.Workers);
        var folder = Directory.CreateTempSubdirectory("quoin-workers-").FullName;
        try
        {
            if (folder.Length > WorkerLimits.FolderBytes)
            {
                throw new ServerStartException(
                    $"the folder for temporary files is too long for sockets in it: {folder}; "
                    + "set TMPDIR to a shorter one");
            }

            using var registry = new MetricRegistry(time);
            ProcessMetrics.AddTo(registry);
            await using var log = new LogOutput(
                new LineStream(Console.OpenStandardOutput(), worker: null), time, options.Logging,
                SecretMask.From(options));
            log.AddTo(registry);
            log.Start();
            using var loggers = LoggerFactory.Create(builder => builder.AddLogOutput(log, time));
            var supervisor = new Supervisor(
                plan, sockets, folder, time, new Random(Environment.ProcessId), loggers.CreateLogger<Supervisor>())
            {
                Started = () => Tell(source, listeners, sockets, plan.Workers),
            };
            signals.Reload += supervisor.Reload;
            signals.Restart += () =>
            {
                // A configuration with errors would leave each slot without a worker in its turn.
                if (source.Reload().Applied)
                {
                    supervisor.RestartAll();
                }
            };
            var shared = new SharedState(time);
            shared.AddTo(registry);
            await using var sharing = new SharedListener(
                WorkerIdentity.SharedSocketOf(folder), shared, time, loggers.CreateLogger<SharedListener>());
            sharing.Start();
            return await RunAsync(supervisor, registry, source, listeners, folder, cancellationToken);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task<int> RunAsync(
        Supervisor supervisor, MetricRegistry registry, ConfigurationSource source, Listeners listeners,
        string folder, CancellationToken cancellationToken)
    {
        var options = source.Current;
        await using var page = new SupervisorPage(
            supervisor, registry, options.Metrics, options.Llm.Cache is { Enable: true, Type: "redis" });
        try
        {
            await page.StartAsync(folder, listeners, cancellationToken);
        }
        catch (IOException e)
        {
            throw new ServerStartException(listeners.Explain(e), e);
        }

        return await supervisor.RunAsync(cancellationToken);
    }

    private static ListeningSockets Open(ServerOptions server, Listeners listeners, int workers)
    {
        try
        {
            return ListeningSockets.Open(listeners.Address, server.Port, workers);
        }
        catch (SocketException e)
        {
            throw new ServerStartException(listeners.Explain(new IOException(e.Message, e)), e);
        }
    }

    private static void Tell(
        ConfigurationSource source, Listeners listeners, ListeningSockets sockets, int workers)
    {
        var options = source.Current;
        var scheme = listeners.Edge.CertificateFile is null ? "http" : "https";
        List<Uri> addresses = [new($"{scheme}://{sockets.EndPoint}")];
        if (listeners.MetricsPort is { } port)
        {
            addresses.Add(new($"http://{new System.Net.IPEndPoint(listeners.Address, port)}"));
        }

        // For its names only: nothing connects before it is asked to.
        var snapshot = new GatewaySnapshot(
            options, new ConnectionPools(TimeProvider.System).Connect(options),
            new ProviderStates(TimeProvider.System));
        StartScreen.Write(Console.Error, source, addresses, listeners, snapshot, workers);
    }
}
