namespace Quoin.Server.Configuration;

/// <summary>Who may use the model APIs (<c>auth:</c>).</summary>
public sealed record AuthOptions
{
    /// <summary>Model requests need a key. Without it everybody who reaches the server may ask.</summary>
    public bool Enabled { get; init; }

    /// <summary>The keys that are accepted.</summary>
    public IReadOnlyList<KeyOptions> Keys { get; init; } = [];
}

/// <summary>A key that callers present (an entry of <c>auth.keys</c>).</summary>
public sealed record KeyOptions
{
    /// <summary>What logs, usage and jobs call its holder: letters, digits, '.', '_' and '-', at most 64.</summary>
    [Setting(Required = true)]
    public string Name { get; init; } = "";

    /// <summary>The key itself, 16 to 512 printable ASCII characters. This or <c>hash</c>.</summary>
    [Setting(Secret = true)]
    public string? Key { get; init; }

    /// <summary>The key's SHA-256 as <c>sha256:HEX</c>, where the file shall not hold the key.</summary>
    [Setting(Secret = true)]
    public string? Hash { get; init; }

    /// <summary>
    /// Models it may ask for, as clients name them; <c>*</c> matches any run of characters. Empty: all.
    /// </summary>
    public IReadOnlyList<string> Models { get; init; } = [];

    /// <summary>
    /// Its requests, <c>N/second|minute|hour|day</c>, whatever <c>rate_limit.per</c> says. Default:
    /// <c>rate_limit.default</c>.
    /// </summary>
    public string? RateLimit { get; init; }

    /// <summary>
    /// Its tokens in a minute, input and output; 0: no limit. Default: <c>rate_limit.tokens_per_minute</c>.
    /// 0..1000000000.
    /// </summary>
    [Setting(Min = 0, Max = 1000000000)]
    public long? TokensPerMinute { get; init; }

    /// <summary>
    /// Its US dollars, <c>N/second|minute|hour|day</c>, whatever <c>rate_limit.per</c> says; 0: no limit. Default:
    /// <c>rate_limit.cost</c>.
    /// </summary>
    public string? Cost { get; init; }

    /// <summary>What it may spend; at most one for each period. They need <c>database.url</c>.</summary>
    public IReadOnlyList<BudgetOptions> Budgets { get; init; } = [];

    /// <summary>The highest that its requests may ask for in <c>X-Quoin-Priority</c>.</summary>
    [Setting(Choices = ["high", "normal", "low"])]
    public string Priority { get; init; } = "high";

    /// <summary>Its holder may use the control plane from any machine.</summary>
    public bool Admin { get; init; }

    /// <summary>When it ends: a date, or a time with its zone such as <c>2027-01-31T12:00:00Z</c>.</summary>
    public string? Expires { get; init; }
}
