namespace Quoin.Server.Gateway;

/// <summary>
/// Whose fault it is and what it is. One kind has one status everywhere; dialects only spell it differently.
/// </summary>
internal enum GatewayErrorKind
{
    /// <summary>400: malformed, or cannot be translated.</summary>
    InvalidRequest,

    /// <summary>400: the prompt does not fit the model's context. Final: another try gives the same.</summary>
    ContextLength,

    /// <summary>400: a safety system refused the prompt. Final.</summary>
    ContentFilter,

    /// <summary>401</summary>
    Authentication,

    /// <summary>403</summary>
    Permission,

    /// <summary>404</summary>
    NotFound,

    /// <summary>405</summary>
    MethodNotAllowed,

    /// <summary>408: the client was too slow.</summary>
    RequestTimeout,

    /// <summary>409</summary>
    Conflict,

    /// <summary>413</summary>
    TooLarge,

    /// <summary>415</summary>
    UnsupportedMediaType,

    /// <summary>422: well-formed but invalid.</summary>
    Unprocessable,

    /// <summary>429</summary>
    RateLimited,

    /// <summary>500: ours.</summary>
    Internal,

    /// <summary>502: the provider broke its contract (unreachable, cut, malformed, refused our key).</summary>
    BadGateway,

    /// <summary>503: the provider or we are overloaded.</summary>
    Overloaded,

    /// <summary>504: no answer within the deadline.</summary>
    Deadline,
}

/// <summary>
/// An error on its way to a client, in no dialect. Messages hold no secrets, no stack traces and no prompts.
/// </summary>
internal sealed record GatewayError(GatewayErrorKind Kind, string Message)
{
    /// <summary>The code of a provider that gave no answer at all.</summary>
    public const string ProviderUnreachable = "provider_unreachable";

    /// <summary>The client's field at fault, such as <c>messages[0].content</c>.</summary>
    public string? Param { get; init; }

    /// <summary>Short machine-readable reason, such as <c>model_not_found</c>.</summary>
    public string? Code { get; init; }

    public TimeSpan? RetryAfter { get; init; }

    /// <summary>The provider's answer where it was the cause.</summary>
    public int? UpstreamStatus { get; init; }

    public int Status => Kind switch
    {
        GatewayErrorKind.Authentication => 401,
        GatewayErrorKind.Permission => 403,
        GatewayErrorKind.NotFound => 404,
        GatewayErrorKind.MethodNotAllowed => 405,
        GatewayErrorKind.RequestTimeout => 408,
        GatewayErrorKind.Conflict => 409,
        GatewayErrorKind.TooLarge => 413,
        GatewayErrorKind.UnsupportedMediaType => 415,
        GatewayErrorKind.Unprocessable => 422,
        GatewayErrorKind.RateLimited => 429,
        GatewayErrorKind.Internal => 500,
        GatewayErrorKind.BadGateway => 502,
        GatewayErrorKind.Overloaded => 503,
        GatewayErrorKind.Deadline => 504,
        _ => 400,
    };

    public static GatewayError Invalid(string? param, string message, string? code = null) =>
        new(GatewayErrorKind.InvalidRequest, message) { Param = param, Code = code };
}

/// <summary>
/// Carries a <see cref="GatewayError"/> out of a parser. Thrown only while a request or an answer is read or
/// translated, caught in one place (the pipeline), never used for control flow elsewhere.
/// </summary>
#pragma warning disable CA1032, CA1064, MA0015 // Made in one way only, and seen by nobody outside.
internal sealed class GatewayException(GatewayError error) : Exception(error.Message)
{
    public GatewayError Error { get; } = error;

    public static GatewayException Invalid(string? param, string message, string? code = null) =>
        new(GatewayError.Invalid(param, message, code));
}
