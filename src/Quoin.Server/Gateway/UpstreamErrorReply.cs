using Quoin.Server.Gateway.Connections;
using Quoin.Server.Gateway.Relay;
using Quoin.Server.Gateway.Routing;

namespace Quoin.Server.Gateway;

/// <summary>
/// Reads a provider's answer that is not 2xx. The client gets the provider's message in its own dialect, with the
/// gateway's status for that fault and the provider's Retry-After; never a text that holds the provider's key.
/// </summary>
internal static class UpstreamErrorReply
{
    public static async ValueTask<AttemptResult> ReadAsync(
        Exchange exchange, Candidate candidate, AttemptPlan plan, UpstreamResponse response, AttemptClock clock)
    {
        using var body = new PooledBuffer();
        await body.ReadToEndAsync(response, Limits.ErrorBodyBytes, clock.Token);
        var status = response.Status;
        var upstream = plan.Dialect.ReadError(status, body.WrittenSpan);
        var options = candidate.Upstream.Provider.Options;
        if (HoldsKey(upstream.Message, options.ApiKey) || options.ApiKeys.Any(key => HoldsKey(upstream.Message, key)))
        {
            upstream = upstream with { Message = null };
        }

        var retryAfter = UpstreamFault.RetryAfter(
            response.Field("retry-after"u8), response.Field("retry-after-ms"u8), exchange.Time.GetUtcNow());
        exchange.Record.ProviderAnswered = exchange.Time.GetTimestamp();
        return AttemptResult.Failed(
            UpstreamFault.FromStatus(candidate.Upstream.Name, status, upstream, retryAfter));
    }

    /// <summary>
    /// Providers quote keys, some masked in the middle: a shared beginning of 8 characters is a quote.
    /// </summary>
    private static bool HoldsKey(string? message, string? key) =>
        message is not null && key is { Length: >= 8 } && message.Contains(key[..8], StringComparison.Ordinal);
}
