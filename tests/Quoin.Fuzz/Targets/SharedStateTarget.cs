using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Configuration;
using Quoin.Server.Gateway.Accounting;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Workers.Sharing;

namespace Quoin.Fuzz.Targets;

/// <summary>
/// What workers say to their supervisor: each message is answered once, or not at all where its number is 0; what is
/// not understood is counted; an answer is one message, which a worker reads to the end however it takes it.
/// </summary>
internal sealed class SharedStateTarget() : FuzzTarget("worker-messages", InputFormat.Text)
{
    private static readonly SharedKind[] Answers =
        [SharedKind.Unknown, SharedKind.Taken, SharedKind.BreakersOpen, SharedKind.Reserved, SharedKind.Spent];

    public override IEnumerable<byte[]> Corpus()
    {
        BucketClaim[] claims =
        [
            new(Limit.All[0], new BucketId(BucketScope.Key, "ann", 0, LimitUnit.Requests, 60), new Rate(20, 60), 1),
            new(Limit.All[2], new BucketId(BucketScope.Network, "", 77, LimitUnit.Tokens, 60), new Rate(900, 60), 40),
            new(Limit.All[5], new BucketId(BucketScope.Model, "m*", 0, LimitUnit.Cost, 3600), new Rate(50, 3600), 9),
        ];
        BudgetOptions[] budgets = [new() { Per = "day", Tokens = 500 }, new() { Per = "month", Amount = 0.5 }];
        var day = DateOnly.FromDateTime(DateTime.UnixEpoch);
        yield return Made(output => BucketMessages.WriteTake(output, 1, SharedTable.Limits, claims));
        yield return Made(output => BucketMessages.WriteSettle(output, SharedTable.Routes, claims[1], -30));
        yield return Made(output => BreakerMessages.WriteQuestion(output, 2, ["a", "b"]));
        yield return Made(output => BreakerMessages.WriteOpen(output, "a", TimeSpan.FromSeconds(3)));
        yield return Made(output => BreakerMessages.WriteClose(output, "a"));
        yield return Made(output => BudgetMessages.WriteReserve(output, 3, "ann", new Amounts(4, 5), budgets));
        yield return Made(output => BudgetMessages.WriteBook(output, "ann", new Amounts(4, 5), new Amounts(6, 7)));
        yield return Made(output => BudgetMessages.WriteRestore(
            output, "ann", BudgetPeriod.Week, new Spent(day, new Amounts(8, 9))));
        yield return Made(output =>
        {
            BudgetMessages.WriteReserve(output, 3, "ann", new Amounts(4, 500), budgets);
            BudgetMessages.WriteReserve(output, 4, "ann", new Amounts(4, 500), budgets);
            BudgetMessages.WriteReadSpent(output, 5, "ann");
        });
    }

    public override void Run(byte[] input)
    {
        var (state, peer) = (new SharedState(TimeProvider.System), new SharedPeer());
        var framing = new MessagePackFraming(SharingLimits.Message);
        var buffer = new ReadOnlySequence<byte>(input);
        try
        {
            while (framing.TryReadMessage(ref buffer, out var message))
            {
                Check(state, peer, message);
            }
        }
        catch (MessagePackException)
        {
            // It ends the connection.
        }

        state.Leave(peer);
        FuzzFailure.Unless(peer.Reserved.Count == 0, "what a worker had reserved is kept when it has gone");
    }

    private static void Check(SharedState state, SharedPeer peer, in ReadOnlySequence<byte> message)
    {
        var (unknown, output) = (state.Unknown, new ArrayBufferWriter<byte>());
        state.Answer(message, peer, output);
        var understood = state.Unknown == unknown;
        if (output.WrittenCount == 0)
        {
            return;
        }

        var asked = new MessagePackReader(message, SharingLimits.Message);
        var reader = new MessagePackReader(output.WrittenMemory.Span, SharingLimits.Message);
        var (_, id, _) = SharedHeader.Read(ref asked);
        var (kind, answered, fields) = SharedHeader.Read(ref reader);
        FuzzFailure.Unless(answered == id, "another question is answered");
        FuzzFailure.Unless(Answers.Contains(kind), "the answer is a question");
        FuzzFailure.Unless(understood == (kind != SharedKind.Unknown), "an answer to what was not understood");
        for (var i = 0; i < fields; i++)
        {
            reader.Skip();
        }

        FuzzFailure.Unless(reader.End, "more is said than one answer");
    }

    private static byte[] Made(Action<IBufferWriter<byte>> write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(output);
        return output.WrittenSpan.ToArray();
    }
}
