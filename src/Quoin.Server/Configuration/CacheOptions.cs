namespace Quoin.Server.Configuration;

/// <summary>Answers that are kept to be given again (<c>llm.cache</c>).</summary>
public sealed record CacheOptions
{
    /// <summary>Whether answers are kept.</summary>
    [Setting(Env = ["CACHE_ENABLED"])]
    public bool Enable { get; init; }

    /// <summary>
    /// <c>memory</c>: fast, gone with the process. <c>file</c>: outlives it. <c>redis</c>: shared between nodes.
    /// </summary>
    [Setting(Choices = ["memory", "redis", "file"])]
    public string Type { get; init; } = "memory";

    /// <summary>How long an answer is fresh. 1s..365d. In the environment in seconds.</summary>
    [Setting(Env = ["CACHE_TTL"], Min = 1, Max = 31536000)]
    public TimeSpan Ttl { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>
    /// The bound of <c>memory</c> and <c>file</c>: a number of entries (1..10000000), or bytes with a unit such as
    /// 256MB (64KB..1TB). With <c>redis</c> it bounds what is kept in memory while Redis is away; Redis has its own
    /// (maxmemory).
    /// </summary>
    [Setting(Env = ["CACHE_MAX_SIZE"])]
    public string MaxSize { get; init; } = "1024";

    /// <summary>
    /// Folder of <c>file</c>, made when it is not there; relative to the working directory. One process at a time uses
    /// it.
    /// </summary>
    public string Dir { get; init; } = "./data/cache";

    /// <summary>Where <c>redis</c> is.</summary>
    public RedisOptions Redis { get; init; } = new();

    /// <summary>
    /// How long beyond its time an answer is given, marked as stale, when every provider failed. 0..365d.
    /// </summary>
    [Setting(Min = 0, Max = 31536000)]
    public TimeSpan StaleIfError { get; init; } = TimeSpan.Zero;
}

/// <summary>A Redis server (<c>llm.cache.redis</c>).</summary>
public sealed record RedisOptions
{
    /// <summary>
    /// <c>host:port</c>, or <c>redis://[:password@]host:port[/db]</c>; the password is shown nowhere. Default:
    /// <c>localhost:6379</c>.
    /// </summary>
    [Setting(Env = ["REDIS_URL"])]
    public string? Address { get; init; }

    /// <summary>The password; goes before one in the address.</summary>
    [Setting(Secret = true)]
    public string? Password { get; init; }

    /// <summary>Number of the database. 0..65535.</summary>
    [Setting(Min = 0, Max = 65535)]
    public int Db { get; init; }

    /// <summary>Longest time that any operation may cost a request. 1ms..10s.</summary>
    [Setting(Min = 0.001, Max = 10)]
    public TimeSpan Budget { get; init; } = TimeSpan.FromMilliseconds(50);
}
