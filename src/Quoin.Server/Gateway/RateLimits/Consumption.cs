using System.Runtime.InteropServices;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// The tokens that a finished request used:
/// 1. Nothing, where no provider was called (refused, a job accepted, an answer from the cache).
/// 2. What the provider told; its explicit zero is zero.
/// 3. Nothing, where the request failed before any of an answer: providers do not charge for errors.
/// 4. Else an estimate: the request's, and a token for each four bytes that went out.
/// </summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct Consumption(long Input, long Output, long Cached, bool Estimated)
{
    private const int BytesPerToken = 4;

    public long Tokens => Input + Output;

    public static Consumption Of(RequestRecord record, TokenReservation reservation)
    {
        if (record.Attempts == 0 || record.Operation is null or Operation.CountTokens)
        {
            return default;
        }

        var usage = record.Usage;
        if (usage is null && record is { Error: not null, StreamEvents: 0 })
        {
            return default;
        }

        var answered = record.Operation == Operation.Embeddings ? 0 : record.ResponseBytes / BytesPerToken;
        return new Consumption(
            Math.Max(usage?.InputTokens ?? reservation.Input, 0),
            Math.Max(usage?.OutputTokens ?? answered, 0),
            Math.Max(usage?.CachedInputTokens ?? 0, 0),
            usage?.InputTokens is null
                || (usage.OutputTokens is null && record.Operation != Operation.Embeddings));
    }
}
