using System.Globalization;
using Quoin.Server.Gateway.Dialects;

namespace Quoin.Server.Gateway;

/// <summary>
/// What a provider's failure means to the client. The provider's words are passed on, bounded; its refusal of our
/// key is told in our words only, for providers quote keys.
/// </summary>
internal static class UpstreamFault
{
    /// <summary>An error status with its body.</summary>
    public static GatewayError FromStatus(string provider, int status, UpstreamError upstream, TimeSpan? retryAfter)
    {
        var message = Words(upstream.Message) ?? $"provider {provider} answered {status}";
        var error = status switch
        {
            401 or 403 when !IsClientFault(upstream) => CredentialsRefused(provider, status),
            // Google's answer to a wrong key is a 400.
            400 when upstream.Code == "API_KEY_INVALID" => CredentialsRefused(provider, status),
            402 => new GatewayError(
                GatewayErrorKind.BadGateway,
                $"provider {provider} wants payment (402): check the account of providers.{provider}.api_key")
            { Code = "provider_payment_required" },
            403 => new GatewayError(GatewayErrorKind.Permission, message),
            404 => new GatewayError(GatewayErrorKind.NotFound, message),
            408 => new GatewayError(GatewayErrorKind.Deadline, message),
            409 => new GatewayError(GatewayErrorKind.Conflict, message),
            413 => new GatewayError(GatewayErrorKind.TooLarge, message),
            415 => new GatewayError(GatewayErrorKind.UnsupportedMediaType, message),
            422 => new GatewayError(GatewayErrorKind.Unprocessable, message),
            429 => new GatewayError(GatewayErrorKind.RateLimited, message),
            503 or 529 => new GatewayError(GatewayErrorKind.Overloaded, message),
            504 or 524 => new GatewayError(GatewayErrorKind.Deadline, message),
            >= 400 and < 500 => new GatewayError(KindOf400(upstream), message),
            _ => new GatewayError(GatewayErrorKind.BadGateway, message),
        };
        return error with
        {
            Code = error.Code ?? upstream.Code,
            Param = upstream.Param,
            RetryAfter = retryAfter ?? upstream.RetryAfter,
            UpstreamStatus = status,
        };
    }

    /// <summary>An error event inside a stream that began with 200.</summary>
    public static GatewayError InStream(UpstreamError upstream)
    {
        var kind = (upstream.Type, upstream.Code) switch
        {
            ("overloaded_error", _) or (_, "UNAVAILABLE") or (_, "overloaded") => GatewayErrorKind.Overloaded,
            ("rate_limit_error", _) or (_, "rate_limit_exceeded") or (_, "RESOURCE_EXHAUSTED")
                or (_, "insufficient_quota") => GatewayErrorKind.RateLimited,
            ("invalid_request_error", _) or (_, "INVALID_ARGUMENT") => KindOf400(upstream),
            ("timeout_error", _) or (_, "timeout") or (_, "DEADLINE_EXCEEDED") => GatewayErrorKind.Deadline,
            _ => GatewayErrorKind.BadGateway,
        };
        return new GatewayError(kind, Words(upstream.Message) ?? "the provider broke off with an error")
        {
            Code = upstream.Code,
            Param = upstream.Param,
            RetryAfter = upstream.RetryAfter,
        };
    }

    /// <summary>Retry-After as seconds or as a date (RFC 9110 §10.2.3), or OpenAI's retry-after-ms.</summary>
    public static TimeSpan? RetryAfter(string? value, string? milliseconds, DateTimeOffset now)
    {
        if (double.TryParse(milliseconds, NumberStyles.Float, CultureInfo.InvariantCulture, out var ms) && ms >= 0)
        {
            return Bounded(ms / 1000);
        }

        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds) && seconds >= 0)
        {
            return Bounded(seconds);
        }

        return DateTimeOffset.TryParse(
            value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var date)
            ? Bounded((date - now).TotalSeconds)
            : null;
    }

    private static GatewayError CredentialsRefused(string provider, int status) => new(
        GatewayErrorKind.BadGateway,
        $"provider {provider} refused the gateway's credentials ({status}): check providers.{provider}.api_key")
    { Code = "provider_authentication_failed" };

    // A day is longer than any caller waits, and keeps a nonsense value from overflowing a TimeSpan.
    private static TimeSpan Bounded(double seconds) => TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 86400));

    private static GatewayErrorKind KindOf400(UpstreamError upstream) => upstream.Code switch
    {
        "context_length_exceeded" or "string_above_max_length" => GatewayErrorKind.ContextLength,
        "content_filter" or "content_policy_violation" => GatewayErrorKind.ContentFilter,
        _ when upstream.Message is { } message && IsContextLength(message) => GatewayErrorKind.ContextLength,
        _ => GatewayErrorKind.InvalidRequest,
    };

    private static bool IsContextLength(string message) =>
        message.Contains("prompt is too long", StringComparison.OrdinalIgnoreCase)
        || message.Contains("maximum context length", StringComparison.OrdinalIgnoreCase)
        || message.Contains("input token count", StringComparison.OrdinalIgnoreCase);

    /// <summary>A 403 about the request (region, model access, policy) rather than about our key.</summary>
    private static bool IsClientFault(UpstreamError upstream) =>
        upstream.Code is "model_not_allowed" or "unsupported_country_region_territory" or "content_policy_violation";

    private static string? Words(string? message) => message switch
    {
        null or "" => null,
        { Length: > Limits.UpstreamMessageChars } => message[..Limits.UpstreamMessageChars] + "…",
        _ => message,
    };
}
