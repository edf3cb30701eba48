namespace Quoin.Server.Configuration;

/// <summary>Admission of model calls, and the journal of jobs (<c>queue:</c>).</summary>
public sealed record QueueOptions
{
    /// <summary>
    /// The journal of accepted jobs, a file that only its owner may read. Without it there are no jobs, and
    /// <c>Prefer: respond-async</c> is answered as if it were not there.
    /// </summary>
    [Setting(Path = true, Restart = true)]
    public string? StatePath { get; init; }

    /// <summary>How often the journal is written anew without what is no longer kept. 1s..1h.</summary>
    [Setting(Min = 1, Max = 3600)]
    public TimeSpan SaveInterval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether calls of providers are limited in number and wait for a slot.</summary>
    public bool Enabled { get; init; }

    /// <summary>
    /// Requests that may wait, all priorities together; one more is refused with 503 and a Retry-After. 1..10000.
    /// </summary>
    [Setting(Min = 1, Max = 10000)]
    public int InitialSize { get; init; } = 1000;

    /// <summary>
    /// Calls under way at once, all providers together. 0: found by watching the providers' latency. 0..100000.
    /// </summary>
    [Setting(Min = 0, Max = 100000)]
    public int MaxConcurrency { get; init; }

    /// <summary>
    /// Longest wait for a slot. A request that will not get one in that time, by the present rate, is refused at
    /// once. 1ms..1h.
    /// </summary>
    [Setting(Min = 0.001, Max = 3600)]
    public TimeSpan MaxWait { get; init; } = TimeSpan.FromSeconds(30);
}
