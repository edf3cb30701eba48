using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Gateway.RateLimits;

namespace Quoin.Server.Workers.Sharing;

/// <summary>The buckets of all workers of this server, which their supervisor holds.</summary>
internal sealed class SupervisorBuckets(SharedChannel channel, SharedTable table, RateLimitMetrics metrics)
    : ISharedBuckets
{
    private SharedTable Table => table;

    public async ValueTask<ISharedTake?> TakeAsync(BucketClaim[] claims, CancellationToken cancellationToken)
    {
        var take = await channel.AskAsync(new Question(this, claims), cancellationToken);
        if (take is null)
        {
            metrics.FallBack();
        }

        return take;
    }

    public LimitLease Charge(BucketClaim[] claims)
    {
        foreach (ref readonly var claim in claims.AsSpan())
        {
            Settle(claim, claim.Taken);
        }

        return new Lease(this, claims);
    }

    private void Settle(BucketClaim claim, long difference)
    {
        if (difference != 0)
        {
            channel.Tell(output => BucketMessages.WriteSettle(output, table, claim, difference));
        }
    }

    private sealed class Question(SupervisorBuckets buckets, BucketClaim[] claims) : SharedQuestion<Take>
    {
        public override void Write(IBufferWriter<byte> output, long id) =>
            BucketMessages.WriteTake(output, id, buckets.Table, claims);

        public override void GiveBack(Take answer)
        {
            for (var i = 0; !answer.IsRefused && i < claims.Length; i++)
            {
                buckets.Settle(claims[i], -claims[i].Taken);
            }
        }

        protected override Take? Read(SharedKind kind, ref MessagePackReader reader, int fields) =>
            kind == SharedKind.Taken && BucketMessages.ReadTaken(ref reader, fields, claims.Length) is { } states
                ? new Take(buckets, claims, states)
                : null;
    }

    private sealed class Take(SupervisorBuckets buckets, BucketClaim[] claims, BucketState[] states) : ISharedTake
    {
        public int Count => states.Length;

        public long Frequency => BucketMessages.Frequency;

        public bool IsRefused => states[^1].Answer == BucketAnswer.Refused;

        public BucketState State(int index) => states[index];

        LimitLease ISharedTake.Lease() => new Lease(buckets, claims);
    }

    private sealed class Lease(SupervisorBuckets buckets, BucketClaim[] claims) : LimitLease(claims)
    {
        private readonly BucketClaim[] _claims = claims;

        protected override void Charge(int index, long difference) => buckets.Settle(_claims[index], difference);
    }
}
