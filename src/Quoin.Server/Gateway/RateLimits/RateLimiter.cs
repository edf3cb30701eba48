using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.Jobs;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// The stage of the limits. A request takes from one bucket after the other:
/// 1. One request of its caller's, by key or by address, and one of the model's.
/// 2. Tokens of its caller's and of the model's, by an estimate; settled by what was used.
/// 3. Money likewise, at the highest price of whoever may answer; settled by what its attempts cost.
/// What was taken before a refusal is given back. A job's run was admitted with the job: it is charged its tokens and
/// money and never refused. The answer tells what is left (<see cref="RateLimitHeaders"/>).
/// Shared limits are the same, asked of Redis or of the supervisor in one step; while it does not answer, those of this
/// process count.
/// </summary>
/// <param name="redis">Of all nodes, where limits are shared (<c>store: redis</c>).</param>
/// <param name="supervisor">Of all processes of this server; null where there is one.</param>
internal sealed class RateLimiter(
    BucketTable buckets, RateLimitMetrics metrics, ISharedBuckets redis, UnpricedModels unpriced,
    ISharedBuckets? supervisor = null)
{
    /// <summary>Null: admitted.</summary>
    public ValueTask<GatewayError?> RefuseAsync(Exchange exchange)
    {
        var plan = exchange.Snapshot.RateLimits;
        if (!plan.Enabled)
        {
            return default;
        }

        var claims = Claim(exchange, plan);
        if (IsRun(exchange))
        {
            Charge(exchange, plan, claims);
            return default;
        }

        return SharedBy(plan) is { } shared
            ? RefuseSharedAsync(shared, exchange, claims)
            : new(Refuse(exchange, claims));
    }

    private ISharedBuckets? SharedBy(RateLimitPlan plan) => plan.Shared ? redis : supervisor;

    private async ValueTask<GatewayError?> RefuseSharedAsync(
        ISharedBuckets shared, Exchange exchange, BucketClaim[] claims)
    {
        if (await shared.TakeAsync(claims, exchange.Http.RequestAborted) is not { } take)
        {
            return Refuse(exchange, claims);
        }

        var headers = new RateLimitHeaders(exchange, take.Frequency);
        for (var i = 0; i < take.Count; i++)
        {
            var state = take.State(i);
            headers.Add(claims[i], state);
            if (state.Answer == BucketAnswer.Refused)
            {
                return headers.Refuse(metrics, claims[i], state);
            }
        }

        exchange.Lease = IsSettled(claims) ? take.Lease() : null;
        headers.Write();
        return null;
    }

    private GatewayError? Refuse(Exchange exchange, BucketClaim[] claims)
    {
        var headers = new RateLimitHeaders(exchange, exchange.Time.TimestampFrequency);
        Span<BucketState> states = stackalloc BucketState[Limit.All.Length];
        var count = buckets.TakeAll(claims, states);
        for (var i = 0; i < count; i++)
        {
            headers.Add(claims[i], states[i]);
            if (states[i].Answer == BucketAnswer.Refused)
            {
                return headers.Refuse(metrics, claims[i], states[i]);
            }
        }

        exchange.Lease = IsSettled(claims) ? new LocalLease(buckets, claims) : null;
        headers.Write();
        return null;
    }

    /// <summary>Takes without asking.</summary>
    private void Charge(Exchange exchange, RateLimitPlan plan, BucketClaim[] claims)
    {
        if (claims.Length == 0)
        {
            return;
        }

        if (SharedBy(plan) is { } shared)
        {
            exchange.Lease = shared.Charge(claims);
            return;
        }

        foreach (ref readonly var claim in claims.AsSpan())
        {
            buckets.Charge(claim.Id, claim.Rate, claim.Taken);
        }

        exchange.Lease = new LocalLease(buckets, claims);
    }

    private BucketClaim[] Claim(Exchange exchange, RateLimitPlan plan)
    {
        Span<Rate> rates = stackalloc Rate[Limit.All.Length];
        rates.Clear();
        var (key, model, count) = (exchange.Key, plan.LimitsOf(exchange.Envelope.Model), 0);
        for (var i = 0; i < rates.Length; i++)
        {
            if (Applies(exchange, Limit.All[i]) && plan.RateOf(Limit.All[i], key, model) is { } rate)
            {
                rates[i] = rate;
                count++;
            }
        }

        var claims = new BucketClaim[count];
        count = 0;
        for (var i = 0; i < rates.Length; i++)
        {
            if (rates[i].Count > 0)
            {
                var (limit, rate) = (Limit.All[i], rates[i]);
                var id = limit.OfModel
                    ? new BucketId(BucketScope.Model, model!.Pattern, 0, limit.Unit, rate.Seconds)
                    : IdOf(exchange, plan, limit.Unit, rate);
                claims[count++] = new BucketClaim(limit, id, rate, UnitsOf(exchange, limit.Unit));
            }
        }

        return claims;
    }

    private static bool Applies(Exchange exchange, Limit limit) => limit.Unit == LimitUnit.Requests
        ? !IsRun(exchange)
        : exchange.Record.Operation != Operation.CountTokens;

    private static bool IsRun(Exchange exchange) => exchange.Http.Features.Get<JobCall>() is not null;

    /// <summary>Limits of requests come first, and are the only ones that nothing settles.</summary>
    private static bool IsSettled(BucketClaim[] claims) => claims[^1].Limit.Unit != LimitUnit.Requests;

    private long UnitsOf(Exchange exchange, LimitUnit unit)
    {
        if (unit == LimitUnit.Requests)
        {
            return 1;
        }

        var meter = exchange.Meter ??= new UseMeter(exchange, unpriced, metrics: null);
        if (unit == LimitUnit.Tokens)
        {
            return meter.Estimate.Total;
        }

        meter.CountsMoney = true;
        return meter.MostCost;
    }

    private static BucketId IdOf(Exchange exchange, RateLimitPlan plan, LimitUnit unit, Rate rate)
    {
        var byKey = exchange.Key is { } key && (!plan.ByAddress || RateLimitPlan.HasOwn(key, unit));
        return byKey || IsRun(exchange)
            ? new BucketId(BucketScope.Key, exchange.Tenant, 0, unit, rate.Seconds)
            : BucketId.OfAddress(exchange.Http.Connection.RemoteIpAddress, unit, rate.Seconds);
    }
}
