using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Settle;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>The tokens that a request has reserved: at its end what it used is charged in their place.</summary>
internal sealed class LimitLease(
    BucketTable buckets, TokenBucket bucket, Rate rate, TokenReservation reservation, long taken)
{
    private bool _settled;

    public void Settle(RequestRecord record)
    {
        if (!_settled)
        {
            _settled = true;
            buckets.Settle(bucket, rate, Consumption.Of(record, reservation).Tokens - taken);
        }
    }
}
