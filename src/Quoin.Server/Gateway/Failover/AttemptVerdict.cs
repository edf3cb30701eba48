using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Routing;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Failover;

/// <summary>What an attempt's end means: to the metrics, to a further try, to the key it was made with.</summary>
internal static class AttemptVerdict
{
    public static AttemptOutcome OutcomeOf(AttemptResult result, bool clientGone) => result switch
    {
        { Error: null, Done: false } => AttemptOutcome.Cancelled,
        { Error: null } => clientGone ? AttemptOutcome.Cancelled : AttemptOutcome.Success,
        { Done: true } or { Begun: true } => AttemptOutcome.Broken,
        { Error.Kind: GatewayErrorKind.RateLimited } => AttemptOutcome.RateLimited,
        { Error.Kind: GatewayErrorKind.Deadline } => AttemptOutcome.Timeout,
        { Error.Kind: GatewayErrorKind.Overloaded } or { Error.UpstreamStatus: >= 500 } => AttemptOutcome.ServerError,
        { Error.Code: GatewayError.ProviderUnreachable } => AttemptOutcome.Unreachable,
        { Error: { Kind: GatewayErrorKind.BadGateway, UpstreamStatus: null } } => AttemptOutcome.Broken,
        _ => AttemptOutcome.Refused,
    };

    /// <summary>The provider refused the key itself, or its account has nothing left.</summary>
    public static bool RefusesKey(GatewayError error) =>
        error.Code is "provider_authentication_failed" or "provider_payment_required" or "insufficient_quota";

    /// <summary>Whether another candidate may do better.</summary>
    public static bool MayMoveOn(AttemptResult result, CandidateOptions options) => result.Error!.Kind switch
    {
        GatewayErrorKind.ContextLength => options.OnContextLength == "next",
        GatewayErrorKind.ContentFilter => options.OnContentFilter == "next",
        _ => result.Retryable,
    };

    /// <summary>Whether the same candidate may do better after a pause, by <c>llm.retry.retryable_errors</c>.</summary>
    public static bool MayRetry(AttemptOutcome outcome, GatewayError error, RetryOptions retry)
    {
        var name = outcome switch
        {
            AttemptOutcome.RateLimited when !RefusesKey(error) => "rate_limit",
            AttemptOutcome.Timeout => "timeout",
            AttemptOutcome.ServerError or AttemptOutcome.Unreachable or AttemptOutcome.Broken => "server_error",
            _ => null,
        };
        return name is not null && retry.RetryableErrors.Contains(name);
    }

    /// <summary>
    /// A call that ran out of the request's own time after less than half of the provider's says
    /// nothing of the provider.
    /// </summary>
    public static bool WasCutShort(GatewayError error, TimeSpan lasted, bool stream, LlmOptions llm)
    {
        if (error is not { Kind: GatewayErrorKind.Deadline, UpstreamStatus: null })
        {
            return false;
        }

        var bound = stream ? Least(llm.FirstTokenTimeout, llm.StallTimeout) : llm.AttemptTimeout;
        return lasted < Least(bound, llm.Timeout) / 2;
    }

    private static TimeSpan Least(TimeSpan one, TimeSpan other) => one < other ? one : other;
}

/// <summary>A candidate on its turn, with the key to call it with and the breaker's leave.</summary>
/// <param name="Last">No other candidate is left to ask.</param>
internal readonly record struct Chosen(
    int Index, Candidate Candidate, AccountKey Key, CircuitBreaker.BreakerTicket Ticket, bool Last);
