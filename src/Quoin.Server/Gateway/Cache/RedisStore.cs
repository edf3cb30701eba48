using Quoin.Server.Storage.Redis;
using StackExchange.Redis;

namespace Quoin.Server.Gateway.Cache;

/// <summary>
/// Answers in Redis, shared by all nodes that use it. Each is a value with a time to live; sorted sets by expiry name
/// the keys of all, of each route and of each tenant, for purging and counting. While Redis is away or too slow,
/// answers are kept in this process's memory.
/// </summary>
internal sealed class RedisStore(RedisConnection redis, MemoryStore local) : AnswerStore
{
    private const string Prefix = "quoin:cache:";
    private const string All = Prefix + "all";

    /// <summary>Keys purged by one command: Redis serves nobody else meanwhile.</summary>
    private const int PurgedAtOnce = 500;

    /// <summary>
    /// Value and names in one step, so that no value is there that a purge would not find. Names of what has expired
    /// go; a set lives as long as its last member.
    /// </summary>
    private const string SetScript =
        """
        redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])
        for i = 2, 4 do
          redis.call('ZREMRANGEBYSCORE', KEYS[i], '-inf', ARGV[5])
          redis.call('ZADD', KEYS[i], ARGV[4], ARGV[3])
          if redis.call('PTTL', KEYS[i]) < tonumber(ARGV[2]) then redis.call('PEXPIRE', KEYS[i], ARGV[2]) end
        end
        return redis.call('ZCARD', KEYS[2])
        """;

    /// <summary>
    /// One page of a set: deletes the values of those who are in the second set too, where there is one, and their
    /// names. Gives how many values there were, and how many names of the page stay.
    /// </summary>
    private const string PurgeScript =
        """
        local names = redis.call('ZRANGE', KEYS[1], ARGV[1], ARGV[1] + ARGV[2] - 1)
        local removed, kept = 0, 0
        for _, name in ipairs(names) do
          if KEYS[3] and not redis.call('ZSCORE', KEYS[3], name) then
            kept = kept + 1
          else
            removed = removed + redis.call('DEL', ARGV[3] .. name)
            redis.call('ZREM', KEYS[1], name)
            redis.call('ZREM', KEYS[2], name)
          end
        end
        return {removed, kept, #names}
        """;

    private long _entries = -1;

    public override string Type => "redis";

    /// <summary>Redis tells the number with each write; its bytes are its own business (INFO memory).</summary>
    public override CacheSize Size
    {
        get
        {
            var here = local.Size;
            var there = Interlocked.Read(ref _entries);
            return new CacheSize(there < 0 ? here.Entries : there + here.Entries, null, here.Evictions);
        }
    }

    public override async ValueTask<CachedAnswer?> GetAsync(CacheKey key, CancellationToken cancellationToken)
    {
        var reply = await redis.AskAsync(db => db.StringGetAsync(Prefix + key.ToString()), cancellationToken);
        return reply is { Available: true, Value.HasValue: true }
            ? EntryFormat.Read((byte[])reply.Value!)?.Answer
            : local.Get(key);
    }

    public override async ValueTask SetAsync(
        CacheKey key, CachedAnswer answer, TimeSpan keep, CancellationToken cancellationToken)
    {
        var dropAt = answer.Created + keep;
        var name = key.ToString();
        RedisKey[] keys = [Prefix + name, All, RouteSet(answer.Route), TenantSet(answer.Tenant)];
        RedisValue[] values =
        [
            EntryFormat.Write(answer, dropAt), (long)keep.TotalMilliseconds, name, dropAt.ToUnixTimeSeconds(),
            answer.Created.ToUnixTimeSeconds(),
        ];
        var reply = await redis.AskAsync(db => db.ScriptEvaluateAsync(SetScript, keys, values), cancellationToken);
        if (reply.Available)
        {
            Interlocked.Exchange(ref _entries, (long)reply.Value!);
        }
        else
        {
            await local.SetAsync(key, answer, keep, cancellationToken);
        }
    }

    public override async ValueTask<CachePurged> PurgeAsync(CachePurge purge, CancellationToken cancellationToken)
    {
        var (here, _) = await local.PurgeAsync(purge, cancellationToken);
        var (there, complete) = purge.Key is { } key
            ? await PurgeKeyAsync(key, purge, cancellationToken)
            : await PurgeSetAsync(purge, cancellationToken);
        return new CachePurged(here + there, complete);
    }

    public override void Dispose()
    {
        base.Dispose();
        redis.Dispose();
    }

    private async ValueTask<CachePurged> PurgeKeyAsync(
        CacheKey key, CachePurge purge, CancellationToken cancellationToken)
    {
        var name = key.ToString();
        var deleted = await redis.AskAsync(
            async db =>
            {
                foreach (var set in SetsOf(purge))
                {
                    if (await db.SortedSetScoreAsync(set, name) is null)
                    {
                        return false;
                    }
                }

                await db.SortedSetRemoveAsync(All, name);
                return await db.KeyDeleteAsync(Prefix + name);
            },
            RedisLimits.PurgeTime,
            cancellationToken);
        return new CachePurged(deleted.Value ? 1 : 0, deleted.Available);
    }

    private async ValueTask<CachePurged> PurgeSetAsync(CachePurge purge, CancellationToken cancellationToken)
    {
        var sets = SetsOf(purge);
        RedisKey[] keys = sets is [var one, var two] ? [one, All, two] : [sets is [var only] ? only : All, All];
        var (removed, at) = (0L, 0L);
        while (true)
        {
            RedisValue[] values = [at, PurgedAtOnce, Prefix];
            var reply = await redis.AskAsync(
                db => db.ScriptEvaluateAsync(PurgeScript, keys, values), RedisLimits.PurgeTime, cancellationToken);
            if (!reply.Available)
            {
                return new CachePurged(removed, Complete: false);
            }

            var counts = (long[])reply.Value!;
            removed += counts[0];
            at += counts[1];
            if (counts[2] < PurgedAtOnce)
            {
                return new CachePurged(removed, Complete: true);
            }
        }
    }

    private static string[] SetsOf(CachePurge purge) =>
    [
        .. purge.Route is { } route ? [RouteSet(route)] : Array.Empty<string>(),
        .. purge.Tenant is { } tenant ? [TenantSet(tenant)] : Array.Empty<string>(),
    ];

    private static string RouteSet(string route) => Prefix + "route:" + route;

    private static string TenantSet(string tenant) => Prefix + "tenant:" + tenant;
}
