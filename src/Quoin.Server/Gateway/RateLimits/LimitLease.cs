using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>The tokens that a request has reserved: at its end what it used is charged in their place.</summary>
internal abstract class LimitLease(TokenReservation reservation, long taken)
{
    private bool _settled;

    public void Settle(RequestRecord record)
    {
        if (!_settled)
        {
            _settled = true;
            Charge(Consumption.Of(record, reservation).Tokens - taken);
        }
    }

    /// <param name="difference">Units more than were taken.</param>
    protected abstract void Charge(long difference);
}

internal sealed class LocalLease(
    BucketTable buckets, TokenBucket bucket, Rate rate, TokenReservation reservation, long taken)
    : LimitLease(reservation, taken)
{
    protected override void Charge(long difference) => buckets.Settle(bucket, rate, difference);
}

internal sealed class SharedLease(
    SharedLimits limits, string place, string key, Rate rate, TokenReservation reservation, long taken)
    : LimitLease(reservation, taken)
{
    protected override void Charge(long difference) => limits.Settle(place, key, rate, difference);
}
