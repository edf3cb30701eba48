using Quoin.Server.Telemetry;
namespace Quoin.Server.Gateway.Settle;

/// <summary>The families that requests are counted in. docs/metrics.md describes them to users.</summary>
internal sealed class GatewayFamilies(MetricRegistry registry)
{
    // Answers of models take from milliseconds (a simulated or cached one) to minutes.
    private static readonly double[] RequestBounds =
        [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120];

    // The gateway's own time: the goal is 0.25 ms at the 99th percentile, so the bounds are dense around it.
    private static readonly double[] OverheadBounds =
        [0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1];

    // The bounds that the GenAI conventions advise.
    private static readonly double[] GenAiDurationBounds =
        [0.01, 0.02, 0.04, 0.08, 0.16, 0.32, 0.64, 1.28, 2.56, 5.12, 10.24, 20.48, 40.96, 81.92];

    private static readonly double[] GenAiFirstTokenBounds =
        [0.001, 0.005, 0.01, 0.02, 0.04, 0.06, 0.08, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];

    private static readonly double[] GenAiPerTokenBounds =
        [0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.75, 1, 2.5];

    private static readonly double[] GenAiTokenBounds =
        [1, 4, 16, 64, 256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864];

    private static readonly string[] GenAiAttributes =
        ["gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model", "gen_ai.response.model"];

    public CounterFamily HttpRequests { get; } = registry.Counter(new(
        "http_requests_total", "http.requests", "{request}",
        "Finished HTTP requests. Status 499: the client left before the end.",
        "method", "endpoint", "status"));

    public HistogramFamily HttpDuration { get; } = registry.Durations(
        new(
            "http_request_duration_seconds", "http.request.duration", "s",
            "Time from a request's start to the last byte of its answer.",
            "method", "endpoint"),
        RequestBounds);

    public CounterFamily HttpInProgress { get; } = registry.UpDown(new(
        "http_requests_in_progress", "http.requests.in_progress", "{request}",
        "HTTP requests that have started and not finished."));

    public HistogramFamily RequestDuration { get; } = registry.Durations(
        new(
            "quoin_request_duration_seconds", "quoin.request.duration", "s",
            "Time of model requests, all attempts included, by route, provider, model and operation.",
            "route", "provider", "model", "operation"),
        RequestBounds);

    public HistogramFamily Overhead { get; } = registry.Durations(
        new(
            "quoin_overhead_seconds", "quoin.overhead", "s",
            "The gateway's own time in model requests: the whole less the providers' time and queueing.",
            "provider"),
        OverheadBounds);

    public HistogramFamily TimeToFirstEvent { get; } = registry.Durations(
        new(
            "quoin_time_to_first_event_seconds", "quoin.time_to_first_event", "s",
            "Time from a streamed request's start to its first content from the provider.",
            "provider", "model"),
        GenAiFirstTokenBounds);

    public CounterFamily Attempts { get; } = registry.Counter(new(
        "quoin_attempts_total", "quoin.attempts", "{attempt}",
        "Calls to providers by how they ended.",
        "provider", "outcome"));

    public CounterFamily Tokens { get; } = registry.Counter(new(
        "quoin_tokens_total", "quoin.tokens", "{token}",
        "Tokens that providers reported. Cached are part of input, reasoning part of output.",
        "provider", "model", "type"));

    public CounterFamily StreamErrors { get; } = registry.Counter(new(
        "quoin_stream_errors_total", "quoin.stream.errors", "{error}",
        "Streams that ended in an error after their first event had gone out.",
        "provider", "reason"));

    public CounterFamily ClientDisconnects { get; } = registry.Counter(new(
        "quoin_client_disconnects_total", "quoin.client.disconnects", "{request}",
        "Requests whose client left before the end."));

    public CounterFamily Reloads { get; } = registry.Counter(new(
        "quoin_configuration_reloads_total", "quoin.configuration.reloads", "{reload}",
        "Reloads of the configuration by result.",
        "result"));

    public HistogramFamily GenAiTokens { get; } = registry.Sizes(
        new(
            "gen_ai_client_token_usage", "gen_ai.client.token.usage", "{token}",
            "Number of input and output tokens of a model request.",
            [.. GenAiAttributes, "gen_ai.token.type"]),
        GenAiTokenBounds);

    public HistogramFamily GenAiDuration { get; } = registry.Durations(
        new(
            "gen_ai_server_request_duration_seconds", "gen_ai.server.request.duration", "s",
            "Time of the last attempt at a provider to its last byte.",
            [.. GenAiAttributes, "error.type"]),
        GenAiDurationBounds);

    public HistogramFamily GenAiFirstToken { get; } = registry.Durations(
        new(
            "gen_ai_server_time_to_first_token_seconds", "gen_ai.server.time_to_first_token", "s",
            "Time of the last attempt of successful streams to their first content.",
            GenAiAttributes),
        GenAiFirstTokenBounds);

    public HistogramFamily GenAiPerToken { get; } = registry.Durations(
        new(
            "gen_ai_server_time_per_output_token_seconds", "gen_ai.server.time_per_output_token", "s",
            "Time per output token after the first of successful streams.",
            GenAiAttributes),
        GenAiPerTokenBounds);
}
