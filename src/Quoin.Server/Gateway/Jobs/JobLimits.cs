namespace Quoin.Server.Gateway.Jobs;

/// <summary>Every bound of jobs that is not a setting, with its reason.</summary>
internal static class JobLimits
{
    /// <summary>Bytes of a job's request body: prompts with pictures reach 20 MB. It must fit into a record.</summary>
    public const int BodyBytes = 32 * 1024 * 1024;

    /// <summary>Bytes of a job's result, which must fit into a record. A streamed picture is a few megabytes.</summary>
    public const int ResultBytes = 32 * 1024 * 1024;

    /// <summary>About what a job takes in memory beside its body and result.</summary>
    public const int JobBytes = 2048;

    /// <summary>Longest wait of one poll: proxies cut connections that are silent for longer.</summary>
    public static readonly TimeSpan Wait = TimeSpan.FromSeconds(60);

    /// <summary>Jobs of one page of the list.</summary>
    public const int Page = 100;

    public const int DefaultPage = 20;

    /// <summary>Pause before a second run after a 429, 502 or 503; it doubles with each run.</summary>
    public static readonly TimeSpan FirstPause = TimeSpan.FromSeconds(1);

    /// <summary>Longest such pause, a provider's Retry-After included.</summary>
    public static readonly TimeSpan LongestPause = TimeSpan.FromMinutes(5);

    /// <summary>Pause before the journal is tried again by a job that it has refused.</summary>
    public static readonly TimeSpan JournalPause = TimeSpan.FromSeconds(1);

    /// <summary>What a client is told to wait when jobs are refused for want of room.</summary>
    public static readonly TimeSpan RetryAfterFull = TimeSpan.FromSeconds(30);

    /// <summary>What a client is told to wait when the journal does not take jobs.</summary>
    public static readonly TimeSpan RetryAfterFault = TimeSpan.FromSeconds(5);

    /// <summary>
    /// Calls of one webhook: with pauses of 5 s that grow fourfold, the last is about a quarter of a day after the
    /// first.
    /// </summary>
    public const int WebhookAttempts = 8;

    public static readonly TimeSpan WebhookFirstPause = TimeSpan.FromSeconds(5);

    public static readonly TimeSpan WebhookLongestPause = TimeSpan.FromHours(2);

    /// <summary>Webhooks called at the same time: a receiver that hangs holds one for its timeout.</summary>
    public const int WebhooksAtOnce = 8;

    /// <summary>A receiver answers at once and works later.</summary>
    public static readonly TimeSpan WebhookTimeout = TimeSpan.FromSeconds(15);
}
