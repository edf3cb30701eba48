using System.Globalization;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Jobs;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// The stage of the limits:
/// 1. One request of its caller's, by key or by address.
/// 2. One request of the model's, where it has a limit.
/// 3. Tokens of its caller's, by an estimate; settled by what was used.
/// What was taken before a refusal is given back. A job's run was admitted with the job: it is charged its tokens and
/// never refused. The answer tells what is left in RateLimit and RateLimit-Policy
/// (draft-ietf-httpapi-ratelimit-headers).
/// Shared limits are the same, asked of Redis in one step; while it does not answer, those of this node count.
/// </summary>
internal sealed class RateLimiter(BucketTable buckets, RateLimitMetrics metrics, SharedLimits shared)
{
    /// <summary>Null: admitted.</summary>
    public ValueTask<GatewayError?> RefuseAsync(Exchange exchange)
    {
        var plan = exchange.Snapshot.RateLimits;
        if (!plan.Enabled)
        {
            return default;
        }

        return plan.Shared ? RefuseSharedAsync(exchange, plan) : new(Refuse(exchange, plan));
    }

    private async ValueTask<GatewayError?> RefuseSharedAsync(Exchange exchange, RateLimitPlan plan)
    {
        var counted = exchange.Record.Operation != Operation.CountTokens;
        var tokens = counted ? plan.TokensOf(exchange.Key) : null;
        var reservation = tokens is null ? default : Reserve(exchange);
        if (exchange.Http.Features.Get<JobCall>() is not null)
        {
            if (tokens is { } owed)
            {
                exchange.Lease = shared.Charge(IdOf(exchange, plan, tokens: true, owed), owed, reservation);
            }

            return null;
        }

        var requests = plan.RequestsOf(exchange.Key);
        List<BucketClaim> claims = [new("requests", IdOf(exchange, plan, tokens: false, requests), requests, 1)];
        if (plan.TryFindModel(exchange.Envelope.Model, out var pattern, out var rate))
        {
            claims.Add(new("model", new(BucketScope.Model, pattern, 0, Tokens: false, rate.Seconds), rate, 1));
        }

        if (tokens is { } most)
        {
            claims.Add(new("tokens", IdOf(exchange, plan, tokens: true, most), most, reservation.Total));
        }

        if (await shared.TakeAsync([.. claims], exchange.Http.RequestAborted) is not { } take)
        {
            return Refuse(exchange, plan);
        }

        var headers = new RateLimitHeaders(exchange, SharedScripts.Frequency);
        for (var i = 0; i < take.Count; i++)
        {
            var (claim, state) = (claims[i], take.State(i));
            headers.Add(claim.Limit, claim.Rate, state);
            if (state.Answer == BucketAnswer.Refused)
            {
                return headers.Refuse(metrics, claim.Limit, claim.Rate, state);
            }
        }

        if (tokens is not null)
        {
            exchange.Lease = take.Lease(claims.Count - 1, reservation);
        }

        headers.Write();
        return null;
    }

    private GatewayError? Refuse(Exchange exchange, RateLimitPlan plan)
    {
        var key = exchange.Key;
        var counted = exchange.Record.Operation != Operation.CountTokens;
        if (exchange.Http.Features.Get<JobCall>() is not null)
        {
            if (counted && plan.TokensOf(key) is { } owed && Reserve(exchange) is var reserved)
            {
                var bucket = buckets.Charge(IdOf(exchange, plan, tokens: true, owed), owed, reserved.Total);
                exchange.Lease = new LocalLease(buckets, bucket, owed, reserved, reserved.Total);
            }

            return null;
        }

        var headers = new RateLimitHeaders(exchange, exchange.Time.TimestampFrequency);
        var requests = plan.RequestsOf(key);
        var state = buckets.Take(IdOf(exchange, plan, tokens: false, requests), requests, 1, out var caller);     // 1
        headers.Add("requests", requests, state);
        if (state.Answer == BucketAnswer.Refused)
        {
            return headers.Refuse(metrics, "requests", requests, state);
        }

        TokenBucket? model = null;
        if (plan.TryFindModel(exchange.Envelope.Model, out var pattern, out var rate))                          // 2
        {
            var id = new BucketId(BucketScope.Model, pattern, 0, Tokens: false, rate.Seconds);
            state = buckets.Take(id, rate, 1, out model);
            headers.Add("model", rate, state);
            if (state.Answer == BucketAnswer.Refused)
            {
                buckets.Settle(caller, requests, -1);
                return headers.Refuse(metrics, "model", rate, state);
            }
        }

        if (counted && plan.TokensOf(key) is { } tokens)                                                         // 3
        {
            var reservation = Reserve(exchange);
            state = buckets.Take(IdOf(exchange, plan, tokens: true, tokens), tokens, reservation.Total, out var used);
            headers.Add("tokens", tokens, state);
            if (state.Answer == BucketAnswer.Refused)
            {
                buckets.Settle(caller, requests, -1);
                if (model is not null)
                {
                    buckets.Settle(model, rate, -1);
                }

                return headers.Refuse(metrics, "tokens", tokens, state);
            }

            exchange.Lease = new LocalLease(
                buckets, used, tokens, reservation, Math.Min(reservation.Total, tokens.Count));
        }

        headers.Write();
        return null;
    }

    private static TokenReservation Reserve(Exchange exchange) => TokenReservation.Of(
        exchange.Body.WrittenSpan, answers: exchange.Record.Operation == Operation.Chat);

    private static BucketId IdOf(Exchange exchange, RateLimitPlan plan, bool tokens, Rate rate)
    {
        var own = exchange.Key is { } key && (!plan.ByAddress
            || (tokens ? key.Options.TokensPerMinute is not null : key.Requests is not null));
        return own || exchange.Http.Features.Get<JobCall>() is not null
            ? new BucketId(BucketScope.Key, exchange.Tenant, 0, tokens, rate.Seconds)
            : BucketId.OfAddress(exchange.Http.Connection.RemoteIpAddress, tokens, rate.Seconds);
    }
}

/// <summary>The two headers as structured fields, one member a limit.</summary>
/// <param name="frequency">Ticks of a second of the states.</param>
internal sealed class RateLimitHeaders(Exchange exchange, long frequency)
{
    private string _policy = "";
    private string _state = "";

    public void Add(string name, Rate rate, in BucketState state)
    {
        var comma = _policy.Length > 0 ? ", " : "";
        var unit = name == "tokens" ? ";qu=\"tokens\"" : "";
        var wait = Seconds(state.Answer == BucketAnswer.Refused ? state.Wait : state.Full);
        _policy += string.Create(
            CultureInfo.InvariantCulture, $"{comma}\"{name}\";q={rate.Count};w={rate.Seconds}{unit}");
        _state += string.Create(CultureInfo.InvariantCulture, $"{comma}\"{name}\";r={state.Left};t={wait}");
    }

    public void Write()
    {
        var headers = exchange.Http.Response.Headers;
        (headers["RateLimit-Policy"], headers["RateLimit"]) = (_policy, _state);
    }

    public GatewayError Refuse(RateLimitMetrics metrics, string limit, Rate rate, in BucketState state)
    {
        metrics.Refuse(limit);
        Write();
        var what = limit switch
        {
            "tokens" => "tokens",
            "model" => "requests for this model",
            _ => "requests",
        };
        return new GatewayError(
            GatewayErrorKind.RateLimited,
            string.Create(
                CultureInfo.InvariantCulture,
                $"the limit of {rate.Count} {what} in {rate.Seconds} s is used up, for {Seconds(state.Wait)} s more"))
        { Code = "rate_limit_exceeded", RetryAfter = TimeSpan.FromSeconds(Math.Max(1, Seconds(state.Wait))) };
    }

    private long Seconds(long ticks) => (ticks / frequency) + (ticks % frequency > 0 ? 1 : 0);
}
