using System.Threading.Channels;
using Microsoft.Extensions.Logging;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// Brings records to the database, many in a transaction:
/// 1. A request takes a place before it is admitted and its record has it until it is written. So whoever has a place
///    loses no record; whoever gets none is refused if its key has a budget, and may lose its record if not.
/// 2. The loop takes what there is, waits a moment for more, writes it.
/// 3. A database that fails is tried again, with growing pauses, with the same records: they are written once.
/// What is lost is counted, logged and told.
/// </summary>
internal sealed partial class UsageWriter : IAsyncDisposable
{
    private readonly IUsageStore _store;
    private readonly TimeProvider _time;
    private readonly ILogger _logger;
    private readonly Func<TimeSpan> _retention;
    private readonly int _most;
    private readonly Channel<object> _queue =
        Channel.CreateUnbounded<object>(new UnboundedChannelOptions { SingleReader = true });

    private readonly CancellationTokenSource _stopping = new();
    private readonly Task _loop;

    /// <summary>Set by who does not want to wait for a batch to fill.</summary>
    private TaskCompletionSource _hurry = new();
    private int _places;
    private long _written;
    private long _lost;
    private bool _failing;
    private long _tidied;

    public UsageWriter(
        IUsageStore store, Func<TimeSpan> retention, TimeProvider time, ILogger logger, int most = UsageLimits.Pending)
    {
        (_store, _retention, _time, _logger, _most) = (store, retention, time, logger, most);
        _loop = Task.Run(RunAsync);
    }

    /// <summary>Places taken: requests under way and records not yet written.</summary>
    public int Pending => Volatile.Read(ref _places);

    public long Written => Volatile.Read(ref _written);

    public long Lost => Volatile.Read(ref _lost);

    /// <summary>The database could not be written to when it was last tried.</summary>
    public bool Failing => Volatile.Read(ref _failing);

    public bool TryTakePlace()
    {
        if (Interlocked.Increment(ref _places) <= _most)
        {
            return true;
        }

        Interlocked.Decrement(ref _places);
        return false;
    }

    public void GivePlaceBack() => Interlocked.Decrement(ref _places);

    public void Append(UsageRecord record, bool hasPlace)
    {
        if ((!hasPlace && !TryTakePlace()) || !_queue.Writer.TryWrite(record))
        {
            Interlocked.Increment(ref _lost);
            Log.Lost(_logger, record.RequestId, record.Key, record.Use.Total, record.Cost);
        }
    }

    /// <summary>True: all that was appended before is in the database. False: it cannot be written to.</summary>
    public async Task<bool> FlushAsync(CancellationToken cancellationToken)
    {
        var flush = new TaskCompletionSource<bool>(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_queue.Writer.TryWrite(flush))
        {
            return false;
        }

        Volatile.Read(ref _hurry).TrySetResult();
        return await flush.Task.WaitAsync(cancellationToken);
    }

    /// <summary>Writes what there is; a database that fails then is not tried again.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_queue.Writer.TryComplete())
        {
            await _stopping.CancelAsync();
            await _loop;
            _store.Dispose();
            _stopping.Dispose();
        }
    }

    private async Task RunAsync()
    {
        var batch = new List<UsageRecord>();
        var flushes = new List<TaskCompletionSource<bool>>();
        try
        {
            while (await _queue.Reader.WaitToReadAsync())
            {
                await GatherAsync(batch, flushes);                                             // 2
                await WriteAsync(batch, flushes);
                Tidy();
            }
        }
        catch (Exception e)
        {
            Log.Died(_logger, e);
            Volatile.Write(ref _failing, true);
        }
    }

    /// <summary>Wakes up twice for a batch, not for each record.</summary>
    private async Task GatherAsync(List<UsageRecord> batch, List<TaskCompletionSource<bool>> flushes)
    {
        var hurry = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        Volatile.Write(ref _hurry, hurry);
        if (Take(batch, flushes))
        {
            return;
        }

        using var waiting = CancellationTokenSource.CreateLinkedTokenSource(_stopping.Token);
        await Task.WhenAny(Task.Delay(UsageLimits.Linger, _time, waiting.Token), hurry.Task);
        await waiting.CancelAsync();
        Take(batch, flushes);
    }

    /// <summary>Whether there is no need to wait for more.</summary>
    private bool Take(List<UsageRecord> batch, List<TaskCompletionSource<bool>> flushes)
    {
        while (batch.Count < UsageLimits.Batch && _queue.Reader.TryRead(out var next))
        {
            if (next is UsageRecord record)
            {
                batch.Add(record);
            }
            else
            {
                flushes.Add((TaskCompletionSource<bool>)next);
            }
        }

        return flushes.Count > 0 || batch.Count >= UsageLimits.Batch;
    }

    private async Task WriteAsync(List<UsageRecord> batch, List<TaskCompletionSource<bool>> flushes)
    {
        for (var pause = UsageLimits.FirstPause; batch.Count > 0;)
        {
            try
            {
                _store.Write(batch);
                Interlocked.Add(ref _places, -batch.Count);
                Interlocked.Add(ref _written, batch.Count);
                batch.Clear();
                Recovered();
            }
            catch (Exception e)                                                                // 3
            {
                Fail(e, batch.Count);
                Answer(flushes, false);
                if (_stopping.IsCancellationRequested)
                {
                    Interlocked.Add(ref _lost, batch.Count);
                    Log.LostAtEnd(_logger, batch.Count);
                    batch.Clear();
                    return;
                }

                await PauseAsync(pause);
                pause = pause * 2 < UsageLimits.LongestPause ? pause * 2 : UsageLimits.LongestPause;
            }
        }

        Answer(flushes, true);
    }

    /// <summary>Until the pause is over, the server stops, or somebody wants to know whether it works again.</summary>
    private async Task PauseAsync(TimeSpan pause)
    {
        try
        {
            await Task.Delay(pause, _time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops: one more try.
        }
    }

    private static void Answer(List<TaskCompletionSource<bool>> flushes, bool written)
    {
        foreach (var flush in flushes)
        {
            flush.TrySetResult(written);
        }

        flushes.Clear();
    }

    private void Fail(Exception e, int records)
    {
        if (!Failing)
        {
            Log.Failed(_logger, records, e.Message);
        }

        Volatile.Write(ref _failing, true);
    }

    private void Recovered()
    {
        if (Failing)
        {
            Log.WorksAgain(_logger);
        }

        Volatile.Write(ref _failing, false);
    }

    private void Tidy()
    {
        var now = _time.GetTimestamp();
        if (Failing || (_tidied != 0 && _time.GetElapsedTime(_tidied, now) < UsageLimits.Tidying))
        {
            return;
        }

        try
        {
            _tidied = _store.Tidy(_time.GetUtcNow(), _retention()) ? now : 0;
        }
        catch (Exception e)
        {
            _tidied = now;
            Log.NotTidied(_logger, e.Message);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2400, LogLevel.Error,
            "The usage database cannot be written to: {Reason}. {Records} records wait in memory; it is tried again",
            EventName = nameof(Failed))]
        public static partial void Failed(ILogger logger, int records, string reason);

        [LoggerMessage(2401, LogLevel.Information, "The usage database can be written to again",
            EventName = nameof(WorksAgain))]
        public static partial void WorksAgain(ILogger logger);

        [LoggerMessage(2402, LogLevel.Error,
            "The usage of request {RequestId} is lost: too many records wait for the database. Key {Key} used {Tokens} "
            + "tokens for {Cost} billionths of a dollar",
            EventName = nameof(Lost))]
        public static partial void Lost(ILogger logger, string requestId, string key, long tokens, long cost);

        [LoggerMessage(2403, LogLevel.Error,
            "The usage of {Records} requests is lost: the database could not be written to when the server stopped",
            EventName = nameof(LostAtEnd))]
        public static partial void LostAtEnd(ILogger logger, int records);

        [LoggerMessage(2404, LogLevel.Warning, "Old usage could not be removed: {Reason}",
            EventName = nameof(NotTidied))]
        public static partial void NotTidied(ILogger logger, string reason);

        [LoggerMessage(2405, LogLevel.Critical, "The writer of usage has died", EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
