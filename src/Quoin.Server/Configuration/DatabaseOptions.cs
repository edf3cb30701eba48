namespace Quoin.Server.Configuration;

/// <summary>Where usage and what keys have spent is kept (<c>database:</c>).</summary>
public sealed record DatabaseOptions
{
    /// <summary>
    /// <c>sqlite:PATH</c>, also as <c>sqlite:///PATH</c>; a relative path begins at the configuration file's folder.
    /// Empty: usage is not kept, and no key may have a budget.
    /// </summary>
    [Setting(Env = ["DATABASE_URL"], Restart = true)]
    public string Url { get; init; } = "";

    /// <summary>
    /// Time for which the record of each request is kept. Sums by day are kept for 400 days. 24h..87600h.
    /// </summary>
    [Setting(Min = 86400, Max = 315360000)]
    public TimeSpan UsageRetention { get; init; } = TimeSpan.FromDays(90);
}
