namespace Quoin.Server.Gateway.Admission;

/// <summary>Every bound of admission that is not a setting, with its reason.</summary>
internal static class AdmissionLimits
{
    /// <summary>Least of the adaptive limit: fewer calls tell too little of a provider to rise again.</summary>
    public const int LeastConcurrency = 4;

    /// <summary>The adaptive limit never goes above: a connection each, and Kestrel takes 10000.</summary>
    public const int MostConcurrency = 10000;

    /// <summary>Where the adaptive limit begins: below the knee of most accounts, and soon left behind.</summary>
    public const int FirstConcurrency = 20;

    /// <summary>
    /// Pairs of provider and model whose latency is remembered apart. Names come from clients; those beyond share
    /// one entry.
    /// </summary>
    public const int LatencySeries = 256;

    /// <summary>Waits kept for the percentiles of <c>/api/v1/queue</c>.</summary>
    public const int KeptWaits = 1024;

    /// <summary>Least Retry-After: the header has whole seconds.</summary>
    public static readonly TimeSpan LeastRetryAfter = TimeSpan.FromSeconds(1);

    /// <summary>Greatest Retry-After: an estimate from further away says nothing.</summary>
    public static readonly TimeSpan MostRetryAfter = TimeSpan.FromMinutes(5);
}
