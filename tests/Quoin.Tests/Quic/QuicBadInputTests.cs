using System.Net.Sockets;
using System.Security.Cryptography;
using Quoin.Quic;
using Quoin.Quic.Native;

namespace Quoin.Tests.Quic;

/// <summary>
/// Datagrams that are none of ours, or ours no more: nothing falls, nothing is kept, little is answered.
/// </summary>
public sealed class QuicBadInputTests
{
    private static readonly QuicTransportOptions OneLoop = new() { Loops = 1, MaxConnections = 2_000 };

    [Fact]
    public async Task Random_truncated_and_bent_datagrams_change_nothing()
    {
        await using var pair = await QuicPair.StartAsync(OneLoop with { MaxBidirectionalStreams = 1_000 });
        var samples = await RecordAsync();
        using var sender = new UdpClient(AddressFamily.InterNetwork);
        sender.Connect(pair.Listener.LocalEndPoint);
        var random = new Random(5);
        for (var i = 0; i < 100_000; i++)
        {
            var sample = samples[random.Next(samples.Count)];
            sender.Client.Send(Bend(sample, random));
            if (i % 500 == 0)
            {
                // So that the kernel does not drop most of them.
                await pair.OpenStreamAsync();
            }
        }

        await pair.OpenStreamAsync();
        await using var another = await QuicEndpoint.ConnectAsync(pair.To());
    }

    [Fact]
    public async Task A_stranger_to_the_server_is_reset_with_less_than_it_sent()
    {
        await using var pair = await QuicPair.ListenAsync(OneLoop);
        using var stranger = new UdpClient(AddressFamily.InterNetwork);
        stranger.Connect(pair.Listener.LocalEndPoint);
        var packet = RandomNumberGenerator.GetBytes(100);
        (packet[0], packet[1]) = (0x40, 0);
        await stranger.SendAsync(packet);
        var answer = await stranger.ReceiveAsync();
        Assert.InRange(answer.Buffer.Length, 21, 99);
        Assert.Equal(0x40, answer.Buffer[0] & 0xc0);
    }

    [Fact]
    public async Task A_client_of_a_server_that_was_restarted_learns_so_from_a_reset()
    {
        var key = RandomNumberGenerator.GetBytes(32);
        var options = OneLoop with { StatelessResetKey = key, IdleTimeout = TimeSpan.FromHours(1) };
        await using var before = await QuicPair.StartAsync(options, new() { IdleTimeout = TimeSpan.FromHours(1) });
        await using var relay = new Relay(before.Listener.LocalEndPoint);
        await using var client = await QuicEndpoint.ConnectAsync(before.To() with { RemoteEndPoint = relay.EndPoint });
        await using var after = await QuicPair.ListenAsync(options);
        await using var stream = await client.OpenStreamAsync();
        await client.HandshakeCompleted;
        relay.Target = after.Listener.LocalEndPoint;
        await stream.Output.WriteAsync(new byte[100]);
        await client.Closed;
        Assert.Equal(QuicEnd.StatelessReset, client.CloseReason!.End);
    }

    [Fact]
    public async Task A_flood_of_first_packets_is_bounded_and_forgotten()
    {
        var options = OneLoop with { MaxConnections = 50, HandshakeTimeout = TimeSpan.FromMilliseconds(300) };
        await using var pair = await QuicPair.ListenAsync(options);
        var first = (await RecordAsync())[0];
        for (var i = 0; i < 500; i++)
        {
            using var sender = new UdpClient(AddressFamily.InterNetwork);
            RandomNumberGenerator.Fill(first.AsSpan(6, 8));
            await sender.SendAsync(first, pair.Listener.LocalEndPoint);
            Assert.InRange(pair.Listener.Connections, 0, 50);
        }

        while (pair.Listener.Connections > 0)
        {
            await Task.Yield();
        }

        await using var client = await QuicEndpoint.ConnectAsync(pair.To());
    }

    [Fact]
    public async Task A_server_that_is_full_refuses_with_the_code_for_it()
    {
        await using var pair = await QuicPair.StartAsync(OneLoop with { MaxConnections = 1 });
        var fault = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(pair.To()));
        Assert.Equal((QuicEnd.PeerTransport, 2), (fault.End, fault.Code));
    }

    [Fact]
    public async Task Native_handles_of_a_thousand_connections_are_given_back()
    {
        await using var pair = await QuicPair.ListenAsync(OneLoop);
        await using var client = new QuicClient(new QuicTransportOptions(), [QuicPair.Protocol]);
        await CycleAsync(pair, client, 100);
        var handles = ConnectionHandle.Alive;
        await CycleAsync(pair, client, 1_000);

        // Those of other tests come and go; a leak here would stay above for ever.
        while (ConnectionHandle.Alive > handles + 500)
        {
            await Task.Yield();
        }

        Assert.InRange(ConnectionHandle.Alive, 0, handles + 500);
    }

    [Fact]
    public async Task A_peer_that_vanishes_is_forgotten_after_the_idle_timeout()
    {
        var options = OneLoop with { IdleTimeout = TimeSpan.FromMilliseconds(300) };
        await using var pair = await QuicPair.ListenAsync(options);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        await using var client = await QuicEndpoint.ConnectAsync(pair.To() with { RemoteEndPoint = relay.EndPoint });
        var server = (await pair.Listener.AcceptAsync())!;
        await client.HandshakeCompleted;
        relay.Target = null;
        await server.Closed;
        await client.Closed;
        Assert.Equal(QuicEnd.IdleTimeout, server.CloseReason!.End);
        Assert.Equal(QuicEnd.IdleTimeout, client.CloseReason!.End);
        Assert.Equal(0, pair.Listener.Connections);
    }

    [Fact]
    public async Task The_two_ends_are_told_when_their_endpoint_stops()
    {
        await using var pair = await QuicPair.StartAsync(OneLoop);
        var (client, server) = await pair.OpenStreamAsync();
        var opening = pair.Server.AcceptStreamAsync();
        await pair.Listener.StopAsync(7);
        await Assert.ThrowsAsync<QuicException>(async () => await opening);
        await pair.Client.Closed;
        Assert.Equal((QuicEnd.Peer, 7), (pair.Client.CloseReason!.End, pair.Client.CloseReason.Code));
        Assert.True((await server.Output.WriteAsync(new byte[10])).IsCompleted);
        await Assert.ThrowsAsync<QuicException>(async () => await pair.Server.OpenStreamAsync());
        await Assert.ThrowsAsync<QuicException>(async () => await client.Input.ReadAsync());
    }

    private static async Task CycleAsync(QuicPair pair, QuicClient client, int count)
    {
        for (var i = 0; i < count; i++)
        {
            await using var connection = await client.ConnectAsync(pair.To());
            await using var server = (await pair.Listener.AcceptAsync())!;
            await using var stream = await connection.OpenStreamAsync();
            await QuicConnectionTests.WriteAsync(stream.Output, new byte[2_000]);
            await using var received = await server.AcceptStreamAsync();
            await QuicConnectionTests.ReadAsync(received.Input);
        }
    }

    /// <summary>What a client sends to a server in a short conversation, first packets first.</summary>
    private static async Task<List<byte[]>> RecordAsync()
    {
        await using var pair = await QuicPair.ListenAsync(OneLoop);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        await using (var client = await QuicEndpoint.ConnectAsync(pair.To() with { RemoteEndPoint = relay.EndPoint }))
        {
            await using var stream = await client.OpenStreamAsync();
            await stream.Output.WriteAsync(new byte[3_000]);
            var server = (await pair.Listener.AcceptAsync())!;
            await using var received = await server.AcceptStreamAsync();
            await received.Input.ReadAtLeastAsync(3_000);
        }

        return [.. relay.Sent];
    }

    private static byte[] Bend(byte[] sample, Random random)
    {
        switch (random.Next(4))
        {
            case 0:
                var noise = new byte[random.Next(1, 1500)];
                random.NextBytes(noise);
                return noise;
            case 1:
                return sample[..random.Next(1, sample.Length)];
            case 2:
                var bent = sample.ToArray();
                for (var i = random.Next(1, 8); i > 0; i--)
                {
                    bent[random.Next(bent.Length)] = (byte)random.Next(256);
                }

                return bent;
            default:
                return sample;
        }
    }
}
