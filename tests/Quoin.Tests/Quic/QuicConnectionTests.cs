using System.Buffers;
using System.IO.Pipelines;
using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography;
using Quoin.Quic;
using Quoin.Quic.Endpoints;

namespace Quoin.Tests.Quic;

/// <summary>Two ends of ours over loopback: streams both ways, ends of every kind, datagrams, sessions.</summary>
public sealed class QuicConnectionTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(1_000_000)]
    [InlineData(20_000_000)]
    public async Task Bytes_come_back_as_they_were_sent(int count)
    {
        await using var pair = await QuicPair.StartAsync();
        var sent = RandomNumberGenerator.GetBytes(count);
        var echo = EchoAsync(pair.Server);
        await using var stream = await pair.Client.OpenStreamAsync();
        var writing = WriteAsync(stream.Output, sent);
        Assert.Equal(sent, await ReadAsync(stream.Input));
        await writing;
        await echo;
        await stream.Closed;
    }

    [Theory]
    [InlineData(0.05, 0, 0)]
    [InlineData(0, 0.2, 0)]
    [InlineData(0, 0, 0.1)]
    [InlineData(0.05, 0.05, 0.05)]
    public async Task Bytes_come_back_over_a_wire_that_loses_doubles_and_disorders(
        double lost, double doubled, double overtaken)
    {
        await using var pair = await QuicPair.ListenAsync(new QuicTransportOptions { Loops = 1 });
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        (relay.There.Faults, relay.Back.Faults) = ((lost, doubled, overtaken), (lost, doubled, overtaken));
        (relay.There.Delay, relay.Back.Delay) = (TimeSpan.FromMilliseconds(2), TimeSpan.FromMilliseconds(2));
        await using var client = await QuicEndpoint.ConnectAsync(pair.To() with { RemoteEndPoint = relay.EndPoint });
        await using var server = (await pair.Listener.AcceptAsync())!;
        var echo = EchoAsync(server);
        await using var stream = await client.OpenStreamAsync();
        var sent = RandomNumberGenerator.GetBytes(500_000);
        var writing = WriteAsync(stream.Output, sent);
        Assert.Equal(sent, await ReadAsync(stream.Input));
        await writing;
        await echo;
        Assert.True(relay.There.FaultCount > 0 && relay.Back.FaultCount > 0);
    }

    [Fact]
    public async Task What_fails_on_the_loop_ends_nothing_else_there()
    {
        await using var pair = await QuicPair.StartAsync();
        pair.Server.Loop.Post(new LoopAction(() => throw new InvalidOperationException("by the test")));
        var echo = EchoAsync(pair.Server);
        await using var stream = await pair.Client.OpenStreamAsync();
        await WriteAsync(stream.Output, new byte[] { 1, 2, 3 });
        Assert.Equal(new byte[] { 1, 2, 3 }, await ReadAsync(stream.Input));
        await echo;
    }

    [Fact]
    public async Task A_thousand_streams_run_at_once_when_the_limit_is_a_hundred()
    {
        await using var pair = await QuicPair.StartAsync();
        var serving = Task.WhenAll(Enumerable.Range(0, 1000).Select(_ => EchoAsync(pair.Server)));
        await Task.WhenAll(Enumerable.Range(0, 1000).Select(async number =>
        {
            await using var stream = await pair.Client.OpenStreamAsync();
            await WriteAsync(stream.Output, BitConverter.GetBytes(number));
            Assert.Equal(number, BitConverter.ToInt32(await ReadAsync(stream.Input)));
        }));
        await serving;
    }

    [Fact]
    public async Task The_server_opens_streams_too_and_one_way_streams_have_one_end()
    {
        await using var pair = await QuicPair.StartAsync();
        await using var sending = await pair.Server.OpenStreamAsync(bidirectional: false);
        await WriteAsync(sending.Output, "one way"u8.ToArray());
        await using var receiving = await pair.Client.AcceptStreamAsync();
        Assert.Equal("one way"u8.ToArray(), await ReadAsync(receiving.Input));
        Assert.True(receiving.CanRead && !receiving.CanWrite && sending.CanWrite && !sending.CanRead);
        Assert.Equal(3, receiving.Id);
    }

    [Fact]
    public async Task A_reset_stream_fails_its_reader_with_the_code()
    {
        await using var pair = await QuicPair.StartAsync();
        var (client, server) = await pair.OpenStreamAsync();
        client.AbortWrite(0x1234);
        var fault = await Assert.ThrowsAsync<QuicException>(() => ReadAsync(server.Input));
        Assert.Equal((QuicEnd.Peer, 0x1234), (fault.End, fault.Code));
        Assert.Equal(0x1234, server.PeerErrorCode);
    }

    [Fact]
    public async Task A_writer_hears_that_its_reader_wants_no_more()
    {
        await using var pair = await QuicPair.StartAsync();
        var (client, server) = await pair.OpenStreamAsync();
        client.AbortRead(0x77);
        FlushResult flushed;
        do
        {
            flushed = await server.Output.WriteAsync(new byte[10_000]);
        }
        while (!flushed.IsCompleted);
        await client.Output.CompleteAsync();
        await server.Closed;
        Assert.Equal(0x77, server.PeerErrorCode);
    }

    [Fact]
    public async Task A_writer_waits_for_a_reader_that_does_not_read()
    {
        var options = new QuicTransportOptions { StreamWindow = 100_000, MaxStreamWindow = 0, WriteBuffer = 10_000 };
        await using var pair = await QuicPair.StartAsync(options, options);
        var (client, server) = await pair.OpenStreamAsync();
        var flush = client.Output.WriteAsync(new byte[150_000]);
        var read = await server.Input.ReadAtLeastAsync(99_999);
        Assert.Equal(99_999, read.Buffer.Length);
        Assert.False(flush.IsCompleted);

        server.Input.AdvanceTo(read.Buffer.End);
        await flush;
        read = await server.Input.ReadAtLeastAsync(50_001);
        Assert.Equal(50_001, read.Buffer.Length);
        server.Input.AdvanceTo(read.Buffer.End);
    }

    [Fact]
    public async Task Closing_tells_the_peer_the_code_and_ends_all_streams()
    {
        await using var pair = await QuicPair.StartAsync();
        var (client, server) = await pair.OpenStreamAsync();
        await server.Output.WriteAsync("the last words"u8.ToArray());
        var read = await client.Input.ReadAtLeastAsync(14);
        Assert.Equal("the last words"u8.ToArray(), read.Buffer.ToArray());
        client.Input.AdvanceTo(read.Buffer.End);
        pair.Server.Close(0x42);
        await pair.Client.Closed;
        Assert.Equal((QuicEnd.Peer, 0x42), (pair.Client.CloseReason!.End, pair.Client.CloseReason.Code));
        await Assert.ThrowsAsync<QuicException>(() => ReadAsync(client.Input));
        await Assert.ThrowsAsync<QuicException>(async () => await pair.Client.OpenStreamAsync());
        await Assert.ThrowsAsync<QuicException>(async () => await pair.Client.AcceptStreamAsync());
        Assert.Equal(QuicEnd.Local, pair.Server.CloseReason!.End);
    }

    [Fact]
    public async Task Datagrams_arrive_and_too_large_ones_do_not()
    {
        var options = new QuicTransportOptions { MaxDatagramSize = 1200 };
        await using var pair = await QuicPair.StartAsync(options, options);
        Assert.True(pair.Client.TrySendDatagram(new byte[5000]));
        Assert.True(pair.Client.TrySendDatagram("ping"u8));
        Assert.Equal("ping"u8.ToArray(), (await pair.Server.ReceiveDatagramAsync()).ToArray());
        Assert.True(pair.Server.TrySendDatagram("pong"u8));
        Assert.Equal("pong"u8.ToArray(), (await pair.Client.ReceiveDatagramAsync()).ToArray());
    }

    [Fact]
    public async Task Statistics_tell_of_the_path()
    {
        await using var pair = await QuicPair.StartAsync();
        await pair.OpenStreamAsync();
        var statistics = (await pair.Client.GetStatisticsAsync())!;
        Assert.InRange(statistics.RoundTrip, TimeSpan.FromTicks(1), TimeSpan.FromMinutes(1));
        Assert.InRange(statistics.CongestionWindow, 1200, 100_000_000);
        Assert.InRange(statistics.UdpPayload, 1200, 1452);
        Assert.Equal(1, statistics.Streams);
        Assert.True(statistics.PacketsReceived > 1);
        pair.Client.Close(0);
        await pair.Client.Closed;
        Assert.Null(await pair.Client.GetStatisticsAsync());
    }

    [Fact]
    public async Task Keys_change_while_bytes_flow()
    {
        await using var pair = await QuicPair.StartAsync();
        var echo = EchoAsync(pair.Server);
        await using var stream = await pair.Client.OpenStreamAsync();
        var sent = RandomNumberGenerator.GetBytes(1_000_000);
        await stream.Output.WriteAsync(sent.AsMemory(0, 500_000));
        pair.Client.UpdateKeys();
        var writing = WriteAsync(stream.Output, sent.AsMemory(500_000));
        Assert.Equal(sent, await ReadAsync(stream.Input));
        await writing;
        await echo;
    }

    [Fact]
    public async Task A_server_whose_certificate_is_not_believed_is_left_with_an_alert()
    {
        await using var pair = await QuicPair.ListenAsync();
        var options = pair.To();
        options.Tls.RemoteCertificateValidationCallback = null;
        var fault = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(options));
        Assert.Equal((QuicEnd.Transport, 0x12a), (fault.End, fault.Code));
    }

    [Fact]
    public async Task Without_a_common_protocol_the_handshake_fails()
    {
        await using var pair = await QuicPair.ListenAsync();
        var options = pair.To();
        options.Tls.ApplicationProtocols = [new SslApplicationProtocol("other")];
        var fault = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(options));
        Assert.Equal((QuicEnd.PeerTransport, 0x178), (fault.End, fault.Code));
    }

    [Fact]
    public async Task Nobody_there_ends_with_the_handshake_timeout()
    {
        await using var pair = await QuicPair.ListenAsync();
        var options = pair.To(new QuicTransportOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(200) });
        using var silent = new UdpClient(new IPEndPoint(IPAddress.Loopback, 0));
        var fault = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(options with
        {
            RemoteEndPoint = (IPEndPoint)silent.Client.LocalEndPoint!,
        }));
        Assert.Equal(QuicEnd.HandshakeTimeout, fault.End);
    }

    internal static async Task EchoAsync(QuicConnection connection)
    {
        await using var stream = await connection.AcceptStreamAsync();
        await stream.Input.CopyToAsync(stream.Output);
        await stream.Input.CompleteAsync();
        await stream.Output.CompleteAsync();
        await stream.Closed;
    }

    internal static async Task WriteAsync(PipeWriter writer, ReadOnlyMemory<byte> bytes)
    {
        await writer.WriteAsync(bytes);
        await writer.CompleteAsync();
    }

    internal static async Task<byte[]> ReadAsync(PipeReader reader)
    {
        using var all = new MemoryStream();
        await reader.CopyToAsync(all);
        await reader.CompleteAsync();
        return all.ToArray();
    }
}
