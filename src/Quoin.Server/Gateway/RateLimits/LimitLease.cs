using Quoin.Server.Gateway.Accounting;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// What a request has reserved in the buckets of its limits: at its end what its attempts used is charged in their
/// place. A request is a request whatever becomes of it.
/// </summary>
internal abstract class LimitLease(BucketClaim[] claims)
{
    private bool _settled;

    public void Settle(UseMeter? meter)
    {
        if (_settled)
        {
            return;
        }

        _settled = true;
        var used = meter?.Used ?? default;
        for (var i = 0; i < claims.Length; i++)
        {
            var difference = claims[i].Limit.Unit switch
            {
                LimitUnit.Tokens => used.Tokens - claims[i].Taken,
                LimitUnit.Cost => used.Cost - claims[i].Taken,
                _ => 0,
            };
            if (difference != 0)
            {
                Charge(i, difference);
            }
        }
    }

    /// <param name="difference">Units more than were taken.</param>
    protected abstract void Charge(int index, long difference);
}

internal sealed class LocalLease(BucketTable buckets, BucketClaim[] claims) : LimitLease(claims)
{
    private readonly BucketClaim[] _claims = claims;

    protected override void Charge(int index, long difference) =>
        buckets.Charge(_claims[index].Id, _claims[index].Rate, difference);
}

internal sealed class SharedLease(SharedLimits limits, string place, BucketClaim[] claims, string[] keys)
    : LimitLease(claims)
{
    private readonly BucketClaim[] _claims = claims;

    protected override void Charge(int index, long difference) =>
        limits.Settle(place, keys[index], _claims[index].Rate, difference);
}
