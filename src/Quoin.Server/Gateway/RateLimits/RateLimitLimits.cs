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
}
