namespace Quoin.Server.Configuration;

/// <summary>Further tries of candidates that have failed (<c>llm.retry</c>).</summary>
public sealed record RetryOptions
{
    /// <summary>
    /// Tries after a pause, once every candidate has failed. Moving on to another candidate or key is none. 0..10.
    /// </summary>
    [Setting(Min = 0, Max = 10)]
    public int MaxRetries { get; init; } = 2;

    /// <summary>Upper bound of the first pause, whose length is random. 1ms..1m.</summary>
    [Setting(Min = 0.001, Max = 60)]
    public TimeSpan InitialDelay { get; init; } = TimeSpan.FromMilliseconds(100);

    /// <summary>Longest pause. A provider's Retry-After beyond it is answered, not waited for. 1ms..10m.</summary>
    [Setting(Min = 0.001, Max = 600)]
    public TimeSpan MaxDelay { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Growth of the upper bound from pause to pause. 1..10.</summary>
    [Setting(Min = 1, Max = 10)]
    public double Multiplier { get; init; } = 1.5;

    /// <summary>
    /// Failures that are worth a pause: <c>rate_limit</c> (429), <c>timeout</c> (408, 504, our own limits of time),
    /// <c>server_error</c> (other 5xx, unreachable, broken answers).
    /// </summary>
    [Setting(Choices = ["rate_limit", "timeout", "server_error"])]
    public IReadOnlyList<string> RetryableErrors { get; init; } = ["rate_limit", "timeout", "server_error"];
}

/// <summary>Asking providers whether they are there (<c>llm.health_check</c>).</summary>
public sealed record HealthCheckOptions
{
    /// <summary>Whether providers that failed are asked, and left aside while they do not answer.</summary>
    public bool Enabled { get; init; } = true;

    /// <summary>Time between two rounds. 100ms..1h.</summary>
    [Setting(Min = 0.1, Max = 3600)]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(15);

    /// <summary>Longest wait for a provider's list of models. 10ms..5m.</summary>
    [Setting(Min = 0.01, Max = 300)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>Failures to reach it, one after the other, that make a provider unhealthy. 1..100.</summary>
    [Setting(Min = 1, Max = 100)]
    public int FailureThreshold { get; init; } = 2;
}

/// <summary>A second call while the first is slow (<c>llm.hedge</c>).</summary>
public sealed record HedgeOptions
{
    /// <summary>
    /// Whether another candidate is called too when the first is slower than 95 % of its calls before. The first to
    /// have content answers; the other is cancelled, and may be billed.
    /// </summary>
    public bool Enabled { get; init; }

    /// <summary>Least wait before the second call. 1ms..1m.</summary>
    [Setting(Min = 0.001, Max = 60)]
    public TimeSpan MinDelay { get; init; } = TimeSpan.FromMilliseconds(50);
}

/// <summary>The circuit breaker of each key of each provider (<c>circuit_breaker:</c>).</summary>
public sealed record CircuitBreakerOptions
{
    /// <summary>Whether failing providers are left alone for a time.</summary>
    [Setting(Env = ["CB_ENABLED"])]
    public bool Enabled { get; init; } = true;

    /// <summary>Failures, one after the other within <c>interval</c>, that open it. 1..10000.</summary>
    [Setting(Env = ["CB_FAILURE_THRESHOLD"], Min = 1, Max = 10000)]
    public int FailureThreshold { get; init; } = 5;

    /// <summary>While closed, failures older than this are forgotten. 10ms..1h.</summary>
    [Setting(Min = 0.01, Max = 3600)]
    public TimeSpan Interval { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it stays open before calls probe the provider. 10ms..1h.</summary>
    [Setting(Env = ["CB_RECOVERY_TIMEOUT"], Min = 0.01, Max = 3600)]
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Calls admitted at once while half-open; that many must succeed to close it. 1..1000.</summary>
    [Setting(Env = ["CB_HALF_OPEN_MAX"], Min = 1, Max = 1000)]
    public int MaxRequests { get; init; } = 1;

    /// <summary>
    /// <c>redis</c>: nodes that share the Redis of <c>llm.cache.redis</c> open together, within half a second.
    /// </summary>
    [Setting(Choices = ["local", "redis"])]
    public string Store { get; init; } = "local";
}

/// <summary>Which requests a candidate takes (<c>when</c> of a candidate); what is not given does not matter.</summary>
public sealed record CandidateConditions
{
    /// <summary>Streamed requests only, or unstreamed only.</summary>
    public bool? Stream { get; init; }

    /// <summary>
    /// The client's dialect: <c>openai-chat</c>, <c>openai-responses</c>, <c>anthropic</c>, <c>gemini</c>, ….
    /// </summary>
    [Setting(Choices = ["openai-chat", "openai-responses", "openai-completions", "hapax-completions", "anthropic",
        "gemini"])]
    public IReadOnlyList<string> Dialect { get; init; } = [];

    /// <summary>Prompts of at most so many tokens, as estimated. 1..100000000.</summary>
    [Setting(Min = 1, Max = 100000000)]
    public int? MaxPromptTokens { get; init; }

    /// <summary>Bodies of at most so many bytes.</summary>
    [Setting(Size = true, Min = 1)]
    public long? MaxPromptBytes { get; init; }

    /// <summary>Requests with tools only, or without only.</summary>
    public bool? Tools { get; init; }

    /// <summary>Requests with images only, or without only.</summary>
    public bool? Images { get; init; }

    /// <summary>Request headers and their values; <c>*</c> matches any run of characters.</summary>
    public IReadOnlyDictionary<string, string> Header { get; init; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);
}
