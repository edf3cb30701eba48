namespace Quoin.Server.Storage.Redis;

/// <summary>Every bound of the connection to Redis that is not a setting, with its reason.</summary>
internal static class RedisLimits
{
    /// <summary>Failures in a row after which nobody waits for a while: one or two are a hiccup.</summary>
    public const int Failures = 3;

    /// <summary>The first time nobody asks: a restart of Redis takes about that.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>A Redis that is back is noticed within this time.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromSeconds(15);

    /// <summary>For connecting, in the background; callers wait for their budget only.</summary>
    public static readonly TimeSpan ConnectTime = TimeSpan.FromSeconds(5);

    /// <summary>For a piece of a purge, which no request waits for.</summary>
    public static readonly TimeSpan PurgeTime = TimeSpan.FromSeconds(5);
}
