namespace Quoin.Server.Gateway.Settle;

/// <summary>Label values: the spelling of our enums, and of OpenTelemetry's GenAI conventions (1.38).</summary>
internal static class MetricNames
{
    private static readonly string[] Errors = [.. Enum.GetNames<GatewayErrorKind>().Select(Snake)];
    private static readonly string[] Outcomes = [.. Enum.GetNames<AttemptOutcome>().Select(Snake)];
    private static readonly string[] Operations = [.. Enum.GetNames<Operation>().Select(Snake)];
    private static readonly string[] Finishes = [.. Enum.GetNames<Gateway.Conversation.FinishReason>().Select(Snake)];

    public static string Of(GatewayErrorKind kind) => Errors[(int)kind];

    public static string Of(AttemptOutcome outcome) => Outcomes[(int)outcome];

    public static string Of(Operation operation) => Operations[(int)operation];

    public static string Of(Gateway.Conversation.FinishReason reason) => Finishes[(int)reason];

    /// <summary>A bounded label: a method that is not HTTP's is <c>_OTHER</c>, as OpenTelemetry has it.</summary>
    public static string Method(string method) => method switch
    {
        "GET" or "POST" or "HEAD" or "PUT" or "DELETE" or "OPTIONS" or "PATCH" or "TRACE" or "CONNECT" => method,
        _ => "_OTHER",
    };

    /// <summary>
    /// <c>gen_ai.provider.name</c>: the format's well-known name. What speaks OpenAI's API from elsewhere counts as
    /// openai, by the conventions; which one it is, <c>quoin_*</c> tell by its configured name.
    /// </summary>
    public static string GenAiProvider(string? providerType) => providerType switch
    {
        "gemini" => "gcp.gemini",
        "azure-openai" => "azure.ai.openai",
        "openai-compatible" => "openai",
        null or "" => "_OTHER",
        _ => providerType,
    };

    /// <summary><c>gen_ai.operation.name</c>; Gemini's own word for chat is among the well-known ones.</summary>
    public static string GenAiOperation(Operation operation, string? providerType) =>
        operation == Operation.Chat && string.Equals(providerType, "gemini", StringComparison.Ordinal)
            ? "generate_content"
            : Of(operation);

    private static string Snake(string name) =>
        string.Concat(name.Select((c, i) => char.IsUpper(c) ? (i > 0 ? "_" : "") + char.ToLowerInvariant(c) : c + ""));
}

/// <summary>How one attempt at a provider ended.</summary>
internal enum AttemptOutcome
{
    Success,

    /// <summary>Another 4xx than 408 and 429: another try gives the same.</summary>
    Refused,

    /// <summary>429.</summary>
    RateLimited,

    /// <summary>5xx.</summary>
    ServerError,

    /// <summary>Connecting failed, or the connection broke before the answer.</summary>
    Unreachable,

    /// <summary>408, or our own limit of time ran out.</summary>
    Timeout,

    /// <summary>The answer broke the API's contract: malformed, cut, stalled.</summary>
    Broken,

    /// <summary>The client left first.</summary>
    Cancelled,
}
