using Quoin.Http.Benchmarking.Exchanges;
using Quoin.Http.Benchmarking.Measuring;
using Quoin.Http.Benchmarking.Pacing;

namespace Quoin.Http.Benchmarking;

/// <summary>
/// Makes requests one after another, as the schedule says, until it has no more. It is one of
/// <see cref="BenchmarkOptions.Concurrency"/>; the run watches that none takes too long (<see cref="EndIfOverAsync"/>).
/// </summary>
internal sealed class Worker(
    Schedule schedule, Pace pace, Exchanger exchanger, Recorder recorder, BenchmarkOptions options,
    CancellationToken cancellationToken) : IAsyncDisposable
{
    private readonly Exchange _exchange = new() { Clock = new RunClock(options.Time) };
    private readonly Lock _watch = new();
    private CancellationTokenSource _limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
    private long? _deadline;
    private bool _timeIsUp;

    /// <summary>Opens its connection, if it has one of its own that lasts.</summary>
    public async Task ConnectAsync(RunClock clock)
    {
        _exchange.Clock = clock;
        _exchange.Begin(clock.Now);
        await AttemptAsync(connecting: true);
        recorder.AddConnection(_exchange);
    }

    public async Task RunAsync(RunClock clock)
    {
        _exchange.Clock = clock;
        while (!cancellationToken.IsCancellationRequested && schedule.TryTake(clock.Now, out var intended))
        {
            var early = intended > clock.Now;
            if (early)
            {
                await pace.WaitUntilAsync(intended, clock);
            }

            _exchange.Begin(intended);
            await AttemptAsync(connecting: false);
            if (cancellationToken.IsCancellationRequested && _exchange.Failure != Failure.None)
            {
                // It was not the server that broke this one off.
                break;
            }

            recorder.Add(_exchange, early ? _exchange.Started - intended : null);
            if (_exchange.Failure == Failure.Connect && options.Rate is null)
            {
                await Task.Delay(BenchmarkLimits.PauseAfterRefusal, options.Time, cancellationToken);
            }
        }

        recorder.AddGaps(_exchange.Gaps);
    }

    /// <summary>Ends what is under way for too long.</summary>
    public async ValueTask EndIfOverAsync()
    {
        CancellationTokenSource limit;
        lock (_watch)
        {
            if (_deadline is not { } deadline || _exchange.Clock.Now < deadline)
            {
                return;
            }

            (_deadline, _timeIsUp) = (null, true);
            limit = _limit;
        }

        // The worker takes another one for its next attempt.
        await limit.CancelAsync();
        limit.Dispose();
    }

    public async ValueTask DisposeAsync()
    {
        await exchanger.DisposeAsync();
        _limit.Dispose();
    }

    private async Task AttemptAsync(bool connecting)
    {
        CancellationToken limit;
        lock (_watch)
        {
            if (_timeIsUp)
            {
                _limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                _timeIsUp = false;
            }

            _deadline = _exchange.Started + options.Timeout.Ticks;
            limit = _limit.Token;
        }

        try
        {
            await (connecting
                ? exchanger.ConnectAsync(_exchange, limit)
                : exchanger.ExchangeAsync(_exchange, limit));
            if (!connecting && options.ServerSentEvents && _exchange is { IsStream: false, Status: >= 200 and < 300 })
            {
                _exchange.Failure = Failure.Protocol;
            }
        }
        catch (Exception e)
        {
            _exchange.Failure = Exchanger.FailureOf(e, _timeIsUp, _exchange.HasConnection);
        }

        lock (_watch)
        {
            _deadline = null;
        }
    }
}
