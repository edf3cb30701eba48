namespace Quoin.Server.Configuration;

/// <summary>One more path of a built-in handler (<c>routes:</c>), with what stands before it.</summary>
public sealed record RouteOptions
{
    /// <summary>
    /// Where the handler answers, such as <c>/status</c>; of <c>gemini</c>, what comes before <c>/MODEL:ACTION</c>. A
    /// path that has a built-in handler already is that handler's, with this route before it.
    /// </summary>
    [Setting(Required = true)]
    public string Path { get; init; } = "";

    /// <summary>What answers.</summary>
    [Setting(Required = true, Choices = [
        "metrics", "health", "live", "ready", "models", "chat_completions", "responses", "completions", "completion",
        "embeddings", "messages", "count_tokens", "gemini"])]
    public string Handler { get; init; } = "";

    /// <summary>
    /// A version such as <c>v1</c>: the handler answers at <c>/v1/status</c> too, and of routes with the same path the
    /// first keeps the bare one.
    /// </summary>
    public string? Version { get; init; }

    /// <summary>Methods that it takes, of those the handler takes. Default: all of these.</summary>
    public IReadOnlyList<string> Methods { get; init; } = [];

    /// <summary>Request headers that must be there with these values; 400 without.</summary>
    public IReadOnlyDictionary<string, string> Headers { get; init; } =
        new Dictionary<string, string>(StringComparer.OrdinalIgnoreCase);

    /// <summary>
    /// In this order: <c>auth</c> (a key where <c>auth.enabled</c>, else a caller on this machine), <c>ratelimit</c>
    /// (also <c>rate-limit</c>; one request of <c>rate_limit.default</c>), <c>cors</c> (<c>server.cors</c>, which holds
    /// for every path, must allow an origin), <c>logging</c> (a line in the log even where <c>logging.requests</c> is
    /// off).
    /// </summary>
    public IReadOnlyList<string> Middleware { get; init; } = [];
}
