using System.Globalization;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// RateLimit-Policy and RateLimit (draft-ietf-httpapi-ratelimit-headers) as structured fields, one member a limit.
/// Money is told in millionths of a dollar, for quotas are integers there.
/// </summary>
/// <param name="frequency">Ticks of a second of the states.</param>
internal sealed class RateLimitHeaders(Exchange exchange, long frequency)
{
    private const long BillionthsOfMillionth = 1000;

    private string _policy = "";
    private string _state = "";

    public void Add(in BucketClaim claim, in BucketState state)
    {
        var (name, comma) = (claim.Limit.Name, _policy.Length > 0 ? ", " : "");
        var (unit, scale) = claim.Limit.Unit switch
        {
            LimitUnit.Tokens => (";qu=\"tokens\"", 1),
            LimitUnit.Cost => (";qu=\"micro-usd\"", BillionthsOfMillionth),
            _ => ("", 1),
        };
        var wait = Seconds(state.Answer == BucketAnswer.Refused ? state.Wait : state.Full);
        _policy += string.Create(
            CultureInfo.InvariantCulture,
            $"{comma}\"{name}\";q={claim.Rate.Count / scale};w={claim.Rate.Seconds}{unit}");
        _state += string.Create(CultureInfo.InvariantCulture, $"{comma}\"{name}\";r={state.Left / scale};t={wait}");
    }

    public void Write()
    {
        var headers = exchange.Http.Response.Headers;
        (headers["RateLimit-Policy"], headers["RateLimit"]) = (_policy, _state);
    }

    public GatewayError Refuse(RateLimitMetrics metrics, in BucketClaim claim, in BucketState state)
    {
        metrics.Refuse(claim.Limit.Name);
        Write();
        var wait = Seconds(state.Wait);
        return new GatewayError(
            GatewayErrorKind.RateLimited,
            string.Create(
                CultureInfo.InvariantCulture,
                $"the limit of {Amount(claim)} in {claim.Rate.Seconds} s is used up, for {wait} s more"))
        { Code = "rate_limit_exceeded", RetryAfter = TimeSpan.FromSeconds(Math.Max(1, wait)) };
    }

    private static string Amount(in BucketClaim claim)
    {
        var (count, ofModel) = (claim.Rate.Count, claim.Limit.OfModel ? " for this model" : "");
        return claim.Limit.Unit switch
        {
            LimitUnit.Cost => string.Create(
                CultureInfo.InvariantCulture,
                $"${(decimal)count / MoneyRate.BillionthsOfDollar:0.00####}{ofModel}"),
            LimitUnit.Tokens => string.Create(CultureInfo.InvariantCulture, $"{count} tokens{ofModel}"),
            _ => string.Create(CultureInfo.InvariantCulture, $"{count} requests{ofModel}"),
        };
    }

    private long Seconds(long ticks) => (ticks / frequency) + (ticks % frequency > 0 ? 1 : 0);
}
