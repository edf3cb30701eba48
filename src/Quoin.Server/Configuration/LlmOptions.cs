namespace Quoin.Server.Configuration;

/// <summary>Model calls (<c>llm:</c>).</summary>
public sealed record LlmOptions
{
    /// <summary>Bound of a whole call, all attempts included. 1s..1h. In the environment in milliseconds.</summary>
    [Setting(Env = ["LLM_TIMEOUT"], EnvMilliseconds = true, Min = 1, Max = 3600)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(120);

    /// <summary>Longest wait for the first content of a streamed answer, at each attempt. 100ms..1h.</summary>
    [Setting(Min = 0.1, Max = 3600)]
    public TimeSpan FirstTokenTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Longest wait for an unstreamed answer while another candidate is left to ask. 100ms..1h.
    /// </summary>
    [Setting(Min = 0.1, Max = 3600)]
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>Longest silence inside a streamed answer. 100ms..1h.</summary>
    [Setting(Min = 0.1, Max = 3600)]
    public TimeSpan StallTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Time to open a connection to a provider, TLS included. 100ms..5m.</summary>
    [Setting(Min = 0.1, Max = 300)]
    public TimeSpan ConnectTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>Connections to each provider; further calls wait for one. 1..100000.</summary>
    [Setting(Env = ["HTTPX_POOL_MAX"], Min = 1, Max = 100000)]
    public int MaxConnections { get; init; } = 100;

    /// <summary>
    /// Connections to each provider that are kept when they have had nothing to do for some seconds. 0..100000.
    /// </summary>
    [Setting(Env = ["HTTPX_POOL_MAX_KEEPALIVE"], Min = 0, Max = 100000)]
    public int MaxIdleConnections { get; init; } = 20;

    /// <summary>Answers that are kept to be given again.</summary>
    public CacheOptions Cache { get; init; } = new();

    /// <summary>
    /// What becomes of the upstream call when the client leaves: <c>cancel</c> ends it, <c>drain</c> reads it to its
    /// end so that its usage is known.
    /// </summary>
    [Setting(Choices = ["cancel", "drain"])]
    public string OnClientDisconnect { get; init; } = "cancel";

    /// <summary>Further tries after a pause.</summary>
    public RetryOptions Retry { get; init; } = new();

    /// <summary>A second call while the first is slow.</summary>
    public HedgeOptions Hedge { get; init; } = new();

    /// <summary>Asking providers whether they are there: their list of models, never a paid call.</summary>
    public HealthCheckOptions HealthCheck { get; init; } = new();
}
