namespace Quoin.Server.Gateway.Sim;

/// <summary>What the simulated provider says when it refuses, close to what the real ones say.</summary>
internal static class SimErrors
{
    public static GatewayError Of(SimFault fault, SimShape shape)
    {
        var error = fault.Kind switch
        {
            SimFaultKind.RateLimit => new GatewayError(GatewayErrorKind.RateLimited, "Rate limit reached (simulated)")
            {
                Code = "rate_limit_exceeded",
            },
            SimFaultKind.ContextLength => ContextLength(shape),
            SimFaultKind.ContentFilter => new GatewayError(
                GatewayErrorKind.ContentFilter, "The prompt was stopped by the content filter (simulated)")
            {
                Code = "content_filter",
                Param = "prompt",
            },
            SimFaultKind.NoPrefill => GatewayError.Invalid(
                shape == SimShape.Gemini ? "contents" : "messages",
                "This model does not support assistant message prefill. The conversation must end with a user "
                + "message."),
            SimFaultKind.ErrorEvent => new GatewayError(GatewayErrorKind.Overloaded, "Overloaded (simulated)")
            {
                Code = "overloaded",
            },
            _ => new GatewayError(KindOf(fault.Status), $"Status {fault.Status} (simulated)"),
        };
        return fault.Message is null ? error : error with { Message = fault.Message };
    }

    /// <summary>The status on the wire, which may be one that no kind of ours has (529).</summary>
    public static int StatusOf(SimFault fault, GatewayError error) =>
        fault.Kind is SimFaultKind.Error or SimFaultKind.Flapping ? fault.Status : error.Status;

    private static GatewayError ContextLength(SimShape shape) => shape switch
    {
        SimShape.Anthropic => new GatewayError(
            GatewayErrorKind.ContextLength, "prompt is too long: 250000 tokens > 200000 maximum"),
        SimShape.Gemini => new GatewayError(
            GatewayErrorKind.ContextLength,
            "The input token count (1250000) exceeds the maximum number of tokens allowed (1048576)."),
        _ => new GatewayError(
            GatewayErrorKind.ContextLength,
            "This model's maximum context length is 8192 tokens. However, your messages resulted in 10000 tokens.")
        {
            Param = shape == SimShape.OpenAIResponses ? "input" : "messages",
            Code = "context_length_exceeded",
        },
    };

    private static GatewayErrorKind KindOf(int status) => status switch
    {
        401 => GatewayErrorKind.Authentication,
        403 => GatewayErrorKind.Permission,
        404 => GatewayErrorKind.NotFound,
        405 => GatewayErrorKind.MethodNotAllowed,
        408 => GatewayErrorKind.RequestTimeout,
        409 => GatewayErrorKind.Conflict,
        413 => GatewayErrorKind.TooLarge,
        415 => GatewayErrorKind.UnsupportedMediaType,
        422 => GatewayErrorKind.Unprocessable,
        429 => GatewayErrorKind.RateLimited,
        502 => GatewayErrorKind.BadGateway,
        503 or 529 => GatewayErrorKind.Overloaded,
        504 => GatewayErrorKind.Deadline,
        >= 500 => GatewayErrorKind.Internal,
        _ => GatewayErrorKind.InvalidRequest,
    };
}
