using System.Net;
using System.Security.Cryptography;
using Quoin.Quic;
using Quoin.Quic.Native;

namespace Quoin.Tests.Quic;

/// <summary>Each setting does what it says, as the other end sees it.</summary>
public sealed class QuicSettingsTests
{
    private static readonly QuicTransportOptions OneLoop = new() { Loops = 1 };

    [Fact]
    public async Task A_stream_takes_no_more_than_its_window_until_it_is_read() =>
        Assert.Equal(50_000, await TakenAsync(OneLoop with { StreamWindow = 50_000, MaxStreamWindow = 0 }, 1));

    [Fact]
    public async Task All_streams_together_take_no_more_than_the_connections_window() =>
        Assert.Equal(80_000, await TakenAsync(
            OneLoop with { ConnectionWindow = 80_000, MaxConnectionWindow = 0, StreamWindow = 50_000 }, 4));

    [Fact]
    public async Task Bytes_flow_through_the_smallest_windows()
    {
        var options = OneLoop with
        {
            StreamWindow = 1200,
            MaxStreamWindow = 0,
            ConnectionWindow = 1200,
            MaxConnectionWindow = 0,
        };
        await using var pair = await QuicPair.StartAsync(options, options);
        var echo = QuicConnectionTests.EchoAsync(pair.Server);
        await using var stream = await pair.Client.OpenStreamAsync();
        var sent = RandomNumberGenerator.GetBytes(100_000);
        var writing = QuicConnectionTests.WriteAsync(stream.Output, sent);
        Assert.Equal(sent, await QuicConnectionTests.ReadAsync(stream.Input));
        await writing;
        await echo;
    }

    [Fact]
    public async Task Many_streams_that_are_read_a_little_do_not_use_up_the_connections_window_for_ever()
    {
        // Each stream stays below the step at which it tells what it has consumed.
        var options = OneLoop with { ConnectionWindow = 50_000, MaxConnectionWindow = 0, StreamWindow = 1_000_000 };
        await using var pair = await QuicPair.StartAsync(options);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(async _ =>
        {
            await using var stream = await pair.Client.OpenStreamAsync(bidirectional: false);
            await stream.Output.WriteAsync(new byte[50_000]);
            await using var received = await pair.Server.AcceptStreamAsync();
            for (long total = 0; total < 50_000;)
            {
                var read = await received.Input.ReadAsync();
                total += read.Buffer.Length;
                received.Input.AdvanceTo(read.Buffer.End);
            }
        }));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_peer_waits_when_it_has_as_many_streams_open_as_it_may(bool bidirectional)
    {
        await using var pair = await QuicPair.StartAsync(
            OneLoop with { MaxBidirectionalStreams = 2, MaxUnidirectionalStreams = 2 });
        var first = await pair.Client.OpenStreamAsync(bidirectional);
        await pair.Client.OpenStreamAsync(bidirectional);
        var third = pair.Client.OpenStreamAsync(bidirectional).AsTask();
        var waiting = await pair.Client.GetStatisticsAsync();
        Assert.Equal(2, waiting!.Streams);
        Assert.False(third.IsCompleted);

        await QuicConnectionTests.WriteAsync(first.Output, "x"u8.ToArray());
        await using (var received = await pair.Server.AcceptStreamAsync())
        {
            await QuicConnectionTests.ReadAsync(received.Input);
            await received.Output.CompleteAsync();
        }

        await third;
    }

    [Fact]
    public async Task A_silent_connection_ends_after_the_idle_timeout_and_a_kept_alive_one_does_not()
    {
        var brief = OneLoop with { IdleTimeout = TimeSpan.FromMilliseconds(400) };
        await using var silent = await QuicPair.StartAsync(brief);
        await using var kept = await QuicPair.StartAsync(
            brief, new QuicTransportOptions { KeepAliveInterval = TimeSpan.FromMilliseconds(50) });
        await silent.Server.Closed;
        Assert.Equal(QuicEnd.IdleTimeout, silent.Server.CloseReason!.End);
        Assert.Null(kept.Server.CloseReason);
        await kept.OpenStreamAsync();
    }

    [Theory]
    [InlineData(1200)]
    [InlineData(1350)]
    [InlineData(8000)]
    public async Task No_packet_is_larger_than_the_greatest_payload_and_probing_finds_it(int size)
    {
        var options = OneLoop with { MaxUdpPayload = size, PathMtuDiscovery = false };
        await using var pair = await QuicPair.ListenAsync(options);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        await using var client = await QuicEndpoint.ConnectAsync(pair.To() with { RemoteEndPoint = relay.EndPoint });
        var server = (await pair.Listener.AcceptAsync())!;
        await using var stream = await server.OpenStreamAsync(bidirectional: false);
        var writing = QuicConnectionTests.WriteAsync(stream.Output, new byte[200_000]);
        await using var received = await client.AcceptStreamAsync();
        await QuicConnectionTests.ReadAsync(received.Input);
        await writing;
        Assert.Equal(size, relay.Received.Max(datagram => datagram.Length));
    }

    [Fact]
    public async Task Path_MTU_discovery_grows_packets_beyond_the_first_1200_bytes()
    {
        await using var pair = await QuicPair.StartAsync(OneLoop, new QuicTransportOptions());
        QuicStatistics statistics;
        do
        {
            var (client, server) = await pair.OpenStreamAsync();
            await client.DisposeAsync();
            await server.DisposeAsync();
            statistics = (await pair.Client.GetStatisticsAsync())!;
        }
        while (statistics.UdpPayload <= 1200);
        Assert.InRange(statistics.UdpPayload, 1201, 1452);
    }

    [Fact]
    public async Task Datagrams_are_refused_where_the_peer_takes_none()
    {
        await using var pair = await QuicPair.StartAsync(OneLoop, new QuicTransportOptions { MaxDatagramSize = 1200 });
        Assert.True(pair.Client.TrySendDatagram("lost"u8));
        await pair.OpenStreamAsync();
        Assert.True(pair.Server.TrySendDatagram("taken"u8));
        Assert.Equal("taken"u8.ToArray(), (await pair.Client.ReceiveDatagramAsync()).ToArray());
    }

    [Fact]
    public async Task A_handshake_that_stands_still_is_given_up_by_the_server()
    {
        var options = OneLoop with { HandshakeTimeout = TimeSpan.FromMilliseconds(200) };
        await using var pair = await QuicPair.ListenAsync(options);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        relay.Answers = false;
        var connecting = QuicEndpoint.ConnectAsync(
            pair.To(new QuicTransportOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(400) })
            with
            { RemoteEndPoint = relay.EndPoint });
        await Assert.ThrowsAsync<QuicException>(() => connecting);
        while (pair.Listener.Connections > 0)
        {
            await Task.Yield();
        }
    }

    [Fact]
    public async Task Connections_that_nobody_accepts_are_refused_beyond_the_backlog()
    {
        await using var pair = await QuicPair.ListenAsync(OneLoop with { Backlog = 1 });
        await using var waiting = await QuicEndpoint.ConnectAsync(pair.To());
        QuicException? refused = null;
        while (refused is null)
        {
            // The first is in the queue a moment after its client has heard of its success.
            try
            {
                await using var another = await QuicEndpoint.ConnectAsync(pair.To());
                await another.Closed;
                refused = another.CloseReason;
            }
            catch (QuicException e)
            {
                refused = e;
            }
        }

        const int ConnectionRefused = 2;
        Assert.Equal((QuicEnd.PeerTransport, ConnectionRefused), (refused.End, (int)refused.Code));
        await using (var accepted = await pair.Listener.AcceptAsync())
        {
            await using var next = await QuicEndpoint.ConnectAsync(pair.To());
        }
    }

    [Fact]
    public async Task Each_loop_takes_its_share_of_the_clients()
    {
        await using var pair = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 3 });
        var loops = new HashSet<int>();
        while (loops.Count < 3)
        {
            await using var client = await QuicEndpoint.ConnectAsync(pair.To());
            await using var server = (await pair.Listener.AcceptAsync())!;
            loops.Add(server.Loop.Index);
        }

        Assert.Equal([0, 1, 2], loops.Order());
    }

    [Fact]
    public void A_socket_has_the_buffers_that_were_asked_for_as_far_as_the_kernel_gives_them()
    {
        const int Small = 20_000;
        using var small = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), share: false, Small, 2 * Small);
        Assert.Equal((Small, 2 * Small), (small.ReceiveBufferBytes, small.SendBufferBytes));
        using var large = UdpSocket.Bind(new IPEndPoint(IPAddress.Loopback, 0), share: false, 1 << 30, 1 << 30);
        Assert.InRange(large.ReceiveBufferBytes, Small + 1, 1 << 30);
        Assert.InRange(large.SendBufferBytes, (2 * Small) + 1, 1 << 30);
    }

    [Fact]
    public void All_that_is_out_of_range_is_told_at_once()
    {
        var faults = new QuicTransportOptions
        {
            StreamWindow = 10,
            MaxUdpPayload = 1199,
            IdleTimeout = TimeSpan.Zero,
            Loops = 65,
            StatelessResetKey = new byte[3],
            CongestionControl = (QuicCongestionControl)9,
        }.Faults();
        Assert.Equal(6, faults.Count);
        Assert.Contains("StreamWindow is 10; accepted: 1200..4294967296", faults);
        Assert.Contains("StatelessResetKey has 3 bytes; accepted: 16..64", faults);
    }

    [Fact]
    public async Task A_port_that_is_taken_is_told_also_where_loops_share_it()
    {
        await using var pair = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 2 });
        var again = new QuicListenOptions
        {
            EndPoint = pair.Listener.LocalEndPoint,
            Protocols = [QuicPair.Protocol],
            Transport = new QuicTransportOptions { Loops = 2 },
            SelectTls = (_, _) => default,
        };
        await Assert.ThrowsAsync<IOException>(async () => await QuicEndpoint.ListenAsync(again));
        await using var shared = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 1, SharePort = true });
        await using var other = await QuicEndpoint.ListenAsync(again with
        {
            EndPoint = shared.Listener.LocalEndPoint,
            Transport = new QuicTransportOptions { Loops = 1, SharePort = true },
        });
        Assert.Equal(shared.Listener.LocalEndPoint, other.LocalEndPoint);
    }

    /// <summary>Bytes that arrive while nobody reads.</summary>
    private static async Task<long> TakenAsync(QuicTransportOptions server, int streams)
    {
        await using var pair = await QuicPair.StartAsync(server);
        var writing = new List<Task>();
        for (var i = 0; i < streams; i++)
        {
            var stream = await pair.Client.OpenStreamAsync();
            writing.Add(stream.Output.WriteAsync(new byte[200_000]).AsTask());
        }

        var received = new List<QuicStream>();
        long taken, before = -1;
        var still = 0;
        do
        {
            while (received.Count < streams && pair.Server.TryAcceptStream(out var stream))
            {
                received.Add(stream);
            }

            // Round trips: what was under way has arrived when nothing comes through many of them.
            await pair.Client.GetStatisticsAsync();
            await pair.Server.GetStatisticsAsync();
            taken = received.Sum(Arrived);
            still = taken == before ? still + 1 : 0;
            before = taken;
        }
        while (still < 2_000 || taken == 0);
        Assert.All(writing, task => Assert.False(task.IsCompleted));
        return taken;
    }

    private static long Arrived(QuicStream stream)
    {
        if (!stream.Input.TryRead(out var read))
        {
            return 0;
        }

        var length = read.Buffer.Length;
        stream.Input.AdvanceTo(read.Buffer.Start, read.Buffer.Start);
        return length;
    }
}
