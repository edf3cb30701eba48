namespace Quoin.Server.Gateway.Failover;

/// <summary>Every bound of failover that is not a setting, with its reason.</summary>
internal static class FailoverLimits
{
    /// <summary>Calls made for one request: some routes have many candidates and keys that all fail fast.</summary>
    public const int Attempts = 32;

    /// <summary>Candidates of a request, which remembers in the bits of one number what it has tried.</summary>
    public const int Candidates = 64;

    /// <summary>Characters of a stream kept for another candidate to go on with.</summary>
    public const int ContinuedChars = 1024 * 1024;

    /// <summary>
    /// Least length at which text that begins like the text so far is taken for its repetition. Shorter runs occur in
    /// honest text.
    /// </summary>
    public const int RepeatedChars = 32;

    /// <summary>Longest time that a provider's Retry-After keeps a key aside: providers make mistakes too.</summary>
    public static readonly TimeSpan LongestAside = TimeSpan.FromMinutes(5);

    /// <summary>
    /// Models of a key that are known to have reached their limit. Clients choose names; what is beyond is asked again.
    /// </summary>
    public const int LimitedModels = 100;

    /// <summary>How long a refused key (401, 402, 403, quota used up) is used only when no other is left.</summary>
    public static readonly TimeSpan RefusedAside = TimeSpan.FromMinutes(5);

    /// <summary>Told to a caller that meets a half-open breaker whose probes are all under way.</summary>
    public static readonly TimeSpan ProbePatience = TimeSpan.FromSeconds(1);
}
