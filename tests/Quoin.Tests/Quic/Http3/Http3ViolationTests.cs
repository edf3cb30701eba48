using System.Buffers;
using System.Net;
using System.Net.Security;
using Quoin.Quic;
using Quoin.Quic.Http3;
using Quoin.Tests.Quic.Kestrel;

namespace Quoin.Tests.Quic.Http3;

/// <summary>
/// Clients that speak QUIC well and HTTP/3 badly: Kestrel's codes (RFC 9114, 8.1) arrive through our transport, and
/// other connections go on.
/// </summary>
public sealed class Http3ViolationTests
{
    private const long InternalFault = 0x102;
    private const long StreamCreation = 0x103;
    private const long ClosedCriticalStream = 0x104;
    private const long FrameUnexpected = 0x105;
    private const long SettingsFault = 0x109;
    private const long MissingSettings = 0x10a;
    private const long RequestIncomplete = 0x10d;
    private const long MessageFault = 0x10e;

    private static readonly Dictionary<string, (long Code, byte[][] Streams, bool End)> OneWay = new()
    {
        ["a second control stream"] = (StreamCreation, [[0, 4, 0], [0, 4, 0]], false),
        ["data on the control stream"] = (FrameUnexpected, [[0, 4, 0, 0, 1, 0xff]], false),
        ["a header on the control stream"] = (FrameUnexpected, [[0, 4, 0, 1, 2, 0, 0]], false),
        ["settings twice"] = (FrameUnexpected, [[0, 4, 0, 4, 0]], false),
        ["another frame before the settings"] = (MissingSettings, [[0, 7, 1, 0]], false),
        ["a setting of HTTP/2"] = (SettingsFault, [[0, 4, 2, 2, 0]], false),
        ["a control stream that ends"] = (ClosedCriticalStream, [[0, 4, 0]], true),
    };

    private static readonly Dictionary<string, (long Code, byte[] Bytes)> Requests = new()
    {
        ["data before the header"] = (FrameUnexpected, [0, 1, 0x61]),
        ["settings on a request"] = (FrameUnexpected, [4, 0]),
        ["a push on a request"] = (FrameUnexpected, [5, 1, 0]),
    };

    private static readonly Dictionary<string, (long Code, byte[] Bytes)> Messages = new()
    {
        ["no path"] = (MessageFault, Header((":method", "GET"), (":scheme", "https"), (":authority", "localhost"))),
        ["no method"] = (MessageFault, Header((":scheme", "https"), (":authority", "localhost"), (":path", "/"))),
        ["two paths"] = (MessageFault, Header((":method", "GET"), (":scheme", "https"), (":authority", "localhost"),
            (":path", "/"), (":path", "/"))),
        ["a pseudo header behind others"] = (MessageFault, Header((":method", "GET"), (":scheme", "https"),
            (":authority", "localhost"), ("x", "y"), (":path", "/"))),
        ["an unknown pseudo header"] = (MessageFault, Header((":method", "GET"), (":scheme", "https"),
            (":authority", "localhost"), (":path", "/"), (":color", "red"))),
        ["a name in capitals"] = (MessageFault, Header((":method", "GET"), (":scheme", "https"),
            (":authority", "localhost"), (":path", "/"), ("Big", "y"))),
        ["a field of a connection"] = (MessageFault, Header((":method", "GET"), (":scheme", "https"),
            (":authority", "localhost"), (":path", "/"), ("connection", "close"))),
        ["nothing"] = (RequestIncomplete, []),
    };

    private static readonly byte[] Get =
        Header((":method", "GET"), (":scheme", "https"), (":authority", "localhost"), (":path", "/"));

    // RFC 9114 and 9204 want the connection closed for each of these. Kestrel resets the stream, or lets it pass.
    private static readonly Dictionary<string, (long? Code, byte[][] OneWay, byte[] Request)> Tolerated = new()
    {
        ["a push stream of a client"] = (null, [[0, 4, 0], [1, 0]], Get),
        ["a frame of HTTP/2 on the control stream"] = (null, [[0, 4, 0, 6, 0]], Get),
        ["a frame of HTTP/2 on a request"] = (RequestIncomplete, [[0, 4, 0]], [2, 0]),
        ["a reference behind the static table"] = (null, [[0, 4, 0]], [1, 4, 0, 0, 0xff, 0x7f]),
        ["a reference to an empty dynamic table"] = (InternalFault, [[0, 4, 0]], [1, 3, 0, 0, 0x80]),
        ["a table that was never filled"] = (InternalFault, [[0, 4, 0]], [1, 3, 5, 0, 0xc1]),
        ["a frame that is cut off"] = (null, [[0, 4, 0]], [1, 50, 0, 0, 0xd1]),
    };

    public static TheoryData<string> ToleratedFaults => [.. Tolerated.Keys];

    public static TheoryData<string> OneWayFaults => [.. OneWay.Keys];

    public static TheoryData<string> RequestFaults => [.. Requests.Keys];

    public static TheoryData<string> MessageFaults => [.. Messages.Keys];

    [Theory]
    [MemberData(nameof(OneWayFaults))]
    public async Task What_may_not_be_on_one_way_streams_ends_the_connection(string fault)
    {
        await using var host = await QuicHost.StartAsync();
        await using var other = await Http3ClientTests.ConnectAsync(host.Port);
        await using var connection = await ConnectAsync(host.Port);
        var (code, streams, end) = OneWay[fault];
        foreach (var bytes in streams)
        {
            await SendAsync(connection, bytes, end, bidirectional: false);
        }

        await EndsAsync(connection, code);
        await AnsweredAsync(other);
    }

    [Theory]
    [MemberData(nameof(RequestFaults))]
    public async Task What_no_request_may_have_ends_the_connection(string fault)
    {
        await using var host = await QuicHost.StartAsync();
        await using var other = await Http3ClientTests.ConnectAsync(host.Port);
        await using var connection = await ConnectAsync(host.Port);
        await SendAsync(connection, [0, 4, 0], end: false, bidirectional: false);
        var (code, bytes) = Requests[fault];
        await SendAsync(connection, bytes, end: true);
        await EndsAsync(connection, code);
        await AnsweredAsync(other);
    }

    [Theory]
    [MemberData(nameof(MessageFaults))]
    public async Task A_malformed_request_is_reset_and_the_next_is_answered(string fault)
    {
        await using var host = await QuicHost.StartAsync();
        await using var connection = await ConnectAsync(host.Port);
        await SendAsync(connection, [0, 4, 0], end: false, bidirectional: false);
        var (code, bytes) = Messages[fault];
        await using var stream = await SendAsync(connection, bytes, end: true);
        var reset = await Assert.ThrowsAsync<QuicException>(() => QuicConnectionTests.ReadAsync(stream.Input));
        Assert.Equal((QuicEnd.Peer, code), (reset.End, reset.Code));
        await using var next = await SendAsync(connection, Get, end: true);
        Assert.NotEmpty(await QuicConnectionTests.ReadAsync(next.Input));
    }

    [Theory]
    [MemberData(nameof(ToleratedFaults))]
    public async Task Where_Kestrel_ends_less_than_it_should_the_next_request_is_answered(string fault)
    {
        await using var host = await QuicHost.StartAsync();
        await using var connection = await ConnectAsync(host.Port);
        var (code, control, request) = Tolerated[fault];
        foreach (var bytes in control)
        {
            await SendAsync(connection, bytes, end: false, bidirectional: false);
        }

        await using var stream = await SendAsync(connection, request, end: true);
        if (code is null)
        {
            await QuicConnectionTests.ReadAsync(stream.Input);
        }
        else
        {
            var reset = await Assert.ThrowsAsync<QuicException>(() => QuicConnectionTests.ReadAsync(stream.Input));
            Assert.Equal((QuicEnd.Peer, code), (reset.End, reset.Code));
        }

        await using var next = await SendAsync(connection, Get, end: true);
        Assert.NotEmpty(await QuicConnectionTests.ReadAsync(next.Input));
    }

    private static async Task<QuicConnection> ConnectAsync(int port) =>
        await QuicEndpoint.ConnectAsync(new QuicConnectOptions
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, port),
            Tls = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [Http3Client.Protocol],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
        });

    private static async Task<QuicStream> SendAsync(
        QuicConnection connection, byte[] bytes, bool end, bool bidirectional = true)
    {
        var stream = await connection.OpenStreamAsync(bidirectional);
        await stream.Output.WriteAsync(bytes);
        if (end)
        {
            await stream.Output.CompleteAsync();
        }

        return stream;
    }

    private static async Task EndsAsync(QuicConnection connection, long code)
    {
        await connection.Closed;
        Assert.Equal((QuicEnd.Peer, code), (connection.CloseReason!.End, connection.CloseReason.Code));
    }

    private static async Task AnsweredAsync(Http3Client client)
    {
        await using var answer = await client.SendAsync(new Http3Request { Authority = "localhost" });
        Assert.Equal(200, answer.Status);
    }

    private static byte[] Header(params (string Name, string Value)[] fields)
    {
        var packed = new ArrayBufferWriter<byte>();
        Qpack.Write(packed, fields);
        return [1, (byte)(0x40 | (packed.WrittenCount >> 8)), (byte)packed.WrittenCount, .. packed.WrittenSpan];
    }
}
