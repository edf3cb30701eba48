using System.Runtime.InteropServices;
using Quoin.Server.Configuration;

namespace Quoin.Server.Gateway.RateLimits;

/// <summary>One of the buckets that a request takes from, and how much.</summary>
[StructLayout(LayoutKind.Auto)]
internal readonly record struct BucketClaim(Limit Limit, BucketId Id, Rate Rate, long Units)
{
    /// <summary>More than a full bucket holds is not taken.</summary>
    public long Taken => Math.Min(Units, Rate.Count);
}
