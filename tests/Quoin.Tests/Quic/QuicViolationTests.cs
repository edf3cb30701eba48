using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Native;
using Quoin.Tests.Quic.Wire;
using Parameters = System.Collections.Generic.IReadOnlyList<(ulong Name, byte[] Value)>;

namespace Quoin.Tests.Quic;

/// <summary>
/// Peers that break the protocol after an honest beginning: each is left with the code of RFC 9000, 20.1, and nobody
/// else is.
/// </summary>
public sealed class QuicViolationTests
{
    private const int FlowControl = 0x3;
    private const int StreamLimit = 0x4;
    private const int StreamState = 0x5;
    private const int FinalSize = 0x6;
    private const int FrameEncoding = 0x7;
    private const int TransportParameter = 0x8;
    private const int ConnectionIdLimit = 0x9;
    private const int ProtocolViolation = 0xa;
    private const int CryptoBuffer = 0xd;
    private const int UnexpectedMessage = 0x10a;
    private const int MissingExtension = 0x16d;
    private const ulong TooManyStreams = (1UL << 60) + 1;

    private static readonly QuicTransportOptions OneLoop = new()
    {
        Loops = 1,
        StreamWindow = 10_000,
        MaxStreamWindow = 0,
        ConnectionWindow = 30_000,
        MaxConnectionWindow = 0,
        MaxBidirectionalStreams = 2,
        MaxUnidirectionalStreams = 2,
    };

    private static readonly byte[] One = [1];
    private static readonly byte[] Token = new byte[16];

    // Stream ids: 0, 4, 8 the client's, 1, 5 the server's, 2, 6, 10 one-way of the client, 3, 7 one-way of the server.
    private static readonly Dictionary<string, (int Code, byte[] Frames)> Violations = new()
    {
        ["a byte beyond the stream's window"] = (FlowControl, WireFrame.WriteStream(0, 10_000, One)),
        ["a byte beyond the connection's window"] = (FlowControl, [
            .. WireFrame.WriteStream(0, 9_999, One), .. WireFrame.WriteStream(4, 9_999, One),
            .. WireFrame.WriteStream(2, 9_999, One), .. WireFrame.WriteStream(6, 0, One)]),
        ["a reset beyond the stream's window"] =
            (FlowControl, WireNumber.WriteAll(WireFrame.ResetStream, 0, 0, 10_001)),
        ["a stream too many"] = (StreamLimit, WireFrame.WriteStream(8, 0, One)),
        ["a one-way stream too many"] = (StreamLimit, WireFrame.WriteStream(10, 0, One)),
        ["bytes on a stream of the other way"] = (StreamState, WireFrame.WriteStream(3, 0, One)),
        ["bytes on a stream that nobody has opened"] = (StreamState, WireFrame.WriteStream(1, 0, One)),
        // ngtcp2 uses the general code here, as it may (RFC 9000, 11).
        ["a reset of a stream of the other way"] =
            (ProtocolViolation, WireNumber.WriteAll(WireFrame.ResetStream, 3, 0, 0)),
        ["no more wanted of a stream that brings nothing"] =
            (StreamState, WireNumber.WriteAll(WireFrame.StopSending, 2, 0)),
        ["credit for a stream that brings nothing"] =
            (StreamState, WireNumber.WriteAll(WireFrame.MaxStreamData, 2, 1000)),
        ["credit for a stream that nobody has opened"] =
            (StreamState, WireNumber.WriteAll(WireFrame.MaxStreamData, 1, 1000)),
        ["an end that moves"] = (FinalSize, [
            .. WireFrame.WriteStream(0, 0, [1, 2, 3], end: true),
            .. WireFrame.WriteStream(0, 0, [1, 2, 3, 4], end: true)]),
        ["bytes behind the end"] = (FinalSize, [
            .. WireFrame.WriteStream(4, 10, One, end: true), .. WireFrame.WriteStream(4, 20, One)]),
        ["a reset to less than was sent"] = (FinalSize, [
            .. WireFrame.WriteStream(0, 10, One), .. WireNumber.WriteAll(WireFrame.ResetStream, 0, 0, 5)]),
        ["a frame of no known type"] = (FrameEncoding, [0x1f]),
        ["a frame of no known long type"] = (FrameEncoding, WireNumber.Write(0x4242)),
        ["a frame that is cut off"] = (FrameEncoding, [.. WireNumber.WriteAll(WireFrame.Crypto, 0, 50), 1]),
        ["a stream frame that is cut off"] = (FrameEncoding, [0x0e, 0, 0, 40, 1]),
        ["an offset beyond all numbers"] = (FlowControl, WireFrame.WriteStream(0, WireNumber.Largest, One)),
        ["more streams than can be"] = (FrameEncoding, WireNumber.WriteAll(WireFrame.MaxStreams, TooManyStreams)),
        ["acknowledgements below zero"] = (QuicLibrary.Fault is null && QuicLibrary.Layout.IsVersion1
            ? FrameEncoding : ProtocolViolation, WireNumber.WriteAll(WireFrame.Ack, 5, 0, 0, 10)),
        ["an acknowledgement of what was never sent"] =
            (ProtocolViolation, WireNumber.WriteAll(WireFrame.Ack, 1_000_000, 0, 0, 0)),
        ["the handshake done by a client"] = (ProtocolViolation, [(byte)WireFrame.HandshakeDone]),
        ["a token by a client"] = (ProtocolViolation, [(byte)WireFrame.NewToken, 1, 1]),
        ["a packet without frames"] = (ProtocolViolation, []),
        ["a datagram that was not agreed on"] = (ProtocolViolation, [(byte)WireFrame.Datagram + 1, 1, 1]),
        ["another id of the same number"] = (ProtocolViolation, [0x18, 1, 0, 8, .. "id-by-me"u8, .. Token]),
        ["an id given back that was never given"] = (ProtocolViolation, [0x19, 60]),
        ["an id too many"] = (ConnectionIdLimit, [
            0x18, 40, 0, 8, .. "another1"u8, .. Token, 0x18, 41, 0, 8, .. "another2"u8, .. Token,
            0x18, 42, 0, 8, .. "another3"u8, .. Token]),
        ["an id that retires those after it"] = (FrameEncoding, [0x18, 5, 6, 8, .. "id-by-me"u8, .. Token]),
        ["an id of no bytes"] = (FrameEncoding, [0x18, 5, 0, 0, .. Token]),
        ["an id of 21 bytes"] = (FrameEncoding, [0x18, 5, 0, 21, .. new byte[21], .. Token]),
        ["a handshake message that is none"] =
            (UnexpectedMessage, [.. WireNumber.WriteAll(WireFrame.Crypto, 0, 4), 1, 0, 0, 0]),
        ["handshake bytes far ahead"] = (CryptoBuffer, [.. WireNumber.WriteAll(WireFrame.Crypto, 1_000_000, 1), 1]),
    };

    private static readonly Dictionary<string, (int Code, byte[] Frames)> ServersViolations = new()
    {
        ["a byte beyond the stream's window"] = (FlowControl, WireFrame.WriteStream(1, 10_000, One)),
        ["a stream too many"] = (StreamLimit, WireFrame.WriteStream(9, 0, One)),
        ["bytes on a stream of the other way"] = (StreamState, WireFrame.WriteStream(2, 0, One)),
        ["a token of no bytes"] = (FrameEncoding, [(byte)WireFrame.NewToken, 0]),
        ["an end that moves"] = (FinalSize, [
            .. WireFrame.WriteStream(1, 0, [1, 2, 3], end: true), .. WireFrame.WriteStream(1, 3, One)]),
        ["a frame of no known type"] = (FrameEncoding, [0x1f]),
        ["an acknowledgement of what was never sent"] =
            (ProtocolViolation, WireNumber.WriteAll(WireFrame.Ack, 1_000_000, 0, 0, 0)),
    };

    private static readonly Dictionary<string, (int Code, Func<Parameters, Parameters?> Change)> BadParameters = new()
    {
        ["a server's id"] = (TransportParameter, list => [.. list, (TransportParameters.OriginalDestinationId, Token)]),
        ["a server's reset token"] =
            (TransportParameter, list => [.. list, (TransportParameters.StatelessResetToken, Token)]),
        ["packets too small"] =
            (TransportParameter, list => [.. list, (TransportParameters.MaxUdpPayload, WireNumber.Write(1199))]),
        ["an exponent too large"] =
            (TransportParameter, list => [.. list, (TransportParameters.AckDelayExponent, WireNumber.Write(21))]),
        ["a delay too large"] =
            (TransportParameter, list => [.. list, (TransportParameters.MaxAckDelay, WireNumber.Write(1 << 14))]),
        ["too few ids"] = (TransportParameter,
            list => [.. list, (TransportParameters.ActiveConnectionIdLimit, WireNumber.Write(1))]),
        ["no source id"] = (TransportParameter,
            list => [.. list.Where(one => one.Name != TransportParameters.InitialSourceId)]),
        ["another source id"] = (TransportParameter, list =>
        [
            .. list.Where(one => one.Name != TransportParameters.InitialSourceId),
            (TransportParameters.InitialSourceId, Token),
        ]),
        ["more streams than can be"] = (TransportParameter, list =>
        [
            .. list.Where(one => one.Name != TransportParameters.MaxStreamsBidirectional),
            (TransportParameters.MaxStreamsBidirectional, WireNumber.Write(TooManyStreams)),
        ]),
        ["a number that is none"] =
            (TransportParameter, list => [.. list, (TransportParameters.MaxAckDelay, [0x40])]),
        ["none at all"] = (MissingExtension, _ => null),
    };

    public static TheoryData<string> ClientsFaults => [.. Violations.Keys];

    public static TheoryData<string> ServersFaults => [.. ServersViolations.Keys];

    public static TheoryData<string> ParameterFaults => [.. BadParameters.Keys];

    [Theory]
    [MemberData(nameof(ClientsFaults))]
    public async Task A_client_that_breaks_the_protocol_is_left_with_the_code_for_it(string fault)
    {
        await using var pair = await TappedPair.StartAsync(OneLoop);
        var bystander = await pair.ConnectAnotherAsync();
        await using var honest = bystander.Client;
        var violator = new Violator(pair.Tap, server: false);
        var (code, frames) = Violations[fault];
        await violator.SendAsync(frames);
        Assert.Equal((ulong)code, await violator.ClosedAsync());
        await pair.Server.Closed;
        Assert.Equal((QuicEnd.Transport, code), (pair.Server.CloseReason!.End, (int)pair.Server.CloseReason.Code));
        await OnlyTheOtherIsLeftAsync(pair, honest, bystander.Server);
    }

    [Theory]
    [InlineData(0x08)]
    [InlineData(0x10)]
    public async Task Bits_that_are_reserved_are_zero(byte bits)
    {
        await using var pair = await TappedPair.StartAsync(OneLoop);
        var violator = new Violator(pair.Tap, server: false);
        await violator.SendAsync([(byte)WireFrame.Ping], bits);
        Assert.Equal((ulong)ProtocolViolation, await violator.ClosedAsync());
    }

    [Theory]
    [MemberData(nameof(ServersFaults))]
    public async Task A_server_that_breaks_the_protocol_is_left_with_the_code_for_it(string fault)
    {
        await using var pair = await TappedPair.StartAsync(new QuicTransportOptions { Loops = 1 }, OneLoop);
        var violator = new Violator(pair.Tap, server: true);
        var (code, frames) = ServersViolations[fault];
        await violator.SendAsync(frames);
        Assert.Equal((ulong)code, await violator.ClosedAsync());
        await pair.Client.Closed;
        Assert.Equal((QuicEnd.Transport, code), (pair.Client.CloseReason!.End, (int)pair.Client.CloseReason.Code));
    }

    [Theory]
    [MemberData(nameof(ParameterFaults))]
    public async Task A_client_with_wrong_transport_parameters_is_refused(string fault)
    {
        await using var pair = await QuicPair.ListenAsync(OneLoop);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        var (code, change) = BadParameters[fault];
        relay.Change = datagram => FirstFlight.Replace(datagram, hello =>
        {
            var (start, length) = TransportParameters.Find(hello);
            var told = TransportParameters.Read(hello.AsSpan(start, length)).Select(one => (one.Key, one.Value));
            var changed = change([.. told]);
            return FirstFlight.WriteCrypto(TransportParameters.Replace(
                hello, changed is null ? null : TransportParameters.Write(changed)));
        });
        var end = await Assert.ThrowsAsync<QuicException>(
            () => QuicEndpoint.ConnectAsync(pair.To() with { RemoteEndPoint = relay.EndPoint }));
        Assert.Equal((QuicEnd.PeerTransport, code), (end.End, (int)end.Code));
        while (pair.Listener.Connections > 0)
        {
            await Task.Yield();
        }

        await using var honest = await QuicEndpoint.ConnectAsync(pair.To());
    }

    [Fact]
    public async Task A_first_packet_with_stream_bytes_is_dropped_for_anybody_could_have_made_it()
    {
        await using var pair = await QuicPair.ListenAsync(OneLoop);
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        relay.Change = datagram => FirstFlight.Replace(datagram, hello =>
            [.. FirstFlight.WriteCrypto(hello), .. WireFrame.WriteStream(0, 0, One)]) ?? datagram;
        var end = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(
            pair.To(new QuicTransportOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(300) })
            with
            { RemoteEndPoint = relay.EndPoint }));
        Assert.Equal(QuicEnd.HandshakeTimeout, end.End);
        Assert.Empty(relay.Received);
        Assert.Equal(0, pair.Listener.Connections);
    }

    [Fact]
    public async Task Whoever_has_not_shown_that_it_receives_gets_three_times_what_it_has_sent_at_most()
    {
        using var large = LargeCertificate();
        await using var pair = await QuicPair.ListenAsync(
            OneLoop with { HandshakeTimeout = TimeSpan.FromSeconds(1) },
            _ => new() { ServerCertificate = large });
        await using var relay = new Relay(pair.Listener.LocalEndPoint);
        var first = 1;
        relay.Change = datagram => Interlocked.Exchange(ref first, 0) == 1 ? datagram : null;
        await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(
            pair.To(new QuicTransportOptions { HandshakeTimeout = TimeSpan.FromMilliseconds(500) })
            with
            { RemoteEndPoint = relay.EndPoint }));
        while (pair.Listener.Connections > 0)
        {
            await Task.Yield();
        }

        var sent = relay.Sent.First().Length;
        Assert.InRange(relay.Received.Sum(datagram => datagram.Length), 2 * sent, 3 * sent);
    }

    /// <summary>With which a server's first flight is more than it may send.</summary>
    private static X509Certificate2 LargeCertificate()
    {
        const int Bytes = 6_000;
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=large", key, HashAlgorithmName.SHA256);
        request.CertificateExtensions.Add(new X509Extension("1.3.6.1.4.1.99999.1", new byte[Bytes], critical: false));
        var now = TimeProvider.System.GetUtcNow();
        return request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
    }

    private static async Task OnlyTheOtherIsLeftAsync(
        TappedPair pair, QuicConnection honest, QuicConnection served)
    {
        Assert.Equal(1, pair.Listener.Connections);
        var echo = QuicConnectionTests.EchoAsync(served);
        await using var stream = await honest.OpenStreamAsync();
        await QuicConnectionTests.WriteAsync(stream.Output, "still here"u8.ToArray());
        Assert.Equal("still here"u8.ToArray(), await QuicConnectionTests.ReadAsync(stream.Input));
        await echo;

        // Its native memory goes when late packets can no longer come.
        while (await ConnectionAsync(pair.Server) != 0)
        {
            await Task.Yield();
        }
    }

    // The loop's thread alone may look.
    private static Task<nint> ConnectionAsync(QuicConnection connection)
    {
        var found = new TaskCompletionSource<nint>(TaskCreationOptions.RunContinuationsAsynchronously);
        connection.Loop.Post(new LoopAction(() => found.SetResult(connection.Handle.Connection)));
        return found.Task;
    }
}
