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
        var bytes = EntryFormat.Write(answer, dropAt);
        var reply = await redis.AskAsync(
            async db =>
            {
                var batch = db.CreateBatch();
                var expiry = (double)dropAt.ToUnixTimeSeconds();
                List<Task> done = [batch.StringSetAsync(Prefix + name, bytes, keep)];
                foreach (var set in (string[])[All, RouteSet(answer.Route), TenantSet(answer.Tenant)])
                {
                    done.Add(batch.SortedSetRemoveRangeByScoreAsync(
                        set, double.NegativeInfinity, answer.Created.ToUnixTimeSeconds()));
                    done.Add(batch.SortedSetAddAsync(set, name, expiry));
                    done.Add(batch.KeyExpireAsync(set, keep));
                }

                var count = batch.SortedSetLengthAsync(All);
                batch.Execute();
                await Task.WhenAll(done);
                return await count;
            },
            cancellationToken);
        if (reply.Available)
        {
            Interlocked.Exchange(ref _entries, reply.Value);
        }
        else
        {
            await local.SetAsync(key, answer, keep, cancellationToken);
        }
    }

    public override async ValueTask<long> PurgeAsync(CachePurge purge, CancellationToken cancellationToken)
    {
        var removed = await local.PurgeAsync(purge, cancellationToken);
        var set = purge.Route is { } route ? RouteSet(route) : purge.Tenant is { } tenant ? TenantSet(tenant) : All;
        var members = await redis.AskAsync(
            async db =>
            {
                var names = await db.SortedSetRangeByRankAsync(set);
                if (purge is { Route: not null, Tenant: { } both })
                {
                    names = [.. names.Intersect(await db.SortedSetRangeByRankAsync(TenantSet(both)))];
                }

                return purge.Key is { } key ? [.. names.Where(name => name == key.ToString())] : names;
            },
            cancellationToken);
        foreach (var names in (members.Value ?? []).Chunk(PurgedAtOnce))
        {
            var deleted = await redis.AskAsync(
                async db =>
                {
                    var count = await db.KeyDeleteAsync([.. names.Select(name => (RedisKey)(Prefix + (string)name!))]);
                    await db.SortedSetRemoveAsync(set, names);
                    await db.SortedSetRemoveAsync(All, names);
                    return count;
                },
                cancellationToken);
            removed += deleted.Value;
        }

        return removed;
    }

    public override void Dispose()
    {
        base.Dispose();
        redis.Dispose();
    }

    private static string RouteSet(string route) => Prefix + "route:" + route;

    private static string TenantSet(string tenant) => Prefix + "tenant:" + tenant;
}
