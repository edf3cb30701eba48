using System.Buffers;
using Quoin.MessagePack;
using Quoin.Server.Gateway.RateLimits;
using Quoin.Server.Workers.Sharing;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Workers.Sharing;

public sealed class SharedStateTests
{
    private readonly ManualClock _clock = new();
    private readonly SharedRig _rig;

    public SharedStateTests() => _rig = new SharedRig(_clock);

    [Fact]
    public void Numbers_of_messages_stay_what_they_are() => Assert.Equal(
        "Unknown 0, Take 1, Taken 2, Settle 3, Breakers 4, BreakersOpen 5, OpenBreaker 6, CloseBreaker 7, Reserve 8, "
        + "Reserved 9, Book 10, Restore 11, ReadSpent 12, Spent 13",
        string.Join(", ", Enum.GetValues<SharedKind>().Select(kind => $"{kind} {(int)kind}")));

    [Fact]
    public void A_bucket_is_one_for_all_and_fills_with_time()
    {
        for (var left = 2; left >= 0; left--)
        {
            var taken = Assert.Single(_rig.Take(SharedRig.Claim("ann", 3, 1)));
            Assert.Equal((BucketAnswer.Taken, left), (taken.Answer, taken.Left));
        }

        var refused = Assert.Single(_rig.Take(SharedRig.Claim("ann", 3, 1)));
        Assert.Equal((BucketAnswer.Refused, 20_000_000), (refused.Answer, refused.Wait));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal(BucketAnswer.Taken, Assert.Single(_rig.Take(SharedRig.Claim("ann", 3, 1))).Answer);
        Assert.Equal(BucketAnswer.Taken, Assert.Single(_rig.Take(SharedRig.Claim("bob", 3, 1))).Answer);
    }

    [Fact]
    public void Nothing_is_taken_when_one_bucket_refuses()
    {
        _rig.Take(SharedRig.Claim("m", 1, 1, scope: BucketScope.Model));
        var states = _rig.Take(
            SharedRig.Claim("ann", 5, 1), SharedRig.Claim("m", 1, 1, scope: BucketScope.Model),
            SharedRig.Claim("ann", 100, 10, LimitUnit.Tokens));
        Assert.Equal([BucketAnswer.Taken, BucketAnswer.Refused], states.Select(state => state.Answer));
        Assert.Equal(4, Assert.Single(_rig.Take(SharedRig.Claim("ann", 5, 1))).Left);
        Assert.Equal(90, Assert.Single(_rig.Take(SharedRig.Claim("ann", 100, 10, LimitUnit.Tokens))).Left);
    }

    [Fact]
    public void What_was_used_is_charged_in_the_place_of_what_was_taken()
    {
        var claim = SharedRig.Claim("ann", 100, 40, LimitUnit.Tokens);
        _rig.Take(claim);
        Assert.Null(_rig.Say(output => BucketMessages.WriteSettle(output, SharedTable.Limits, claim, -30)));
        Assert.Equal(90, _rig.Take(claim with { Units = 0 })[0].Left);
        Assert.Null(_rig.Say(output => BucketMessages.WriteSettle(output, SharedTable.Limits, claim, 50)));
        Assert.Equal(40, _rig.Take(claim with { Units = 0 })[0].Left);
    }

    [Fact]
    public void Paths_have_buckets_of_their_own()
    {
        var claim = SharedRig.Claim("ann", 1, 1);
        Assert.Equal(BucketAnswer.Taken, _rig.Take(claim)[0].Answer);
        var answer = _rig.Say(output => BucketMessages.WriteTake(output, 1, SharedTable.Routes, [claim]))!.Value;
        var reader = new MessagePackReader(answer.Bytes);
        var (_, _, fields) = SharedHeader.Read(ref reader);
        Assert.Equal(BucketAnswer.Taken, BucketMessages.ReadTaken(ref reader, fields, 1)![0].Answer);
    }

    [Theory]
    [InlineData(99, 5)]
    [InlineData(-1, 5)]
    [InlineData((int)SharedKind.Taken, 5)]
    public void Another_versions_question_is_answered_as_unknown_and_counted(int kind, long id)
    {
        var answer = _rig.Say(output => SharedHeader.Write(new MessagePackWriter(output), (SharedKind)kind, id, 0));
        Assert.Equal((SharedKind.Unknown, id), (answer!.Value.Kind, answer.Value.Id));
        Assert.Equal(1, _rig.State.Unknown);
    }

    [Fact]
    public void Another_versions_note_is_counted_and_not_answered()
    {
        Assert.Null(_rig.Say(output => SharedHeader.Write(new MessagePackWriter(output), (SharedKind)99, 0, 0)));
        Assert.Equal(1, _rig.State.Unknown);
    }

    [Theory]
    [InlineData(0, 5L, 1L)]
    [InlineData(9_000_000, 5L, 1L)]
    [InlineData(60, 0L, 1L)]
    [InlineData(60, long.MaxValue, 1L)]
    [InlineData(60, 5L, -1L)]
    [InlineData(60, 5L, long.MaxValue)]
    public void A_claim_that_cannot_be_is_not_taken(int seconds, long count, long units)
    {
        var answer = _rig.Say(output =>
        {
            var writer = new MessagePackWriter(output);
            SharedHeader.Write(writer, SharedKind.Take, 3, 8);
            writer.WriteInteger(0);
            writer.WriteInteger(0);
            writer.WriteString("ann");
            writer.WriteInteger(0);
            writer.WriteInteger(0);
            writer.WriteInteger(seconds);
            writer.WriteInteger(count);
            writer.WriteInteger(units);
        });
        Assert.Equal(SharedKind.Unknown, answer!.Value.Kind);
        Assert.Equal(1, _rig.State.Unknown);
    }

    [Fact]
    public void A_message_that_lacks_fields_is_not_done_in_part()
    {
        var whole = new ArrayBufferWriter<byte>();
        BucketMessages.WriteTake(
            whole, 3, SharedTable.Limits, [SharedRig.Claim("ann", 1, 1), SharedRig.Claim("bob", 1, 1)]);
        for (var length = 1; length < whole.WrittenCount; length++)
        {
            _rig.Say(output => output.Write(whole.WrittenSpan[..length]));
        }

        Assert.Equal(whole.WrittenCount - 1, _rig.State.Unknown);
        Assert.Equal(BucketAnswer.Taken, _rig.Take(SharedRig.Claim("ann", 1, 1))[0].Answer);
    }

    [Fact]
    public void A_breaker_is_open_for_its_time_or_until_it_is_closed()
    {
        _rig.Say(output => BreakerMessages.WriteOpen(output, "one", TimeSpan.FromSeconds(30)));
        _rig.Say(output => BreakerMessages.WriteOpen(output, "two", TimeSpan.FromSeconds(30)));
        Assert.Equal([TimeSpan.FromSeconds(30), TimeSpan.FromSeconds(30), null], Breakers("one", "two", "three"));
        _rig.Say(output => BreakerMessages.WriteClose(output, "two"));
        _clock.Advance(TimeSpan.FromSeconds(20));
        Assert.Equal([TimeSpan.FromSeconds(10), null], Breakers("one", "two"));
        _clock.Advance(TimeSpan.FromSeconds(10));
        Assert.Equal([null], Breakers("one"));
    }

    [Fact]
    public void Breakers_have_a_bound_that_those_whose_time_is_over_do_not_fill()
    {
        for (var i = 0; i < SharingLimits.Breakers; i++)
        {
            _rig.Say(output => BreakerMessages.WriteOpen(output, $"b{i}", TimeSpan.FromSeconds(1)));
        }

        _rig.Say(output => BreakerMessages.WriteOpen(output, "more", TimeSpan.FromSeconds(30)));
        Assert.Equal([null], Breakers("more"));
        Assert.Equal(1, _rig.State.Unknown);
        _clock.Advance(TimeSpan.FromSeconds(1));
        _rig.Say(output => BreakerMessages.WriteOpen(output, "more", TimeSpan.FromSeconds(30)));
        Assert.Equal([TimeSpan.FromSeconds(30)], Breakers("more"));
    }

    [Fact]
    public void A_long_name_is_told_by_its_hash()
    {
        var (one, two) = (new string('a', 5000), new string('a', 4999) + "b");
        Assert.Equal(0, _rig.Take(SharedRig.Claim(one, 1, 1))[0].Left);
        Assert.Equal(BucketAnswer.Refused, _rig.Take(SharedRig.Claim(one, 1, 1))[0].Answer);
        Assert.Equal(BucketAnswer.Taken, _rig.Take(SharedRig.Claim(two, 1, 1))[0].Answer);
    }

    private TimeSpan?[] Breakers(params string[] names)
    {
        var answer = _rig.Say(output => BreakerMessages.WriteQuestion(output, 4, names))!.Value;
        Assert.Equal((SharedKind.BreakersOpen, 4), (answer.Kind, answer.Id));
        var reader = new MessagePackReader(answer.Bytes);
        var (_, _, fields) = SharedHeader.Read(ref reader);
        return BreakerMessages.ReadAnswer(ref reader, fields, names.Length)!;
    }
}
