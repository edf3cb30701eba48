namespace Quoin.Server.Configuration;

/// <summary>Answers kept for requests with an <c>Idempotency-Key</c> (<c>idempotency:</c>).</summary>
public sealed record IdempotencyOptions
{
    /// <summary>Time for which a key gives the same answer. 1m..7d.</summary>
    [Setting(Min = 60, Max = 604800)]
    public TimeSpan Retention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Answers kept; beyond, the oldest are forgotten. 1..1000000.</summary>
    [Setting(Min = 1, Max = 1000000)]
    public int MaxEntries { get; init; } = 10000;

    /// <summary>Bytes of all answers kept; beyond, the oldest are forgotten. 1MB..64GB.</summary>
    [Setting(Size = true, Min = 1048576, Max = 68719476736)]
    public long MaxBytes { get; init; } = 67108864;
}
