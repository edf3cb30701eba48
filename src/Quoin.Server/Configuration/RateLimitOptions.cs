namespace Quoin.Server.Configuration;

/// <summary>How much one caller may ask for (<c>rate_limit:</c>).</summary>
public sealed record RateLimitOptions
{
    /// <summary>Limits apply. Default: true where <c>rate_limit</c> is written or <c>auth</c> is enabled.</summary>
    public bool Enabled { get; init; }

    /// <summary>
    /// Requests of one caller, <c>N/second|minute|hour|day</c>; as many may come at once after a pause. N is
    /// 1..1000000000.
    /// </summary>
    [Setting(Env = ["RATE_LIMIT_DEFAULT"])]
    public string Default { get; init; } = "60/minute";

    /// <summary>
    /// Who is one caller: the holder of a key, or an address (of IPv6 its /64). Requests without a key count by
    /// address.
    /// </summary>
    [Setting(Choices = ["key", "ip"])]
    public string Per { get; init; } = "key";

    /// <summary>Tokens of one caller in a minute, input and output; 0: no limit. 0..1000000000.</summary>
    [Setting(Min = 0, Max = 1000000000)]
    public long TokensPerMinute { get; init; }

    /// <summary>
    /// US dollars of one caller, <c>N/second|minute|hour|day</c> such as <c>0.50/hour</c>, by the <c>prices</c> of the
    /// providers. N is 0.000001..100000 with six decimals at most. Empty or 0: no limit.
    /// </summary>
    public string Cost { get; init; } = "";

    /// <summary>
    /// Limits of a model, all callers together, by the name that requests give it; <c>*</c> matches any run of
    /// characters, and the first that matches counts.
    /// </summary>
    public IReadOnlyDictionary<string, ModelLimitOptions> Models { get; init; } =
        new Dictionary<string, ModelLimitOptions>(StringComparer.Ordinal);

    /// <summary>
    /// Where the counts are kept. <c>redis</c>: nodes that use the same Redis of <c>llm.cache.redis</c> count together.
    /// </summary>
    [Setting(Choices = ["local", "redis"])]
    public string Store { get; init; } = "local";
}

/// <summary>
/// How much all callers together may ask of a model (an entry of <c>rate_limit.models</c>); at least one of them.
/// </summary>
public sealed record ModelLimitOptions
{
    /// <summary>Requests, <c>N/second|minute|hour|day</c>; N is 1..1000000000.</summary>
    [Setting(Shorthand = true)]
    public string? Requests { get; init; }

    /// <summary>Tokens, input and output, <c>N/second|minute|hour|day</c>; N is 1..1000000000.</summary>
    public string? Tokens { get; init; }

    /// <summary>
    /// US dollars, <c>N/second|minute|hour|day</c>; N is 0.000001..100000 with six decimals at most. 0: no limit.
    /// </summary>
    public string? Cost { get; init; }
}
