using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.CircuitBreaker;

/// <summary>
/// Tells others which breakers are open: other nodes through Redis (<c>circuit_breaker.store: redis</c>), other
/// processes of this server through their supervisor (<c>local</c>). Every so often, off the way of any request:
/// 1. A breaker that opened here is written, with the time it has left as the entry's time to live.
/// 2. One that has closed here again is deleted.
/// 3. One that is open elsewhere opens here for as long; when its entry is gone before its time, somebody's probe
///    succeeded, and the next call here may probe at once.
/// While the store is away each goes by what it sees itself. Keys of providers are named by a hash.
/// </summary>
internal sealed partial class BreakerShare : IAsyncDisposable
{
    private readonly SnapshotHolder _snapshots;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private readonly IBreakerStore? _supervisor;
    private RedisBreakers? _redis;
    private Task _loop = Task.CompletedTask;
    private int _disposed;

    /// <param name="supervisor">Of all processes of this server; null where there is one.</param>
    public BreakerShare(
        SnapshotHolder snapshots, TimeProvider time, ILoggerFactory loggers, IBreakerStore? supervisor = null)
    {
        (_snapshots, _time, _loggers, _supervisor) = (snapshots, time, loggers, supervisor);
        _logger = loggers.CreateLogger<BreakerShare>();
    }

    /// <summary>What this process has seen of an entry in the store.</summary>
    private enum Known
    {
        /// <summary>It opened here, and is written.</summary>
        Written,

        /// <summary>It is open elsewhere, and was opened here for that.</summary>
        Taken,
    }

    public void Start() => _loop = RunAsync();

    /// <summary>One round; nothing where the state is not shared.</summary>
    public async Task ShareAsync(CancellationToken cancellationToken)
    {
        var snapshot = _snapshots.Current;
        if (StoreOf(snapshot.Options) is not { } store)
        {
            return;
        }

        var breakers = snapshot.Accounts.SelectMany(account => account.Keys.Select(key => (
            Id: IdOf(key.Provider.Name, key.Provider.Options.ApiKey), key.State.Breaker))).ToList();
        if (await store.ReadAsync(breakers.ConvertAll(breaker => breaker.Id), cancellationToken) is not { } left)
        {
            return;
        }

        for (var i = 0; i < breakers.Count; i++)
        {
            await ShareAsync(store, breakers[i].Id, breakers[i].Breaker, left[i], cancellationToken);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _disposed, 1) == 0)
        {
            await _stopping.CancelAsync();
            await _loop;
            _stopping.Dispose();
            _redis?.Dispose();
        }
    }

    private static string IdOf(string provider, string? key) =>
        provider + ":" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key ?? "")))[..16];

    /// <param name="elsewhere">How long it is open yet, as the store has it; null when it has no entry.</param>
    private async ValueTask ShareAsync(
        IBreakerStore store, string id, Breaker breaker, TimeSpan? elsewhere, CancellationToken cancellationToken)
    {
        var now = _time.GetTimestamp();
        var known = _known.TryGetValue(id, out var what) ? what : (Known?)null;
        var left = breaker.State == CircuitState.Open ? _time.GetElapsedTime(now, breaker.OpenUntil) : TimeSpan.Zero;
        if (known is not null && breaker.State == CircuitState.Closed)                             // 2
        {
            _known.Remove(id);
            await store.CloseAsync(id, cancellationToken);
        }
        else if (elsewhere is { } open && open > TimeSpan.Zero)                                    // 3
        {
            if (known is null && breaker.Open(now + Ticks(open)))
            {
                _known[id] = Known.Taken;
                Log.Taken(_logger, id, open.TotalSeconds);
            }
        }
        else if (known == Known.Taken)
        {
            _known.Remove(id);
            breaker.MakeDue(now);
        }
        else if (left > TimeSpan.Zero)                                                             // 1
        {
            _known[id] = Known.Written;
            await store.OpenAsync(id, left, cancellationToken);
        }
    }

    /// <summary>Null: nobody shares them.</summary>
    private IBreakerStore? StoreOf(QuoinOptions options)
    {
        if (options.CircuitBreaker is not { Enabled: true, Store: var kind })
        {
            return null;
        }

        var redis = options.Llm.Cache.Redis;
        if (kind == "redis" && _redis?.Options != redis)
        {
            _redis?.Dispose();
            _redis = new RedisBreakers(redis, _time, _loggers);
        }

        return kind == "redis" ? _redis : _supervisor;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                var store = StoreOf(_snapshots.Current.Options);
                await Task.Delay(store?.Period ?? RedisBreakers.Interval, _time, _stopping.Token);
                await ShareAsync(_stopping.Token);
            }
        }
        catch (OperationCanceledException) when (_stopping.IsCancellationRequested)
        {
            // The server stops.
        }
        catch (Exception e)
        {
            Log.Died(_logger, e);
        }
    }

    private long Ticks(TimeSpan time) => (long)(time.TotalSeconds * _time.TimestampFrequency);

    private static partial class Log
    {
        [LoggerMessage(2030, LogLevel.Warning, "The circuit breaker {Key} is open elsewhere, for {Seconds} s",
            EventName = nameof(Taken))]
        public static partial void Taken(ILogger logger, string key, double seconds);

        [LoggerMessage(2031, LogLevel.Error, "Circuit breakers are no longer shared", EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
