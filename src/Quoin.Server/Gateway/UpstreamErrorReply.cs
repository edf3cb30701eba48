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
        Exchange exchange, Candidate candidate, AttemptPlan plan, HttpResponseMessage response, AttemptClock clock)
    {
        using var body = new PooledBuffer();
        var stream = await response.Content.ReadAsStreamAsync(clock.Token);
        await body.ReadToEndAsync(stream, Limits.ErrorBodyBytes, clock.Token);
        var status = (int)response.StatusCode;
        var upstream = plan.Dialect.ReadError(status, body.WrittenSpan);
        var options = candidate.Upstream.Provider.Options;
        if (HoldsKey(upstream.Message, options.ApiKey) || options.ApiKeys.Any(key => HoldsKey(upstream.Message, key)))
        {
            upstream = upstream with { Message = null };
        }

        var retryAfter = UpstreamFault.RetryAfter(
            Header(response, "Retry-After"), Header(response, "retry-after-ms"), exchange.Time.GetUtcNow());
        exchange.Record.ProviderAnswered = exchange.Time.GetTimestamp();
        return AttemptResult.Failed(
            UpstreamFault.FromStatus(candidate.Upstream.Name, status, upstream, retryAfter));
    }

    private static string? Header(HttpResponseMessage response, string name) =>
        response.Headers.NonValidated.TryGetValues(name, out var values) ? values.ToString() : null;

    /// <summary>
    /// Providers quote keys, some masked in the middle: a shared beginning of 8 characters is a quote.
    /// </summary>
    private static bool HoldsKey(string? message, string? key) =>
        message is not null && key is { Length: >= 8 } && message.Contains(key[..8], StringComparison.Ordinal);
}
