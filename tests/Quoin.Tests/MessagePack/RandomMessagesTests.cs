using System.Buffers;
using Quoin.Fuzz;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

/// <summary>What holds of any message, tried on trees by a seed.</summary>
public sealed class RandomMessagesTests
{
    private const int Trees = 300;

    [Fact]
    public void What_is_written_is_read()
    {
        var random = new Random(1);
        for (var i = 0; i < Trees; i++)
        {
            var tree = RandomTree.Make(random);
            var message = RandomTree.Write(tree);
            Assert.Equal(RandomTree.Show(tree), RandomTree.Show(RandomTree.Read(message)));
            var reader = new MessagePackReader(message);
            Assert.Equal(message, reader.ReadRaw().ToArray());
            Assert.True(reader.End);
        }
    }

    [Fact]
    public void A_message_cut_anywhere_is_incomplete_and_nothing_else()
    {
        var random = new Random(2);
        for (var i = 0; i < Trees; i++)
        {
            var message = RandomTree.Write(RandomTree.Make(random, depth: 3));
            var step = 1 + (message.Length / 400);
            for (var length = 0; length < message.Length; length += step)
            {
                var cut = message[..length];
                Assert.Equal(MessagePackError.Incomplete, ErrorOf(cut, ByteSegments.CutEvery(cut, 7)));
                var reader = new MessagePackReader(cut);
                Assert.False(reader.TrySkip());
                Assert.Equal(0, reader.Consumed);
            }
        }
    }

    [Fact]
    public void A_message_is_the_same_wherever_a_segment_ends()
    {
        var random = new Random(3);
        for (var i = 0; i < 100; i++)
        {
            var tree = RandomTree.Make(random, depth: 2);
            var message = RandomTree.Write(tree);
            var step = 1 + (message.Length / 200);
            for (var place = 0; place <= message.Length; place += step)
            {
                var reader = new MessagePackReader(ByteSegments.Cut(message, place));
                Assert.Equal(RandomTree.Show(tree), RandomTree.Show(RandomTree.Read(ref reader)));
                Assert.True(reader.End);
            }

            foreach (var size in new[] { 1, 2, 3, 5, 8 })
            {
                var reader = new MessagePackReader(ByteSegments.CutEvery(message, size));
                Assert.Equal(message, reader.ReadRaw().ToArray());
                Assert.True(reader.End);
            }
        }
    }

    [Fact]
    public void A_message_with_any_byte_changed_is_read_or_refused_and_never_costs_much()
    {
        var random = new Random(4);
        for (var i = 0; i < Trees; i++)
        {
            var message = RandomTree.Write(RandomTree.Make(random, depth: 3));
            var step = 1 + (message.Length / 100);
            for (var at = 0; at < message.Length; at += step)
            {
                var bent = (byte[])message.Clone();
                bent[at] = (byte)random.Next(256);
                var before = GC.GetAllocatedBytesForCurrentThread();
                var whole = ErrorOf(bent, new(bent));
                Assert.True(GC.GetAllocatedBytesForCurrentThread() - before < 20_000 + (200L * message.Length));
                Assert.Equal(whole, ErrorOf(bent, ByteSegments.CutEvery(bent, 3)));
            }
        }
    }

    [Fact]
    public void Bytes_at_random_are_read_or_refused()
    {
        var random = new Random(5);
        for (var i = 0; i < 20_000; i++)
        {
            var bytes = new byte[random.Next(40)];
            random.NextBytes(bytes);
            Assert.Equal(ErrorOf(bytes, new(bytes)), ErrorOf(bytes, ByteSegments.CutEvery(bytes, 2)));
        }
    }

    /// <summary>The error of reading everything from the segments, null if there is none; skipping agrees.</summary>
    private static MessagePackError? ErrorOf(byte[] message, ReadOnlySequence<byte> segments)
    {
        var skipping = new MessagePackReader(message);
        MessagePackError? skipped = null;
        try
        {
            skipping.Skip();
        }
        catch (MessagePackException e)
        {
            skipped = e.Error;
            Assert.Equal(0, skipping.Consumed);
        }

        var reader = new MessagePackReader(segments);
        try
        {
            RandomTree.Read(ref reader);
            Assert.Null(skipped);
            Assert.Equal(skipping.Consumed, reader.Consumed);
            return null;
        }
        catch (MessagePackException e)
        {
            // Only what is in strings and timestamps is nothing to a skip.
            Assert.True(skipped is not null || e.Error == MessagePackError.Malformed, e.Message);
            Assert.InRange(e.Offset, 0, message.Length);
            return e.Error;
        }
    }
}
