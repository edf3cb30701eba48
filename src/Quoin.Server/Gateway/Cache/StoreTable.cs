using Microsoft.Extensions.Logging;
using Quoin.Server.Configuration;
using Quoin.Server.Storage.Redis;

namespace Quoin.Server.Gateway.Cache;

/// <summary>The kinds of stores. A new one is a class beside this file, a line here, a word in the options.</summary>
internal static class StoreTable
{
    public static AnswerStore Open(CacheOptions options, TimeProvider time, ILoggerFactory loggers)
    {
        if (!CacheBound.TryParse(options.MaxSize, out var bound))
        {
            throw new ArgumentException($"max_size {options.MaxSize} was not checked", nameof(options));
        }

        return options.Type switch
        {
            "file" => FileStore.Open(options.Dir, bound, time, FileLayer.System, loggers.CreateLogger<FileStore>()),
            "redis" => new RedisStore(
                new RedisConnection(options.Redis, time, loggers.CreateLogger<RedisConnection>()),
                new MemoryStore(bound, time)),
            _ => new MemoryStore(bound, time),
        };
    }

    /// <summary>What is wrong with the settings, each with its key.</summary>
    public static IEnumerable<(string Key, string Message)> Check(CacheOptions options)
    {
        if (!CacheBound.TryParse(options.MaxSize, out _))
        {
            yield return ("llm.cache.max_size", $"not a bound; accepted: {CacheBound.Accepted}");
        }

        if (options is { Enable: true, Type: "file" } && FileStore.WhyNot(options.Dir) is { } reason)
        {
            yield return ("llm.cache.dir", reason);
        }

        if (RedisAddress.Read(options.Redis).Error is { } error)
        {
            yield return ("llm.cache.redis.address", error);
        }
    }
}
