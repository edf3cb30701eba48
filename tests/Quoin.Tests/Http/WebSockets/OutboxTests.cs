using Quoin.Http.WebSockets;
using Quoin.Http.WebSockets.Framing;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http.WebSockets;

public sealed class OutboxTests
{
    private readonly ManualClock _clock = new();

    [Fact]
    public async Task Without_a_window_each_message_is_a_write()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new());
        for (var i = 0; i < 3; i++)
        {
            Assert.True(outbox.TrySend("m" + i));
        }

        Assert.Equal(["81026D30", "81026D31", "81026D32"], wire.Writes);
    }

    [Fact]
    public async Task Within_a_window_messages_go_out_together_when_it_ends()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new() { BatchWindow = TimeSpan.FromMilliseconds(5) });
        outbox.TrySend("a");
        outbox.TrySend(Opcode.Binary, [1, 2], compressed: false);
        outbox.TrySend("b");
        _clock.Advance(TimeSpan.FromMilliseconds(4));
        Assert.Empty(wire.Writes);
        _clock.Advance(TimeSpan.FromMilliseconds(1));
        Assert.Equal(["810161" + "82020102" + "810162"], wire.Writes);
        outbox.TrySend("c");
        _clock.Advance(TimeSpan.FromMilliseconds(5));
        Assert.Equal("810163", wire.Writes[1]);
    }

    [Fact]
    public async Task Enough_messages_or_bytes_end_a_window_early()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new() { BatchWindow = TimeSpan.FromSeconds(1), BatchMax = 3 });
        outbox.TrySend("a");
        outbox.TrySend("b");
        Assert.Empty(wire.Writes);
        outbox.TrySend("c");
        Assert.Single(wire.Writes);
        outbox.TrySend(new string('x', WebSocketLimits.BatchBytes));
        Assert.Equal(2, wire.Writes.Count);
    }

    [Fact]
    public async Task Control_frames_and_a_flush_do_not_wait_and_take_along_what_does()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new() { BatchWindow = TimeSpan.FromSeconds(1) });
        outbox.TrySend("a");
        outbox.Pong("p"u8);
        Assert.Equal(["810161" + "8A0170"], wire.Writes);
        outbox.TrySend("b");
        await outbox.FlushAsync();
        Assert.Equal("810162", wire.Writes[1]);
        outbox.TrySend("c");
        outbox.Close(WebSocketCloseCode.Normal, "");
        Assert.Equal("810163" + "880203E8", wire.Writes[2]);
    }

    [Fact]
    public async Task A_full_batch_is_written_for_one_who_waits()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(
            wire, new() { BatchWindow = TimeSpan.FromSeconds(1), SendQueueSize = 1024 });
        outbox.TrySend(new string('x', 1000));
        Assert.False(outbox.TrySend(new string('y', 1000)));
        await outbox.SendAsync(Opcode.Text, new byte[1000], compressed: false, CancellationToken.None);
        Assert.Single(wire.Writes);
    }

    [Fact]
    public async Task While_the_peer_is_slow_messages_gather_up_to_the_bound_and_keep_their_order()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new() { SendQueueSize = 1024 });
        wire.Hold();
        Assert.True(outbox.TrySend("first"));
        Assert.True(outbox.TrySend(new string('a', 500)));
        Assert.True(outbox.TrySend(new string('b', 400)));
        Assert.False(outbox.TrySend(new string('c', 200)));
        var third = outbox.SendAsync(Opcode.Text, new byte[200], compressed: false, CancellationToken.None);
        var fourth = outbox.SendAsync(Opcode.Text, "d"u8.ToArray(), compressed: false, CancellationToken.None);
        Assert.False(outbox.TrySend("e"), "would overtake those that wait");
        Assert.False(third.IsCompleted || fourth.IsCompleted);
        wire.Release();
        await Task.WhenAll(third, fourth);
        await outbox.FlushAsync();
        var all = string.Concat(wire.Writes);
        int[] places = [all.IndexOf("666972", StringComparison.Ordinal), all.IndexOf("6161", StringComparison.Ordinal),
            all.IndexOf("6262", StringComparison.Ordinal), all.IndexOf("810164", StringComparison.Ordinal)];
        Assert.Equal(places.Order(), places);
        Assert.DoesNotContain(-1, places);
    }

    [Fact]
    public async Task Of_many_pings_while_the_peer_is_slow_the_last_is_answered()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new());
        wire.Hold();
        outbox.TrySend("x");
        for (var i = 0; i < 1000; i++)
        {
            outbox.Pong([(byte)(i >> 8), (byte)i]);
        }

        wire.Release();
        await outbox.FlushAsync();
        Assert.Equal(["810178", "8A0203E7"], wire.Writes);
    }

    [Fact]
    public async Task A_long_message_goes_out_in_fragments_between_which_only_control_frames_come()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new());
        wire.Hold();
        var sending = outbox.SendAsync(Opcode.Text, new byte[150_000], compressed: true, CancellationToken.None);
        var small = outbox.SendAsync(Opcode.Text, "s"u8.ToArray(), compressed: false, CancellationToken.None);
        outbox.Pong("p"u8);
        wire.Release();
        await Task.WhenAll(sending, small);
        await outbox.FlushAsync();
        Assert.Equal(["41 65536", "8A 1", "00 65536", "80 18928", "81 1"], FramesOf(string.Concat(wire.Writes)));
    }

    [Fact]
    public async Task Waiting_ends_when_the_connection_does()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new());
        wire.Hold();
        outbox.TrySend("x");
        var waiting = outbox.SendAsync(Opcode.Text, new byte[70_000], compressed: false, CancellationToken.None);
        using var cancel = new CancellationTokenSource();
        var cancelled = outbox.SendAsync(Opcode.Text, new byte[10], compressed: false, cancel.Token);
        await cancel.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => cancelled);
        Assert.True(outbox.Close(WebSocketCloseCode.GoingAway, ""));
        Assert.False(outbox.Close(WebSocketCloseCode.Normal, ""));
        await Assert.ThrowsAsync<WebSocketClosedException>(() => waiting);
        Assert.Throws<WebSocketClosedException>(() => outbox.TrySend("y"));
        wire.Release();
        await outbox.FlushAsync();
        Assert.Equal("880203E9", wire.Writes[^1]);
    }

    [Fact]
    public async Task A_write_that_fails_ends_it_all()
    {
        using var wire = new Wire();
        var owner = new Owner();
        await using var outbox = new Outbox(wire, new(), _clock, owner);
        wire.Hold();
        outbox.TrySend("x");
        outbox.TrySend("y");
        wire.Break();
        await outbox.FlushAsync();
        Assert.Equal((1, 1, true), (owner.Failed, owner.Waited, outbox.IsClosed));
    }

    [Fact]
    public async Task Messages_of_many_senders_are_whole()
    {
        using var wire = new Wire();
        await using var outbox = NewOutbox(wire, new() { SendQueueSize = 4096 });
        await Task.WhenAll(Enumerable.Range(0, 8).Select(sender => Task.Run(async () =>
        {
            for (var i = 0; i < 200; i++)
            {
                var length = i % 50 == 0 ? 70_000 : 100;
                var payload = new byte[length];
                payload.AsSpan().Fill((byte)sender);
                if (length > 100 || !outbox.TrySend(Opcode.Binary, payload, compressed: false))
                {
                    await outbox.SendAsync(Opcode.Binary, payload, compressed: false, CancellationToken.None);
                }
            }
        })));
        await outbox.FlushAsync();
        var frames = FramesOf(string.Concat(wire.Writes));
        Assert.Equal(8 * 196, frames.Count(frame => frame == "82 100"));
        Assert.Equal(8 * 4, frames.Count(frame => frame == "02 65536"));
        Assert.All(
            frames.Zip(frames.Skip(1)), pair => Assert.True(pair.First != "02 65536" || pair.Second == "80 4464"));
    }

    private static List<string> FramesOf(string hex)
    {
        var (bytes, frames) = (Convert.FromHexString(hex), new List<string>());
        for (var at = 0; at < bytes.Length;)
        {
            var (length, header) = bytes[at + 1] switch
            {
                126 => ((bytes[at + 2] << 8) | bytes[at + 3], 4),
                127 => ((bytes[at + 7] << 16) | (bytes[at + 8] << 8) | bytes[at + 9], 10),
                var small => (small, 2),
            };
            frames.Add($"{bytes[at]:X2} {length}");
            at += header + length;
        }

        return frames;
    }

    private Outbox NewOutbox(Stream wire, WebSocketOptions options) => new(wire, options, _clock, new Owner());

    private sealed class Owner : IOutboxOwner
    {
        public int Failed { get; private set; }

        public int Waited { get; private set; }

        public void WriteWaits() => Waited++;

        public void WriteEnded()
        {
        }

        public void WriteFailed() => Failed++;
    }

    /// <summary>Notes each write, and keeps writers waiting when it is told to.</summary>
    private sealed class Wire : MemoryStream
    {
        private TaskCompletionSource? _held;

        public List<string> Writes { get; } = [];

        public void Hold() => _held = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);

        public void Release()
        {
            var held = _held!;
            _held = null;
            held.SetResult();
        }

        public void Break() => _held!.SetException(new IOException("broken"));

        public override async ValueTask WriteAsync(
            ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Writes.Add(Convert.ToHexString(buffer.Span));
            if (_held is { } held)
            {
                await held.Task;
            }
        }
    }
}
