namespace Quoin.Server.Configuration;

/// <summary>What waits (<c>queue:</c>).</summary>
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
}
