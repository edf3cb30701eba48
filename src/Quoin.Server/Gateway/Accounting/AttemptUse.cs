using Quoin.Server.Gateway.Conversation;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.Accounting;

/// <summary>
/// The tokens that one call of a provider used:
/// 1. What the provider told, also with an error; its explicit zero is zero. A part it did not tell is estimated.
/// 2. Nothing, where the call failed before any of an answer: providers do not charge for errors.
/// 3. Else (an answer without usage, a client that left, a stream that broke) an estimate: the request's, and what of
///    the answer has come.
/// </summary>
internal static class AttemptUse
{
    private const int BytesPerToken = 4;

    /// <param name="bytes">Of the answer that went out in this attempt.</param>
    /// <param name="events">Of the stream.</param>
    public static TokenUse Of(
        RequestRecord record, Usage? usage, AttemptOutcome outcome, long bytes, int events,
        Func<TokenReservation> estimate)
    {
        if (record.ProviderStarted == 0 || record.Operation is null or Operation.CountTokens)
        {
            return default;
        }

        if (usage is null && outcome is not (AttemptOutcome.Success or AttemptOutcome.Cancelled)
            && !(outcome == AttemptOutcome.Broken && bytes > 0))
        {
            return default;
        }

        var input = usage?.InputTokens;
        var output = usage?.OutputTokens ?? (record.Operation == Operation.Embeddings ? 0 : null);
        return new TokenUse(
            Math.Max(input ?? estimate().Input, 0),
            Math.Max(output ?? Answered(record.Stream, bytes, events), 0),
            Math.Max(usage?.CachedInputTokens ?? 0, 0),
            Math.Max(usage?.CacheWriteTokens ?? 0, 0),
            Math.Max(usage?.ReasoningTokens ?? 0, 0),
            Estimated: input is null || output is null);
    }

    private static long Answered(bool stream, long bytes, int events) => stream
        ? Math.Max(events, (bytes - ((long)events * UsageLimits.EventBytes)) / BytesPerToken)
        : bytes / BytesPerToken;
}
