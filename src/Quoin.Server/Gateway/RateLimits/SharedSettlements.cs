using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using System.Threading.Channels;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Storage.Redis;
using StackExchange.Redis;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>Units to be taken unasked from a bucket in Redis, or given back.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Settlement(string Place, string Key, Rate Rate, long Difference, long At);

/// <summary>
/// Brings settlements to Redis, many at once, in a loop of its own. What Redis has not got for certain is kept and
/// tried again for <see cref="RateLimitLimits.SettlementAge"/>; what it may have got is not, as it would count twice.
/// What does not get there is counted.
/// </summary>
internal sealed partial class SharedSettlements(RateLimitMetrics metrics, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private readonly Channel<Settlement> _queue = Channel.CreateBounded<Settlement>(
        new BoundedChannelOptions(RateLimitLimits.Settlements) { SingleReader = true });

    private readonly CancellationTokenSource _stopping = new();
    private readonly ConcurrentDictionary<long, Task> _late = new();
    private readonly List<Settlement> _batch = [];
    private SharedLink? _link;
    private Task _loop = Task.CompletedTask;
    private long _lateIds;
    private int _lateCount;
    private int _disposed;

    /// <summary>Connects at once: no request shall wait for it.</summary>
    public void Use(SharedLink link)
    {
        Volatile.Write(ref _link, link);
        _queue.Writer.TryWrite(default);
    }

    public void Start() => _loop = RunAsync();

    public void Add(in Settlement settlement)
    {
        if (!_queue.Writer.TryWrite(settlement))
        {
            metrics.Lose(1);
        }
    }

    /// <summary>Waits for an answer that nobody waits for any more; what it has taken is given back.</summary>
    public void GiveBackLate(Task<RedisResult> answer, Func<long[], SharedTake> read)
    {
        if (Interlocked.Increment(ref _lateCount) > RateLimitLimits.LateAnswers)
        {
            Interlocked.Decrement(ref _lateCount);
            metrics.Lose(1);
            return;
        }

        var id = Interlocked.Increment(ref _lateIds);
        var waiting = WaitAsync(id, answer, read);
        _late[id] = waiting;
        if (waiting.IsCompleted)
        {
            _late.TryRemove(id, out _);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stopping.CancelAsync();
            await Task.WhenAll(_late.Values);
            _queue.Writer.TryComplete();
            await _loop;
            _stopping.Dispose();
        }
    }

    private async Task WaitAsync(long id, Task<RedisResult> answer, Func<long[], SharedTake> read)
    {
        try
        {
            read((long[])await answer.WaitAsync(RateLimitLimits.SettlementAge, time, _stopping.Token)).GiveBack();
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException
            or OperationCanceledException or InvalidOperationException)
        {
            // It may have taken or not; nobody can tell.
            metrics.Lose(1);
        }
        finally
        {
            Interlocked.Decrement(ref _lateCount);
            _late.TryRemove(id, out _);
        }
    }

    private async Task RunAsync()
    {
        try
        {
            while (await _queue.Reader.WaitToReadAsync())
            {
                Fill();
                await DeliverAsync();
            }
        }
        catch (Exception e)
        {
            _queue.Writer.TryComplete();
            Log.Died(logger, e);
        }
    }

    private void Fill()
    {
        var place = Volatile.Read(ref _link)?.Place;
        while (_batch.Count < RateLimitLimits.SettledAtOnce && _queue.Reader.TryRead(out var next))
        {
            if (next.Key is null)
            {
                continue;
            }

            if (next.Place == place)
            {
                _batch.Add(next);
            }
            else
            {
                metrics.Lose(1);
            }
        }
    }

    /// <summary>Until the batch is there, lost, or too old.</summary>
    private async Task DeliverAsync()
    {
        while (true)
        {
            if (Volatile.Read(ref _link) is not { } link)
            {
                break;
            }

            if (_batch.Count == 0)
            {
                await link.Redis.AskAsync(db => db.PingAsync(), RedisLimits.ConnectTime, CancellationToken.None);
                return;
            }

            var call = new SharedCall(
                SharedScripts.Settle, [.. _batch.Select(settlement => (RedisKey)settlement.Key)], [.. Values()]);
            var reply = await link.Redis.AskAsync(
                call.SendAsync, RateLimitLimits.SettleTime, CancellationToken.None);
            if (reply.Available)
            {
                _batch.Clear();
                return;
            }

            if (call.Abandon(out _) || _stopping.IsCancellationRequested
                || link.Place != Volatile.Read(ref _link)!.Place)
            {
                break;
            }

            if (!await PauseAsync())
            {
                break;
            }
        }

        metrics.Lose(_batch.Count);
        _batch.Clear();
    }

    /// <summary>False: what is left has waited for too long.</summary>
    private async Task<bool> PauseAsync()
    {
        try
        {
            await Task.Delay(RateLimitLimits.SettlePause, time, _stopping.Token);
        }
        catch (OperationCanceledException)
        {
            // The server stops: one more try.
        }

        var now = time.GetTimestamp();
        metrics.Lose(_batch.RemoveAll(
            settlement => time.GetElapsedTime(settlement.At, now) > RateLimitLimits.SettlementAge));
        return _batch.Count > 0;
    }

    private IEnumerable<RedisValue> Values() =>
        _batch.SelectMany(settlement => (RedisValue[])
            [settlement.Rate.Count, settlement.Rate.Seconds, settlement.Difference])
            .Append(RateLimitLimits.MostPeriodsOwed);

    private static partial class Log
    {
        [LoggerMessage(2502, LogLevel.Error, "What requests used is no longer told to Redis", EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
