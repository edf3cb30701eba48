using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Outbound;
using Quoin.Server.Storage.Journal;
using Quoin.Server.Telemetry;

namespace Quoin.Server.Gateway.Jobs;

/// <summary>The parts of jobs, put together: opened before the server listens, stopped after it has.</summary>
internal sealed class JobService : IAsyncDisposable
{
    private readonly JournalWriter _journal;
    private readonly ConfigurationSource _source;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly JobMetrics _metrics;
    private readonly OutboundGuard _guard;
    private readonly IdSource _ids;
    private JobRunner? _runner;
    private JobWebhooks? _webhooks;
    private IDisposable? _reloads;
    private long _stopped;
    private bool _disposed;

    private JobService(
        JobTable table, JournalWriter journal, ConfigurationSource source, GatewayServices services,
        MetricRegistry registry, ILoggerFactory loggers)
    {
        (_journal, _source, _time, _ids, _loggers) = (journal, source, services.Time, services.Ids, loggers);
        _metrics = new JobMetrics(registry, table, _time);
        _guard = new OutboundGuard(() => source.Current.Jobs.WebhookAllowedHosts);
        Desk = new JobDesk(table, journal, _metrics, _time);
        Stage = new JobStage(Desk, _guard);
    }

    public JobDesk Desk { get; }

    public JobStage Stage { get; }

    /// <summary>Null where no journal is configured.</summary>
    /// <exception cref="ServerStartException">The journal cannot be used.</exception>
    public static JobService? Open(
        ConfigurationSource source, GatewayServices services, MetricRegistry registry, ILoggerFactory loggers)
    {
        if (source.Current.Queue.StatePath is not { Length: > 0 } path)
        {
            return null;
        }

        var table = new JobTable(() => source.Current.Jobs, services.Time);
        var parts = new JournalParts(
            () => source.Current.Queue.SaveInterval, services.Time, new JournalMetrics(registry),
            loggers.CreateLogger<JournalWriter>());
        try
        {
            var journal = JournalWriter.Open(path, new SystemJournalFiles(), table, parts);
            return new JobService(table, journal, source, services, registry, loggers);
        }
        catch (JournalException e)
        {
            throw new ServerStartException(
                $"queue.state_path: the journal {path} cannot be used: {e.Message}. "
                + "Name a file of this server's own, in a folder that it may write to", e);
        }
    }

    /// <summary>Begins to run jobs: the gateway is ready for them.</summary>
    public void Start(RequestDelegate handler)
    {
        _runner = new JobRunner(
            Desk, handler, () => _source.Current.Jobs, _time, new Random(unchecked((int)_ids.Next())),
            _loggers.CreateLogger<JobRunner>());
        _webhooks = new JobWebhooks(
            Desk, _guard, () => _source.Current.Jobs, _time, new Random(unchecked((int)_ids.Next())), _metrics,
            _loggers.CreateLogger<JobWebhooks>());
        _reloads = _source.OnChange((_, _) => _runner.OptionsChanged());
        _webhooks.Start();
        _runner.Start();
    }

    /// <summary>The server stops: no further run begins, and those under way have from now their time.</summary>
    public void Stop()
    {
        Interlocked.CompareExchange(ref _stopped, _time.GetTimestamp(), 0);
        _runner?.Stop();
    }

    public async ValueTask DisposeAsync()
    {
        if (_disposed)
        {
            return;
        }

        _disposed = true;
        Stop();
        _reloads?.Dispose();
        if (_runner is not null)
        {
            var left = _source.Current.Server.ShutdownTimeout - _time.GetElapsedTime(_stopped);
            await _runner.StopAsync(left > TimeSpan.Zero ? left : TimeSpan.Zero);
            await _runner.DisposeAsync();
        }

        if (_webhooks is not null)
        {
            await _webhooks.DisposeAsync();
        }

        await _journal.DisposeAsync();
    }
}
