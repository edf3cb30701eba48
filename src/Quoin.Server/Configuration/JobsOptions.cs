namespace Quoin.Server.Configuration;

/// <summary>Requests that are answered later (<c>jobs:</c>). They need <c>queue.state_path</c>.</summary>
public sealed record JobsOptions
{
    /// <summary>Time for which the result of a finished job can be fetched. 1m..30d.</summary>
    [Setting(Min = 60, Max = 2592000)]
    public TimeSpan Retention { get; init; } = TimeSpan.FromHours(24);

    /// <summary>Jobs that run at the same time. 1..10000.</summary>
    [Setting(Min = 1, Max = 10000)]
    public int MaxConcurrency { get; init; } = 8;

    /// <summary>
    /// Times a job is run: again after a crash, and after a 429, 502 or 503 with a growing pause. 1..100.
    /// </summary>
    [Setting(Min = 1, Max = 100)]
    public int MaxAttempts { get; init; } = 5;

    /// <summary>Jobs kept, finished ones included; 503 beyond. 1..1000000.</summary>
    [Setting(Min = 1, Max = 1000000)]
    public int MaxJobs { get; init; } = 10000;

    /// <summary>
    /// Bytes of the bodies and results of all jobs, held in memory and on disk; 503 beyond. Results of accepted jobs
    /// are kept even so. 1MB..64GB.
    /// </summary>
    [Setting(Size = true, Min = 1048576, Max = 68719476736)]
    public long MaxBytes { get; init; } = 268435456;

    /// <summary>
    /// Secret that signs webhooks (<c>X-Quoin-Signature</c>), 16 characters or more. Without it
    /// <c>X-Quoin-Webhook</c> is refused.
    /// </summary>
    [Setting(Secret = true)]
    public string? WebhookSecret { get; init; }

    /// <summary>
    /// Hosts, each <c>NAME</c> or <c>NAME:PORT</c>, that webhooks may call although they are not on the Internet or not
    /// on a port of the Web.
    /// </summary>
    public IReadOnlyList<string> WebhookAllowedHosts { get; init; } = [];
}
