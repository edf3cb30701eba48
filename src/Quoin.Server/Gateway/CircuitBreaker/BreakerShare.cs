using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Storage.Redis;
using StackExchange.Redis;

namespace Quoin.Server.Gateway.CircuitBreaker;

/// <summary>
/// Tells other nodes through Redis which breakers are open (<c>circuit_breaker.store: redis</c>). Every
/// <see cref="Period"/>, off the way of any request:
/// 1. A breaker that opened here is written, with the time it has left as the entry's time to live.
/// 2. One that has closed here again is deleted.
/// 3. One that is open elsewhere opens here for as long; when its entry is gone before its time, somebody's probe
///    succeeded, and the next call here may probe at once.
/// While Redis is away each node goes by what it sees itself. Keys of providers are named by a hash.
/// </summary>
internal sealed partial class BreakerShare : IAsyncDisposable
{
    /// <summary>Another node goes on calling for so long at most; each call costs a few commands of Redis.</summary>
    public static readonly TimeSpan Period = TimeSpan.FromMilliseconds(500);

    private const string Prefix = "quoin:breaker:";

    private readonly SnapshotHolder _snapshots;
    private readonly TimeProvider _time;
    private readonly ILoggerFactory _loggers;
    private readonly ILogger _logger;
    private readonly CancellationTokenSource _stopping = new();
    private readonly Dictionary<string, Known> _known = new(StringComparer.Ordinal);
    private RedisConnection? _redis;
    private RedisOptions? _redisOptions;
    private Task _loop = Task.CompletedTask;
    private int _disposed;

    public BreakerShare(SnapshotHolder snapshots, TimeProvider time, ILoggerFactory loggers)
    {
        (_snapshots, _time, _loggers) = (snapshots, time, loggers);
        _logger = loggers.CreateLogger<BreakerShare>();
    }

    /// <summary>What this node has seen of an entry in Redis.</summary>
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
        if (snapshot.Options.CircuitBreaker is not { Enabled: true, Store: "redis" })
        {
            return;
        }

        var breakers = snapshot.Accounts.SelectMany(account => account.Keys.Select(key => (
            Id: IdOf(key.Provider.Name, key.Provider.Options.ApiKey), key.State.Breaker))).ToList();
        var redis = Connect(snapshot.Options.Llm.Cache.Redis);
        var ids = breakers.ConvertAll(breaker => breaker.Id);
        var reply = await redis.AskAsync(db => ReadAsync(db, ids), cancellationToken);
        if (!reply.Available)
        {
            return;
        }

        for (var i = 0; i < breakers.Count; i++)
        {
            await ShareAsync(redis, breakers[i].Id, breakers[i].Breaker, reply.Value![i], cancellationToken);
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
        Prefix + provider + ":" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key ?? "")))[..16];

    private static async Task<TimeSpan?[]> ReadAsync(IDatabase db, List<string> ids) =>
        await Task.WhenAll(ids.Select(id => db.KeyTimeToLiveAsync(id)));

    /// <param name="elsewhere">How long it is open yet, as Redis has it; null when it has no entry.</param>
    private async ValueTask ShareAsync(
        RedisConnection redis, string id, Breaker breaker, TimeSpan? elsewhere, CancellationToken cancellationToken)
    {
        var now = _time.GetTimestamp();
        var known = _known.TryGetValue(id, out var what) ? what : (Known?)null;
        var left = breaker.State == CircuitState.Open ? _time.GetElapsedTime(now, breaker.OpenUntil) : TimeSpan.Zero;
        if (known is not null && breaker.State == CircuitState.Closed)                             // 2
        {
            _known.Remove(id);
            await redis.AskAsync(db => db.KeyDeleteAsync(id), cancellationToken);
        }
        else if (elsewhere is { } open && open > TimeSpan.Zero)                                    // 3
        {
            if (known is null && breaker.Open(now + Ticks(open)))
            {
                _known[id] = Known.Taken;
                Log.Taken(_logger, id[Prefix.Length..], open.TotalSeconds);
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
            await redis.AskAsync(
                db => db.StringSetAsync(
                    id, left.TotalMilliseconds.ToString("0", CultureInfo.InvariantCulture), left), cancellationToken);
        }
    }

    private RedisConnection Connect(RedisOptions options)
    {
        if (_redis is null || _redisOptions != options)
        {
            _redis?.Dispose();
            _redis = new RedisConnection(options, _time, _loggers.CreateLogger<RedisConnection>());
            _redisOptions = options;
        }

        return _redis;
    }

    private async Task RunAsync()
    {
        try
        {
            while (true)
            {
                await Task.Delay(Period, _time, _stopping.Token);
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
        [LoggerMessage(2030, LogLevel.Warning, "The circuit breaker {Key} is open at another node, for {Seconds} s",
            EventName = nameof(Taken))]
        public static partial void Taken(ILogger logger, string key, double seconds);

        [LoggerMessage(2031, LogLevel.Error, "Circuit breakers are no longer shared", EventName = nameof(Died))]
        public static partial void Died(ILogger logger, Exception exception);
    }
}
