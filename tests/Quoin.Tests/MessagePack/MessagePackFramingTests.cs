using System.Buffers;
using Quoin.Fuzz;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

public sealed class MessagePackFramingTests
{
    [Fact]
    public void Messages_come_out_as_they_went_in_however_the_stream_is_cut()
    {
        for (var seed = 0; seed < 40; seed++)
        {
            var random = new Random(seed);
            var messages = Enumerable.Range(0, random.Next(1, 8))
                .Select(_ => RandomTree.Write(RandomTree.Make(random, depth: 3))).ToList();
            byte[] stream = [.. messages.SelectMany(message => message)];
            var framing = new MessagePackFraming();
            var found = new List<byte[]>();
            var (start, end) = (0, 0);
            while (end < stream.Length)
            {
                end = Math.Min(stream.Length, end + random.Next(1, 60));
                var buffer = ByteSegments.CutEvery(stream.AsMemory(start..end), random.Next(1, 40));
                while (framing.TryReadMessage(ref buffer, out var message))
                {
                    found.Add(message.ToArray());
                }

                start = end - (int)buffer.Length;
            }

            Assert.Equal(messages, found);
            Assert.Equal(stream.Length, start);
        }
    }

    [Fact]
    public void A_message_is_found_with_its_last_byte_and_not_before()
    {
        var random = new Random(1);
        for (var i = 0; i < 100; i++)
        {
            var message = RandomTree.Write(RandomTree.Make(random, depth: 3));
            var framing = new MessagePackFraming();
            var step = 1 + (message.Length / 300);
            for (var length = 0; length < message.Length; length += step)
            {
                var part = new ReadOnlySequence<byte>(message, 0, length);
                Assert.False(framing.TryReadMessage(ref part, out _));
                Assert.Equal(length, part.Length);
            }

            var whole = new ReadOnlySequence<byte>([.. message, 0xc0]);
            Assert.True(framing.TryReadMessage(ref whole, out var found));
            Assert.Equal(message, found.ToArray());
            Assert.Equal(1, whole.Length);
        }
    }

    /// <summary>An array of 4096 arrays; when half of it has been looked at, that half is spoilt.</summary>
    [Fact]
    public void No_byte_is_looked_at_twice()
    {
        byte[] message =
            [0xdd, 0, 0, 0x10, 0, .. Enumerable.Repeat<byte[]>([0x91, 7], 4096).SelectMany(item => item)];
        var framing = new MessagePackFraming();
        var spoilt = Enumerable.Repeat((byte)0xc1, message.Length).ToArray();
        for (var length = 1; length <= message.Length; length++)
        {
            spoilt[length - 1] = message[length - 1];
            var buffer = new ReadOnlySequence<byte>(spoilt, 0, length);
            Assert.Equal(length == message.Length, framing.TryReadMessage(ref buffer, out _));
            if (length == 4096 + 5)
            {
                spoilt.AsSpan(0, length).Fill(0xc1);
            }
        }
    }

    [Fact]
    public void Nothing_is_allocated_for_a_message()
    {
        var message = RandomTree.Write(RandomTree.Make(new Random(11), depth: 3));
        var framing = new MessagePackFraming();
        var found = 0;
        long before = 0;
        for (var i = 0; i < 20; i++)
        {
            var buffer = new ReadOnlySequence<byte>(message);
            before = i == 10 ? GC.GetAllocatedBytesForCurrentThread() : before;
            found += framing.TryReadMessage(ref buffer, out _) ? 1 : 0;
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(20, found);
    }

    [Fact]
    public void What_is_no_message_is_refused_at_once_and_for_good()
    {
        var framing = new MessagePackFraming();
        var buffer = new ReadOnlySequence<byte>([0xdd, 0, 0, 0, 2, 0xc1, 0]);
        var error = Assert.Throws<MessagePackException>(() => framing.TryReadMessage(ref buffer, out _));
        Assert.Equal((MessagePackError.Malformed, 5), (error.Error, error.Offset));
        buffer = new ReadOnlySequence<byte>([0xc0]);
        error = Assert.Throws<MessagePackException>(() => framing.TryReadMessage(ref buffer, out _));
        Assert.Equal((MessagePackError.Malformed, 5), (error.Error, error.Offset));
    }

    [Fact]
    public void A_message_that_will_be_too_long_is_refused_by_its_first_header()
    {
        var framing = new MessagePackFraming(new() { MaxMessageBytes = 1000 });
        var buffer = new ReadOnlySequence<byte>([0xde, 0x01, 0xf5]);
        var error = Assert.Throws<MessagePackException>(() => framing.TryReadMessage(ref buffer, out _));
        Assert.Equal(MessagePackError.LimitExceeded, error.Error);
    }

    [Fact]
    public void A_long_stream_of_short_messages_is_no_long_message()
    {
        var framing = new MessagePackFraming(new() { MaxMessageBytes = 4 });
        var buffer = new ReadOnlySequence<byte>([.. Enumerable.Repeat<byte[]>([0x92, 1, 2], 100).SelectMany(m => m)]);
        var count = 0;
        while (framing.TryReadMessage(ref buffer, out _))
        {
            count++;
        }

        Assert.Equal(100, count);
    }

    [Fact]
    public void A_buffer_without_its_beginning_is_an_error()
    {
        var framing = new MessagePackFraming();
        var buffer = new ReadOnlySequence<byte>([0x92, 1]);
        Assert.False(framing.TryReadMessage(ref buffer, out _));
        buffer = new ReadOnlySequence<byte>([0x92, 1, 0xcd]);
        Assert.False(framing.TryReadMessage(ref buffer, out _));
        buffer = new ReadOnlySequence<byte>([0xcd]);
        Assert.Throws<ArgumentException>(() => framing.TryReadMessage(ref buffer, out _));
    }
}
