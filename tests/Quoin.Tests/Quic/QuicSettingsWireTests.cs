using Quoin.Quic;
using Quoin.Quic.Native;
using Quoin.Tests.Quic.Wire;

namespace Quoin.Tests.Quic;

/// <summary>Settings whose effect only packets show: they are read off the wire.</summary>
public sealed class QuicSettingsWireTests
{
    private const int Burst = 12_000;

    // Those that only acknowledge are smaller.
    private const int Full = 1_000;

    private static readonly QuicTransportOptions OneLoop = new() { Loops = 1 };

    [Fact]
    public async Task Each_side_tells_the_other_what_it_may_do()
    {
        var server = OneLoop with
        {
            MaxAckDelay = TimeSpan.FromMilliseconds(7),
            ActiveMigration = false,
            IdleTimeout = TimeSpan.FromSeconds(41),
            MaxBidirectionalStreams = 17,
        };
        var client = new QuicTransportOptions { MaxAckDelay = TimeSpan.FromMilliseconds(9) };
        await using var pair = await TappedPair.StartAsync(server, client);
        var told = TransportParameters.Of(pair.Tap.Received(), server: true)!;
        Assert.Equal(7UL, told.Number(TransportParameters.MaxAckDelay));
        Assert.Equal(41_000UL, told.Number(TransportParameters.MaxIdleTimeout));
        Assert.Equal(17UL, told.Number(TransportParameters.MaxStreamsBidirectional));
        Assert.Contains(TransportParameters.DisableActiveMigration, told.Keys);
        var heard = TransportParameters.Of(pair.Tap.Sent(), server: false)!;
        Assert.Equal(9UL, heard.Number(TransportParameters.MaxAckDelay));
        Assert.DoesNotContain(TransportParameters.DisableActiveMigration, heard.Keys);
    }

    [Theory]
    [InlineData(1, 0, 0)]
    [InlineData(100, 10_000, long.MaxValue)]
    public async Task A_single_packet_is_acknowledged_at_once_or_after_a_delay(int threshold, long least, long most)
    {
        var server = OneLoop with
        {
            AckThreshold = threshold,
            MaxAckDelay = TimeSpan.FromSeconds(1),
            PathMtuDiscovery = false,
        };
        await using var pair = await TappedPair.StartAsync(
            server, new QuicTransportOptions { PathMtuDiscovery = false }, TimeSpan.FromMilliseconds(40));
        await using var stream = await pair.Client.OpenStreamAsync();
        long delay = 0;
        for (ulong sent = 0; sent < 4; sent++)
        {
            await stream.Output.WriteAsync(new byte[] { 1 });
            delay = await AckDelayAsync(pair.Tap, sent);
        }

        // The library waits for an eighth of the round trip, which is 80 ms at least.
        Assert.InRange(delay, least, most);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_window_of_a_stream_grows_for_a_reader_that_keeps_up_where_it_may(bool grows)
    {
        const int Window = 20_000;
        var server = OneLoop with { StreamWindow = Window, MaxStreamWindow = grows ? 1_000_000 : 0 };
        var (read, limit) = await ReadAheadAsync(server, grows, WireFrame.MaxStreamData, limitIndex: 1, Window);
        Assert.Equal(grows, limit > (ulong)(read + Window));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task The_window_of_a_connection_grows_for_a_reader_that_keeps_up_where_it_may(bool grows)
    {
        const int Window = 20_000;
        var server = OneLoop with { ConnectionWindow = Window, MaxConnectionWindow = grows ? 1_000_000 : 0 };
        var (read, limit) = await ReadAheadAsync(server, grows, WireFrame.MaxData, limitIndex: 0, Window);
        Assert.Equal(grows, limit > (ulong)(read + Window));
    }

    [Theory]
    [InlineData(QuicCongestionControl.Reno, 0.5)]
    [InlineData(QuicCongestionControl.Cubic, 0.7)]
    public async Task A_loss_cuts_the_window_by_what_the_congestion_control_says(
        QuicCongestionControl control, double share)
    {
        var (before, after) = await LoseOneAsync(control);
        if (control == QuicCongestionControl.Cubic && QuicLibrary.Layout.IsVersion1)
        {
            // There it is the share of what was under way (RFC 9438, 4.6).
            Assert.InRange(after!.Value, 1, Burst);
            return;
        }

        // Packets that were acknowledged before the loss was found have let the window grow a little.
        Assert.InRange(after!.Value / (double)before, share - 0.01, share + 0.1);
    }

    [Fact]
    public async Task A_loss_does_not_cut_the_window_of_BBR() =>
        Assert.Null((await LoseOneAsync(QuicCongestionControl.Bbr)).After);

    /// <summary>The window of a client before one packet of many is lost, and where it stands after it.</summary>
    private static async Task<(long Before, long? After)> LoseOneAsync(QuicCongestionControl control)
    {
        await using var pair = await TappedPair.StartAsync(
            OneLoop,
            new QuicTransportOptions { CongestionControl = control, PathMtuDiscovery = false, MaxUdpPayload = 1200 },
            TimeSpan.FromMilliseconds(5));
        await using var stream = await pair.Client.OpenStreamAsync();
        await stream.Output.WriteAsync(new byte[] { 0 });
        var received = await pair.Server.AcceptStreamAsync();
        await SendAsync(400_000);
        var before = (await pair.Client.GetStatisticsAsync())!.CongestionWindow;
        var left = 2;
        pair.Tap.Relay.Change = datagram =>
            datagram.Length >= Full && Interlocked.Decrement(ref left) == 0 ? null : datagram;
        await SendAsync(Burst);
        await received.DisposeAsync();
        var after = (await pair.Client.GetStatisticsAsync())!;
        Assert.True(left < 0);
        return (before, after.SlowStartThreshold);

        // Until all of it is acknowledged.
        async Task SendAsync(int count)
        {
            await stream.Output.WriteAsync(new byte[count]);
            for (long total = 0; total < count;)
            {
                var read = await received.Input.ReadAsync();
                total += read.Buffer.Length;
                received.Input.AdvanceTo(read.Buffer.End);
            }

            while ((await pair.Client.GetStatisticsAsync())!.BytesInFlight > 0)
            {
                await Task.Yield();
            }
        }
    }

    [Theory]
    [InlineData(true, true, true)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    public async Task A_client_that_moves_is_followed_where_it_may_or_cannot_help_it(
        bool may, bool changesId, bool followed)
    {
        await using var pair = await TappedPair.StartAsync(OneLoop with { ActiveMigration = may });
        await pair.Tap.ReceivedAsync(frame => frame.Type == WireFrame.NewConnectionId);

        // The server needs another id of the client for another path, and what comes after it shows that it has it.
        await pair.Tap.SentAsync(frame => frame.Type == WireFrame.NewConnectionId);
        await using var honest = await pair.Client.OpenStreamAsync();
        await honest.Output.WriteAsync(new byte[] { 1 });
        await pair.Server.AcceptStreamAsync();
        var client = new Violator(pair.Tap, server: false);
        await client.SendAsync([(byte)WireFrame.Ping]);
        pair.Tap.Relay.Rebind();
        if (changesId)
        {
            client.ChangeId();
        }

        await client.SendAsync(WireFrame.WriteStream(4, 0, [1]));
        if (followed)
        {
            // Whether it receives there.
            await pair.Tap.ReceivedAsync(frame => frame.Type == WireFrame.PathChallenge);
            return;
        }

        // What the server says to what comes from the first address is after what it did not say to the second.
        pair.Tap.Relay.Return();
        await client.SendAsync(WireFrame.WriteStream(8, 0, [1]));
        var stream = await pair.Server.AcceptStreamAsync();
        while (stream.Id != 8)
        {
            stream = await pair.Server.AcceptStreamAsync();
        }

        await stream.Output.WriteAsync(new byte[] { 1 });
        await pair.Tap.ReceivedAsync(frame => frame.Type is >= WireFrame.Stream and <= WireFrame.Stream + 7);
        Assert.DoesNotContain(pair.Tap.Received(),
            packet => packet.Frames.Any(frame => frame.Type == WireFrame.PathChallenge));
    }

    [Fact]
    public async Task Early_data_that_comes_later_than_the_window_of_replays_is_refused()
    {
        // The library compares clocks: time has to pass.
        var held = TimeSpan.FromSeconds(2.5);
        Assert.True(await IsTakenAsync(TimeSpan.FromMinutes(5), held));
        Assert.False(await IsTakenAsync(TimeSpan.FromSeconds(1), held));
    }

    /// <summary>Whether a first flight that was under way for so long is taken early.</summary>
    private static async Task<bool> IsTakenAsync(TimeSpan window, TimeSpan held)
    {
        var server = OneLoop with { EarlyData = true, AntiReplayWindow = window };
        await using var pair = await QuicPair.ListenAsync(server);
        var sessions = new QuicSessionMemory();
        var client = new QuicTransportOptions { EarlyData = true, HandshakeTimeout = TimeSpan.FromMinutes(1) };
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        var options = pair.To(client, sessions) with { RemoteEndPoint = relay.EndPoint };
        await using (var first = await QuicEndpoint.ConnectAsync(options))
        {
            // The ticket comes after the handshake, and before the answer to what is asked then.
            var served = (await pair.Listener.AcceptAsync())!;
            await using var asking = await first.OpenStreamAsync();
            await QuicConnectionTests.WriteAsync(asking.Output, "one"u8.ToArray());
            await QuicConnectionTests.EchoAsync(served);
            await QuicConnectionTests.ReadAsync(asking.Input);
        }

        relay.There.Delay = held;
        await using var second = await QuicEndpoint.ConnectAsync(options);
        await using var stream = await second.OpenStreamAsync();
        await QuicConnectionTests.WriteAsync(stream.Output, "two"u8.ToArray());
        await second.HandshakeCompleted;
        return second.EarlyDataAccepted!.Value;
    }

    /// <summary>What was read, and the greatest limit that the server has told.</summary>
    private static async Task<(long Read, ulong Limit)> ReadAheadAsync(
        QuicTransportOptions server, bool grows, ulong frame, int limitIndex, int window)
    {
        long enough = 300_000;
        await using var pair = await TappedPair.StartAsync(
            server, new QuicTransportOptions(), TimeSpan.FromMilliseconds(10));
        await using var client = await pair.Client.OpenStreamAsync();
        using var stop = new CancellationTokenSource();
        var writing = WriteUntilAsync(client, stop.Token);
        await using var received = await pair.Server.AcceptStreamAsync();
        long total = 0;
        ulong limit = 0;
        while (limit == 0)
        {
            var read = await received.Input.ReadAsync();
            total += read.Buffer.Length;
            received.Input.AdvanceTo(read.Buffer.End);
            if (total < enough)
            {
                continue;
            }

            limit = Limit();
            if (grows && limit <= (ulong)(total + window))
            {
                // Looking takes longer the more there is, and while it lasts the reader does not keep up.
                (enough, limit) = (enough * 2, 0);
            }
        }

        await stop.CancelAsync();
        await writing;
        return (total, limit);

        ulong Limit() => pair.Tap.Received().SelectMany(packet => packet.Frames)
            .Where(seen => seen.Type == frame).Max(seen => seen.Numbers[limitIndex]);
    }

    private static async Task WriteUntilAsync(QuicStream stream, CancellationToken cancellationToken)
    {
        try
        {
            while (true)
            {
                await stream.Output.WriteAsync(new byte[10_000], cancellationToken);
            }
        }
        catch (OperationCanceledException)
        {
            // Enough was seen.
        }
    }

    /// <summary>Microseconds for which the server says that it has held back the acknowledgement of a byte.</summary>
    private static async Task<long> AckDelayAsync(WireTap tap, ulong offset)
    {
        const int Exponent = 3;
        await tap.SentAsync(frame => IsAt(frame, offset));
        var number = tap.Sent().First(packet => packet.Frames.Any(frame => IsAt(frame, offset))).Number;
        while (true)
        {
            var acks = tap.Received().Where(packet => packet.Level == WireLevel.OneRtt)
                .SelectMany(packet => packet.Frames)
                .Where(frame => frame.Type is WireFrame.Ack or WireFrame.Ack + 1 && frame.Numbers[0] >= number)
                .ToList();
            if (acks.Count > 0)
            {
                return (long)acks[0].Numbers[1] << Exponent;
            }

            await tap.Relay.AnotherAsync();
        }
    }

    private static bool IsAt(WireFrame frame, ulong offset) =>
        frame.Type is >= WireFrame.Stream and <= WireFrame.Stream + 7 && frame.Numbers[1] == offset;
}
