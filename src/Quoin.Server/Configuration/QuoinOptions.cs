namespace Quoin.Server.Configuration;

/// <summary>
/// The whole configuration, one immutable snapshot. Bound from YAML, environment and command line by
/// <see cref="ConfigurationLoader"/>; YAML keys are the property names in snake_case. A key exists here only when
/// what it controls works.
/// </summary>
public sealed record QuoinOptions
{
    /// <summary>The listener and its limits.</summary>
    public ServerOptions Server { get; init; } = new();

    /// <summary>Model calls.</summary>
    public LlmOptions Llm { get; init; } = new();

    /// <summary>Upstream model APIs by the name that routes and logs use for them.</summary>
    public IReadOnlyDictionary<string, ProviderOptions> Providers { get; init; } =
        new Dictionary<string, ProviderOptions>(StringComparer.Ordinal) { ["sim"] = new() { Type = "sim" } };

    /// <summary>
    /// Order in which providers are asked for a model that no route names. Default: all providers, as written.
    /// </summary>
    public IReadOnlyList<string> ProviderPreference { get; init; } = [];

    /// <summary>Route name → ordered candidates.</summary>
    public IReadOnlyDictionary<string, IReadOnlyList<CandidateOptions>> Models { get; init; } =
        new Dictionary<string, IReadOnlyList<CandidateOptions>>(StringComparer.Ordinal);

    /// <summary>More paths of built-in handlers.</summary>
    public IReadOnlyList<RouteOptions> Routes { get; init; } = [];

    /// <summary>Admission of model calls, and the journal of jobs.</summary>
    public QueueOptions Queue { get; init; } = new();

    /// <summary>Requests that are answered later.</summary>
    public JobsOptions Jobs { get; init; } = new();

    /// <summary>Answers kept for requests with an Idempotency-Key.</summary>
    public IdempotencyOptions Idempotency { get; init; } = new();

    /// <summary>The circuit breaker of each key of each provider.</summary>
    public CircuitBreakerOptions CircuitBreaker { get; init; } = new();

    /// <summary>Who may use the model APIs.</summary>
    public AuthOptions Auth { get; init; } = new();

    /// <summary>How much one caller may ask for.</summary>
    public RateLimitOptions RateLimit { get; init; } = new();

    /// <summary>Where usage is kept.</summary>
    public DatabaseOptions Database { get; init; } = new();

    /// <summary>The metrics page.</summary>
    public MetricsOptions Metrics { get; init; } = new();

    /// <summary>Logs.</summary>
    public LoggingOptions Logging { get; init; } = new();
}
