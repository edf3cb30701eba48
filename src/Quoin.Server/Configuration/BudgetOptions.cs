namespace Quoin.Server.Configuration;

/// <summary>What a key may spend in a period (an entry of <c>auth.keys[].budgets</c>).</summary>
public sealed record BudgetOptions
{
    /// <summary>US dollars, by the <c>prices</c> of the providers. 0.000001..1000000000.</summary>
    [Setting(Min = 0.000001, Max = 1000000000)]
    public double? Amount { get; init; }

    /// <summary>Tokens, input and output. 1..1000000000000000.</summary>
    [Setting(Min = 1, Max = 1000000000000000)]
    public long? Tokens { get; init; }

    /// <summary>Its period, in UTC: a day, a week from Monday, or a month.</summary>
    [Setting(Choices = ["day", "week", "month"], Required = true)]
    public string Per { get; init; } = "";
}

/// <summary>
/// What a model costs, in US dollars for a million tokens (an entry of <c>providers.NAME.prices</c>).
/// </summary>
public sealed record PriceOptions
{
    /// <summary>Input. 0..1000000.</summary>
    [Setting(Min = 0, Max = 1000000, Required = true)]
    public double? Input { get; init; }

    /// <summary>Output. 0..1000000.</summary>
    [Setting(Min = 0, Max = 1000000, Required = true)]
    public double? Output { get; init; }

    /// <summary>Input read from the provider's prompt cache. Default: <c>input</c>. 0..1000000.</summary>
    [Setting(Min = 0, Max = 1000000)]
    public double? CachedInput { get; init; }

    /// <summary>Input written to the provider's prompt cache. Default: <c>input</c>. 0..1000000.</summary>
    [Setting(Min = 0, Max = 1000000)]
    public double? CacheWrite { get; init; }

    /// <summary>Output spent on thoughts. Default: <c>output</c>. 0..1000000.</summary>
    [Setting(Min = 0, Max = 1000000)]
    public double? Reasoning { get; init; }
}
