using System.Buffers.Binary;
using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.RateLimits;

internal enum BucketScope
{
    Key,
    Address,

    /// <summary>The first half of an IPv6 address: who has one has all of it.</summary>
    Network,
    Model,
}

/// <summary>Whose bucket of what. A limit over another period is another bucket.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BucketId(BucketScope Scope, string Name, ulong Address, LimitUnit Unit, int Seconds)
{
    public static BucketId OfAddress(IPAddress? address, LimitUnit unit, int seconds)
    {
        Span<byte> bytes = stackalloc byte[16];
        bytes.Clear();
        if (address is { IsIPv4MappedToIPv6: true })
        {
            address = address.MapToIPv4();
        }

        address?.TryWriteBytes(bytes, out _);
        return new BucketId(
            address?.AddressFamily == AddressFamily.InterNetworkV6 ? BucketScope.Network : BucketScope.Address,
            "", BinaryPrimitives.ReadUInt64BigEndian(bytes), unit, seconds);
    }
}

/// <summary>
/// The buckets in use, bounded in number: a full bucket is as good as none and goes first, then the ones that were not
/// used for the longest time. A bucket that goes is retired first, so that nobody takes from it unseen.
/// </summary>
internal sealed class BucketTable(TimeProvider time, int most = RateLimitLimits.Buckets)
{
    private readonly ConcurrentDictionary<BucketId, TokenBucket> _buckets = new();
    private readonly Lock _trimming = new();
    private int _count;

    public int Count => Volatile.Read(ref _count);

    public BucketState Take(in BucketId id, Rate rate, long cost)
    {
        while (true)
        {
            var now = time.GetTimestamp();
            var bucket = Find(id, now);
            var state = bucket.Take(rate, cost, now, time.TimestampFrequency);
            if (state.Answer != BucketAnswer.Gone)
            {
                return state;
            }

            Remove(id, bucket);
        }
    }

    /// <summary>
    /// Takes from all of them, or from none. Gives how many have a state: all, or those up to the one that refused.
    /// </summary>
    public int TakeAll(ReadOnlySpan<BucketClaim> claims, Span<BucketState> states)
    {
        for (var i = 0; i < claims.Length; i++)
        {
            states[i] = Take(claims[i].Id, claims[i].Rate, claims[i].Units);
            if (states[i].Answer == BucketAnswer.Refused)
            {
                foreach (ref readonly var taken in claims[..i])
                {
                    Charge(taken.Id, taken.Rate, -taken.Taken);
                }

                return i + 1;
            }
        }

        return claims.Length;
    }

    /// <summary>Takes without asking, or gives back.</summary>
    public void Charge(in BucketId id, Rate rate, long difference)
    {
        while (difference != 0)
        {
            var now = time.GetTimestamp();
            var bucket = Find(id, now);
            if (bucket.Settle(rate, difference, now, time.TimestampFrequency))
            {
                return;
            }

            Remove(id, bucket);
        }
    }

    private TokenBucket Find(in BucketId id, long now)
    {
        if (_buckets.TryGetValue(id, out var bucket))
        {
            return bucket;
        }

        bucket = new TokenBucket(now);
        if (!_buckets.TryAdd(id, bucket))
        {
            return _buckets.GetOrAdd(id, bucket);
        }

        if (Interlocked.Increment(ref _count) > most)
        {
            Trim(now, bucket);
        }

        return bucket;
    }

    private void Trim(long now, TokenBucket newest)
    {
        lock (_trimming)
        {
            var kept = Math.Max(1, most / 8 * 7);
            if (Count <= most)
            {
                return;
            }

            foreach (var (id, bucket) in _buckets)
            {
                if (bucket != newest && bucket.Retire(now, even: false))
                {
                    Remove(id, bucket);
                }
            }

            if (Count <= kept)
            {
                return;
            }

            foreach (var (id, bucket) in _buckets.Where(pair => pair.Value != newest)
                .Select(pair => (pair.Key, pair.Value, pair.Value.LastUsed))
                .OrderBy(entry => entry.LastUsed).Take(Count - kept).Select(entry => (entry.Key, entry.Value)))
            {
                bucket.Retire(now, even: true);
                Remove(id, bucket);
            }
        }
    }

    private void Remove(in BucketId id, TokenBucket bucket)
    {
        if (_buckets.TryRemove(new KeyValuePair<BucketId, TokenBucket>(id, bucket)))
        {
            Interlocked.Decrement(ref _count);
        }
    }
}
