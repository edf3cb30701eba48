using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Providers;

namespace Quoin.Server.Gateway.Health;

/// <summary>
/// Asks providers whether they are there, by their list of models: never a paid call. Live traffic tells more, so only
/// those are asked that are unhealthy, or were called and have not answered since. Any answer below 500 will do, also
/// a refused key: the provider is there. One loop, which ends with the server.
/// </summary>
internal sealed partial class HealthProbe(
    SnapshotHolder snapshots, ProviderStates states, TimeProvider time, ILogger<HealthProbe> logger)
    : IAsyncDisposable
{
    private readonly CancellationTokenSource _stopping = new();
    private Task _loop = Task.CompletedTask;
    private int _disposed;

    public static HealthProbe Start(
        SnapshotHolder snapshots, ProviderStates states, TimeProvider time, ILoggerFactory loggers)
    {
        var probe = new HealthProbe(snapshots, states, time, loggers.CreateLogger<HealthProbe>());
        probe._loop = probe.RunAsync();
        return probe;
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stopping.CancelAsync();
            await _loop;
            _stopping.Dispose();
        }
    }

    /// <summary>One round: all that need it, at once.</summary>
    public Task ProbeAsync(CancellationToken cancellationToken)
    {
        var snapshot = snapshots.Current;
        var options = snapshot.Options.Llm.HealthCheck;
        return options.Enabled
            ? Task.WhenAll(snapshot.Upstreams.Values
                .Where(upstream => NeedsProbe(states.Of(upstream.Name)))
                .Select(upstream => ProbeAsync(upstream, options, cancellationToken)))
            : Task.CompletedTask;
    }

    private static bool NeedsProbe(ProviderState state) => !state.Healthy || state.LastCall > state.LastAnswer;

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(snapshots.Current.Options.Llm.HealthCheck.Interval, time, _stopping.Token);
                await ProbeAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            Log.Died(logger, e);
        }
    }

    private async Task ProbeAsync(Upstream upstream, HealthCheckOptions options, CancellationToken cancellationToken)
    {
        if (upstream.Provider.ModelsPath is not { } path)
        {
            return;
        }

        var state = states.Of(upstream.Name);
        var reason = await FaultAsync(upstream, path, options.Timeout, cancellationToken);
        if (reason is null)
        {
            if (!state.Healthy)
            {
                Log.Recovered(logger, upstream.Name);
            }

            state.Answered(time.GetTimestamp());
        }
        else if (state.Unreachable(options.FailureThreshold))
        {
            Log.Unhealthy(logger, upstream.Name, reason);
        }
    }

    /// <summary>Null when it answered.</summary>
    private async Task<string?> FaultAsync(
        Upstream upstream, string path, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var limit = new CancellationTokenSource(patience, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        try
        {
            using var request = upstream.CreateRequest(HttpMethod.Get, path);
            upstream.Provider.Authorize(request, upstream.Provider.Speaks[0]);
            using var response = await upstream.SendAsync(request, either.Token);
            return response.Status < 500 ? null : $"it answered {response.Status}";
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return $"no answer within {patience.TotalSeconds:0.###} s (llm.health_check.timeout)";
        }
        catch (Exception e) when (e is HttpRequestException or IOException)
        {
            return e.Message;
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2020, LogLevel.Warning, "Provider {Provider} is unhealthy: {Reason}",
            EventName = nameof(Unhealthy))]
        public static partial void Unhealthy(ILogger logger, string provider, string reason);

        [LoggerMessage(2021, LogLevel.Information, "Provider {Provider} is healthy again",
            EventName = nameof(Recovered))]
        public static partial void Recovered(ILogger logger, string provider);

        [LoggerMessage(2022, LogLevel.Error, "The health checks of providers ended", EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
