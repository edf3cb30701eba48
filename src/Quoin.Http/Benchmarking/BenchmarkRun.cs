using Quoin.Http.Benchmarking.Exchanges;
using Quoin.Http.Benchmarking.Measuring;
using Quoin.Http.Benchmarking.Pacing;

namespace Quoin.Http.Benchmarking;

/// <summary>
/// One benchmark from its beginning to its report:
/// 1. Open the connections, and time that.
/// 2. Let the workers make requests as the schedule says; a watch ends those that take too long.
/// 3. Add up what they have recorded.
/// </summary>
internal sealed class BenchmarkRun(LoadTarget target)
{
    private readonly BenchmarkOptions _options = target.Options;
    private readonly List<HttpMessageHandler> _handlers = [];
    private readonly Recorder[] _recorders =
        [.. Enumerable.Range(0, Math.Min(target.Options.Concurrency, 2 * Environment.ProcessorCount))
            .Select(_ => new Recorder())];

    public async Task<BenchmarkReport> RunAsync(CancellationToken cancellationToken)
    {
        var schedule = ScheduleOf(_options);
        await using var pace = Pace.For(_options.Time, cancellationToken);
        var workers = new List<Worker>(_options.Concurrency);
        AddWorkers(workers, schedule, pace, cancellationToken);
        using var watched = new CancellationTokenSource();
        var watch = WatchAsync(workers, watched.Token);
        try
        {
            var opened = await ConnectAsync(workers, cancellationToken);                // 1
            var clock = new RunClock(_options.Time);
            var runs = workers.ConvertAll(worker => EndWithRunAsync(worker.RunAsync(clock), cancellationToken));
            await Task.WhenAll(runs);                                                   // 2
            var all = new Recorder();
            foreach (var recorder in _recorders)                                        // 3
            {
                all.Add(recorder);
            }

            return BenchmarkReport.Of(target, all, schedule.Missed, opened);
        }
        finally
        {
            await watched.CancelAsync();
            await watch;
            foreach (var worker in workers)
            {
                await worker.DisposeAsync();
            }

            foreach (var handler in _handlers)
            {
                await DisposeAsync(handler);
            }
        }
    }

    private static async ValueTask DisposeAsync(HttpMessageHandler handler)
    {
        if (handler is IAsyncDisposable ended)
        {
            await ended.DisposeAsync();
        }
        else
        {
            handler.Dispose();
        }
    }

    private static Schedule ScheduleOf(BenchmarkOptions options)
    {
        var requests = options.Requests ?? long.MaxValue;
        var duration = (options.Duration
            ?? (options.Requests is null ? TimeSpan.FromSeconds(10) : TimeSpan.MaxValue)).Ticks;
        return options.Rate is null
            ? new ClosedLoop(requests, duration)
            : new OpenLoop(Arrivals.Of(options), requests, duration, options.Timeout.Ticks, options.MaxWaiting);
    }

    private void AddWorkers(List<Worker> workers, Schedule schedule, Pace pace, CancellationToken cancellationToken)
    {
        var connections = _options.WebSocket ? 1
            : _options.Http.Major >= 2 ? _options.Connections ?? ((_options.Concurrency + 31) / 32)
            : 0;
        for (var i = 0; i < connections; i++)
        {
            _handlers.Add(_options.WebSocket
                ? WebSocketExchanger.NewDialer(target)
                : MultiplexedExchanger.NewConnection(target));
        }

        var clients = _handlers.ConvertAll(handler => new HttpMessageInvoker(handler, disposeHandler: false));

        for (var i = 0; i < _options.Concurrency; i++)
        {
            Exchanger exchanger = _options.WebSocket ? new WebSocketExchanger(target, clients[0])
                : connections > 0 ? new MultiplexedExchanger(target, clients[i % connections])
                : new Http1Exchanger(target);
            workers.Add(new(
                schedule, pace, exchanger, _recorders[i % _recorders.Length], _options, cancellationToken));
        }
    }

    /// <returns>How long it took until all were open.</returns>
    private async Task<TimeSpan> ConnectAsync(List<Worker> workers, CancellationToken cancellationToken)
    {
        if (_options.NewConnections || _options.Http.Major >= 2)
        {
            return TimeSpan.Zero;
        }

        var clock = new RunClock(_options.Time);
        await Parallel.ForEachAsync(
            workers,
            new ParallelOptions
            {
                MaxDegreeOfParallelism = BenchmarkLimits.Connecting,
                CancellationToken = cancellationToken,
            },
            async (worker, _) => await worker.ConnectAsync(clock));
        return new TimeSpan(clock.Now);
    }

    /// <summary>Whoever ends a run early wants to see what was measured until then.</summary>
    private static async Task EndWithRunAsync(Task run, CancellationToken cancellationToken)
    {
        try
        {
            await run;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // It waited for its next turn.
        }
    }

    private async Task WatchAsync(List<Worker> workers, CancellationToken cancellationToken)
    {
        var period = TimeSpan.FromTicks(Math.Clamp(
            _options.Timeout.Ticks / 20, 10 * TimeSpan.TicksPerMillisecond, 250 * TimeSpan.TicksPerMillisecond));
        using var timer = new PeriodicTimer(period, _options.Time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                foreach (var worker in workers)
                {
                    await worker.EndIfOverAsync();
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The run has ended.
        }
    }
}
