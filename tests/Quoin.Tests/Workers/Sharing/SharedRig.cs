using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Workers.Sharing;

namespace Quoin.Tests.Workers.Sharing;

/// <summary>A supervisor's state and messages to it, without sockets.</summary>
internal sealed class SharedRig(TimeProvider time)
{
    public delegate void Writing(IBufferWriter<byte> output);

    public SharedState State { get; } = new(time);

    public SharedPeer Peer { get; } = new();

    /// <summary>What is answered; null where nothing is.</summary>
    public (SharedKind Kind, long Id, byte[] Bytes)? Say(Writing write, SharedPeer? peer = null)
    {
        var (said, answer) = (new ArrayBufferWriter<byte>(), new ArrayBufferWriter<byte>());
        write(said);
        State.Answer(new ReadOnlySequence<byte>(said.WrittenMemory), peer ?? Peer, answer);
        if (answer.WrittenCount == 0)
        {
            return null;
        }

        var bytes = answer.WrittenSpan.ToArray();
        var reader = new MessagePackReader(bytes);
        var (kind, id, _) = SharedHeader.Read(ref reader);
        return (kind, id, bytes);
    }

    public BucketState[] Take(params BucketClaim[] claims)
    {
        var answer = Say(output => BucketMessages.WriteTake(output, 7, SharedTable.Limits, claims))!.Value;
        Assert.Equal((SharedKind.Taken, 7), (answer.Kind, answer.Id));
        var reader = new MessagePackReader(answer.Bytes);
        var (_, _, fields) = SharedHeader.Read(ref reader);
        return BucketMessages.ReadTaken(ref reader, fields, claims.Length)!;
    }

    public static BucketClaim Claim(
        string key, long count, long units, LimitUnit unit = LimitUnit.Requests, BucketScope scope = BucketScope.Key) =>
        new(
            new Limit(unit, scope == BucketScope.Model), new BucketId(scope, key, 0, unit, 60), new Rate(count, 60),
            units);
}
