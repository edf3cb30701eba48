namespace Quoin.Server.Gateway.RateLimits;

/// <summary>Bounds of the limits that are no settings, with their reason.</summary>
internal static class RateLimitLimits
{
    /// <summary>Buckets held, of about 150 bytes with their names: addresses come from outside.</summary>
    public const int Buckets = 100_000;

    /// <summary>
    /// What one caller can owe, in periods of its limit. A provider's report that is absurd must not shut a key out
    /// for years.
    /// </summary>
    public const int MostPeriodsOwed = 60;

    /// <summary>Output tokens reserved where the request does not bound them: near the usual answer.</summary>
    public const int OutputTokens = 256;

    /// <summary>Tokens that one request can reserve; the greatest windows of models are about a million.</summary>
    public const int ReservedTokens = 10_000_000;

    /// <summary>Settlements on their way to Redis, about 100 bytes each: some seconds of a busy node.</summary>
    public const int Settlements = 20_000;

    /// <summary>Settlements of one script: Redis serves nobody else meanwhile, about half a millisecond.</summary>
    public const int SettledAtOnce = 64;

    /// <summary>Answers of Redis that come too late and are waited for: each is a request in a bad moment.</summary>
    public const int LateAnswers = 10_000;

    /// <summary>For bringing settlements to Redis, which no request waits for.</summary>
    public static readonly TimeSpan SettleTime = TimeSpan.FromSeconds(1);

    /// <summary>Between two tries while Redis is away.</summary>
    public static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(500);

    /// <summary>How long a settlement is kept while Redis is away: tokens of a minute are back by then.</summary>
    public static readonly TimeSpan SettlementAge = TimeSpan.FromMinutes(1);
}
