using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Storage.Redis;
using StackExchange.Redis;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// Buckets in Redis, the same for all nodes that use it (<c>rate_limit.store: redis</c>):
/// 1. A request takes from all of its buckets by one script, or from none.
/// 2. An answer that does not come within the budget is not waited for: the request counts at this node alone. When
///    the answer comes after all, what it took is given back.
/// 3. What differs from the reservation goes through <see cref="SharedSettlements"/>, which no request waits for.
/// Names of callers and their addresses are hashed. The braces of the names keep them together in a cluster of Redis.
/// </summary>
internal sealed partial class SharedLimits(RateLimitMetrics metrics, TimeProvider time, ILoggerFactory loggers)
    : ISharedBuckets, IAsyncDisposable
{
    private const string Prefix = "{quoin:limit}:";

    private readonly ILogger _logger = loggers.CreateLogger<SharedLimits>();
    private readonly SharedSettlements _settlements = new(metrics, time, loggers.CreateLogger<SharedSettlements>());
    private SharedLink? _link;
    private int _failures;

    /// <summary>
    /// The connection is kept while its settings stay, even when limits are counted here again: requests under way
    /// settle through it.
    /// </summary>
    public void Configure(QuoinOptions options)
    {
        var redis = options.Llm.Cache.Redis;
        var old = _link;
        if (options.RateLimit is not { Enabled: true, Store: "redis" } || old?.Options == redis)
        {
            return;
        }

        var link = new SharedLink(redis, time, loggers);
        Volatile.Write(ref _link, link);
        _settlements.Use(link);
        old?.Redis.Dispose();
    }

    public void Start() => _settlements.Start();

    /// <summary>Null: Redis did not answer.</summary>
    public async ValueTask<ISharedTake?> TakeAsync(BucketClaim[] claims, CancellationToken cancellationToken)
    {
        var link = Volatile.Read(ref _link)!;
        var keys = Array.ConvertAll(claims, claim => NameOf(claim.Id));
        var call = new SharedCall(
            SharedScripts.Take, Array.ConvertAll(keys, key => (RedisKey)key), ValuesOf(claims));
        var answered = false;
        try
        {
            var reply = await link.Redis.AskAsync(call.SendAsync, cancellationToken);
            answered = reply.Available;
            Note(answered);
            return answered ? new SharedTake(this, link.Place, claims, keys, (long[])reply.Value!) : null;
        }
        finally
        {
            if (!answered && call.Abandon(out var late))                                                       // 2
            {
                _settlements.GiveBackLate(late, numbers => new SharedTake(this, link.Place, claims, keys, numbers));
            }
        }
    }

    /// <summary>Takes without asking.</summary>
    public LimitLease Charge(BucketClaim[] claims)
    {
        var (keys, place) = (Array.ConvertAll(claims, claim => NameOf(claim.Id)), Volatile.Read(ref _link)!.Place);
        for (var i = 0; i < claims.Length; i++)
        {
            Settle(place, keys[i], claims[i].Rate, claims[i].Taken);
        }

        return new SharedLease(this, place, claims, keys);
    }

    public void Settle(string place, string key, Rate rate, long difference)
    {
        if (difference != 0)
        {
            _settlements.Add(new Settlement(place, key, rate, difference, time.GetTimestamp()));
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _settlements.DisposeAsync();
        _link?.Redis.Dispose();
    }

    /// <summary>As the script expects them.</summary>
    public static RedisValue[] ValuesOf(BucketClaim[] claims)
    {
        var values = new RedisValue[claims.Length * 3];
        for (var i = 0; i < claims.Length; i++)
        {
            var rate = claims[i].Rate;
            (values[i * 3], values[(i * 3) + 1], values[(i * 3) + 2]) = (rate.Count, rate.Seconds, claims[i].Taken);
        }

        return values;
    }

    private static string NameOf(in BucketId id)
    {
        // A scope's byte, then the name or the address.
        var bytes = new byte[1 + Math.Max(sizeof(ulong), Encoding.UTF8.GetMaxByteCount(id.Name.Length))];
        var length = 1 + sizeof(ulong);
        bytes[0] = (byte)id.Scope;
        if (id.Scope is BucketScope.Key or BucketScope.Model)
        {
            length = 1 + Encoding.UTF8.GetBytes(id.Name, bytes.AsSpan(1));
        }
        else
        {
            BinaryPrimitives.WriteUInt64BigEndian(bytes.AsSpan(1), id.Address);
        }

        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(bytes.AsSpan(0, length), hash);
        var what = id.Unit switch
        {
            LimitUnit.Requests => "requests",
            LimitUnit.Tokens => "tokens",
            _ => "cost",
        };
        return string.Create(
            CultureInfo.InvariantCulture, $"{Prefix}{Convert.ToHexStringLower(hash[..16])}:{what}:{id.Seconds}");
    }

    private void Note(bool answered)
    {
        if (!answered)
        {
            metrics.FallBack();
            if (Interlocked.Increment(ref _failures) == RedisLimits.Failures)
            {
                Log.Alone(_logger);
            }
        }
        else if (Volatile.Read(ref _failures) > 0 && Interlocked.Exchange(ref _failures, 0) >= RedisLimits.Failures)
        {
            Log.Together(_logger);
        }
    }

    private static partial class Log
    {
        [LoggerMessage(2500, LogLevel.Warning,
            "Redis does not answer: limits are counted at this node alone", EventName = nameof(Alone))]
        public static partial void Alone(ILogger logger);

        [LoggerMessage(2501, LogLevel.Information,
            "Redis answers: limits are counted by all nodes together again", EventName = nameof(Together))]
        public static partial void Together(ILogger logger);
    }
}

/// <summary>A connection and what it was made from.</summary>
internal sealed class SharedLink(RedisOptions options, TimeProvider time, ILoggerFactory loggers)
{
    public RedisOptions Options { get; } = options;

    /// <summary>What is taken at one place is not given back at another.</summary>
    public string Place { get; } = PlaceOf(RedisAddress.Read(options));

    public RedisConnection Redis { get; } = new(options, time, loggers.CreateLogger<RedisConnection>());

    private static string PlaceOf(RedisAddress address) =>
        string.Create(CultureInfo.InvariantCulture, $"{address.Host}:{address.Port}/{address.Db}");
}

/// <summary>What a script answered: the number of the refused claim, then units and part of each.</summary>
internal sealed class SharedTake(
    SharedLimits limits, string place, BucketClaim[] claims, string[] keys, long[] numbers) : ISharedTake
{
    public int Count => numbers[0] > 0 ? (int)numbers[0] : claims.Length;

    public long Frequency => SharedScripts.Frequency;

    public BucketState State(int index)
    {
        var claim = claims[index];
        var period = claim.Rate.Seconds * SharedScripts.Frequency;
        var taken = ((Int128)numbers[1 + (index * 2)] * period) + numbers[2 + (index * 2)];
        var cost = (Int128)claim.Taken * period;
        var refused = index + 1 == numbers[0];
        return TokenBucket.StateOf(
            refused ? BucketAnswer.Refused : BucketAnswer.Taken, claim.Rate, period, taken, refused ? cost : 0);
    }

    public LimitLease Lease() => new SharedLease(limits, place, claims, keys);

    public void GiveBack()
    {
        for (var i = 0; numbers[0] == 0 && i < claims.Length; i++)
        {
            limits.Settle(place, keys[i], claims[i].Rate, -claims[i].Taken);
        }
    }
}
