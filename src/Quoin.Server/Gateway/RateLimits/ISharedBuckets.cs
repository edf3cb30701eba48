namespace Quoin.Server.Gateway.RateLimits;

/// <summary>
/// Buckets that several processes take from: in Redis (<see cref="SharedLimits"/>), or those of the supervisor that
/// the processes of one server have.
/// </summary>
internal interface ISharedBuckets
{
    /// <summary>Takes from all of them, or from none. Null: no answer in time; the caller counts alone.</summary>
    ValueTask<ISharedTake?> TakeAsync(BucketClaim[] claims, CancellationToken cancellationToken);

    /// <summary>Takes without asking.</summary>
    LimitLease Charge(BucketClaim[] claims);
}

/// <summary>What shared buckets answered.</summary>
internal interface ISharedTake
{
    /// <summary>How many claims have a state: all, or up to the refused.</summary>
    int Count { get; }

    /// <summary>Ticks of a second of the states.</summary>
    long Frequency { get; }

    BucketState State(int index);

    LimitLease Lease();
}
