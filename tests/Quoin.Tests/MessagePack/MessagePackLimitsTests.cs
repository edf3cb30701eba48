using System.Buffers;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

/// <summary>Each limit by what it does: at the limit a value is read, one more is refused, in every way.</summary>
public sealed class MessagePackLimitsTests
{
    private static readonly byte[] Ten = new byte[10];

    [Fact]
    public void Strings() =>
        Bounds(new() { MaxStringBytes = 10 }, Text(10), Text(11));

    [Fact]
    public void Binary() =>
        Bounds(new() { MaxBinaryBytes = 10 }, RandomTree.Write(Ten), RandomTree.Write(new byte[11]));

    [Fact]
    public void Extensions() => Bounds(
        new() { MaxExtensionBytes = 10 },
        RandomTree.Write(new RandomTree.Extension(1, Ten)),
        RandomTree.Write(new RandomTree.Extension(1, new byte[11])));

    [Fact]
    public void Entries_of_arrays() => Bounds(
        new() { MaxArrayEntries = 10 },
        RandomTree.Write(new List<object?>(new object?[10])), RandomTree.Write(new List<object?>(new object?[11])));

    [Fact]
    public void Entries_of_maps() => Bounds(
        new() { MaxMapEntries = 10 },
        RandomTree.Write(new RandomTree.Map([.. new (object?, object?)[10]])),
        RandomTree.Write(new RandomTree.Map([.. new (object?, object?)[11]])));

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(512)]
    public void Depth(int depth)
    {
        var limits = new MessagePackLimits { MaxDepth = depth };
        Bounds(limits, Nested(0x91, depth, 0xc0), Nested(0x91, depth, 0x90));
        Bounds(limits, Nested(0x91, depth - 1, 0x80), Nested(0x91, depth, 0x80));
    }

    [Fact]
    public void Depth_counts_what_is_open_and_not_what_was() => Bounds(
        new() { MaxDepth = 2 }, Convert.FromHexString("9390908105" + "c0"), Convert.FromHexString("9390909190"));

    [Fact]
    public void Messages() =>
        Bounds(new() { MaxMessageBytes = 10 }, Text(9), Text(10));

    [Fact]
    public void A_message_that_can_only_become_too_long_is_not_waited_for()
    {
        var limits = new MessagePackLimits { MaxMessageBytes = 100 };
        foreach (var hex in new[] { "dc0064", "de0032", "da0062", "c463", "c762ff", "c86401ff", "9205dc0060" })
        {
            var message = Convert.FromHexString(hex);
            Assert.Equal(MessagePackError.LimitExceeded, ErrorOf(message, limits));
        }

        Assert.Equal(MessagePackError.Incomplete, ErrorOf(Convert.FromHexString("dc0061"), limits));
        Assert.Equal(MessagePackError.Incomplete, ErrorOf(Convert.FromHexString("da0061"), limits));
    }

    [Fact]
    public void A_skip_counts_the_depth_that_was_entered()
    {
        var limits = new MessagePackLimits { MaxDepth = 2 };
        var reader = new MessagePackReader(Convert.FromHexString("91919100"), limits);
        reader.Enter();
        reader.ReadArrayHeader();
        Assert.Equal(MessagePackError.LimitExceeded, ErrorOf(ref reader, (ref r) => r.Skip()));
        Assert.Equal(1, reader.Consumed);
    }

    [Theory]
    [InlineData("dfffffffff00", MessagePackError.LimitExceeded)]
    [InlineData("ddffffffff00", MessagePackError.LimitExceeded)]
    [InlineData("dbffffffff00", MessagePackError.LimitExceeded)]
    [InlineData("c6ffffffff00", MessagePackError.LimitExceeded)]
    [InlineData("c9ffffffff00", MessagePackError.LimitExceeded)]
    [InlineData("df0001000000", MessagePackError.Incomplete)]
    [InlineData("dd0010000000", MessagePackError.Incomplete)]
    [InlineData("db0010000000", MessagePackError.Incomplete)]
    [InlineData("c60010000000", MessagePackError.Incomplete)]
    public void A_length_beyond_the_input_is_refused_before_anything_is_allocated(string hex, MessagePackError error)
    {
        var message = Convert.FromHexString(hex);
        ErrorOf(message, MessagePackLimits.Default);
        var before = GC.GetAllocatedBytesForCurrentThread();
        Assert.Equal(error, ErrorOf(message, MessagePackLimits.Default));
        Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000);
    }

    [Fact]
    public void Wide_open_limits_still_hand_out_no_more_than_there_is()
    {
        var open = new MessagePackLimits
        {
            MaxArrayEntries = int.MaxValue,
            MaxMapEntries = int.MaxValue,
            MaxStringBytes = int.MaxValue,
            MaxMessageBytes = int.MaxValue,
        };
        foreach (var hex in new[] { "dd7fffff0000", "df3fffff0000", "db7fffff0000" })
        {
            Assert.Equal(MessagePackError.Incomplete, ErrorOf(Convert.FromHexString(hex), open));
        }
    }

    [Fact]
    public void A_limit_outside_its_range_is_refused()
    {
        var limits = MessagePackLimits.Default;
        Assert.Throws<ArgumentOutOfRangeException>("MaxDepth", () => limits with { MaxDepth = 0 });
        Assert.Throws<ArgumentOutOfRangeException>("MaxDepth", () => limits with { MaxDepth = 513 });
        Assert.Throws<ArgumentOutOfRangeException>("MaxStringBytes", () => limits with { MaxStringBytes = -1 });
        Assert.Throws<ArgumentOutOfRangeException>("MaxMessageBytes", () => limits with { MaxMessageBytes = 0 });
    }

    private static byte[] Text(int bytes) => RandomTree.Write(new string('x', bytes));

    private static byte[] Nested(byte header, int depth, byte inner) =>
        [.. Enumerable.Repeat(header, depth), inner];

    private static void Bounds(MessagePackLimits limits, byte[] within, byte[] beyond)
    {
        Assert.Null(ErrorOf(within, limits));
        Assert.Equal(MessagePackError.LimitExceeded, ErrorOf(beyond, limits));
    }

    /// <summary>Read value by value, skipped and cut out of a stream, which must agree.</summary>
    private static MessagePackError? ErrorOf(byte[] message, MessagePackLimits limits)
    {
        var errors = new[]
        {
            ErrorOfNew(message, limits, (ref r) => RandomTree.Read(ref r)),
            ErrorOfNew(message, limits, (ref r) => r.Skip()),
            ErrorOfFraming(message, limits),
        };
        Assert.Single(errors.Distinct());
        return errors[0];
    }

    private delegate void Reading(ref MessagePackReader reader);

    private static MessagePackError? ErrorOfNew(byte[] message, MessagePackLimits limits, Reading read)
    {
        try
        {
            var reader = new MessagePackReader(message, limits);
            return ErrorOf(ref reader, read);
        }
        catch (MessagePackException e)
        {
            return e.Error;
        }
    }

    private static MessagePackError? ErrorOf(ref MessagePackReader reader, Reading read)
    {
        try
        {
            read(ref reader);
            return null;
        }
        catch (MessagePackException e)
        {
            return e.Error;
        }
    }

    private static MessagePackError? ErrorOfFraming(byte[] message, MessagePackLimits limits)
    {
        try
        {
            var buffer = new ReadOnlySequence<byte>(message);
            var framing = new MessagePackFraming(limits);
            return framing.TryReadMessage(ref buffer, out _) ? null : MessagePackError.Incomplete;
        }
        catch (MessagePackException e)
        {
            return e.Error;
        }
    }
}
