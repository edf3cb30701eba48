using System.Net.Security;
using Quoin.Quic.Connections;
using Quoin.Quic.Native;
using Quoin.Quic.Protocol;
using Quoin.Quic.Tls;

namespace Quoin.Quic;

/// <summary>What the libraries tell while packets are read and written.</summary>
public sealed partial class QuicConnection : IConnectionEvents
{
    private const int OneRttLevel = 2;

    private readonly ClientHelloWait _hello;
    private PeerCertificate? _expected;
    private Task? _choice;
    private string? _rejection;
    private bool _asksCertificate;
    private bool _reset;
    private bool _delivered;
    private QlogFile? _qlog;

    int IConnectionEvents.OnCrypto(int level, ulong offset, ReadOnlySpan<byte> data)
    {
        if (level == 0 && Context.IsServer && !_hello.IsOver)
        {
            return _hello.Add(data, _closing.Token);
        }

        return TlsHandshake.Receive(_handle, level, offset, data);
    }

    void IConnectionEvents.OnHandshakeCompleted()
    {
        NegotiatedProtocol = new SslApplicationProtocol(TlsHandshake.ProtocolOf(_handle.Session));
        if (Context.IsServer)
        {
            _ = GnuTls.SendTicket(_handle.Session, 1, 0);
            GiveAddressToken();
        }
        else
        {
            NoteEarlyDataResult();
        }

        if (PeerCertificate is null && _expected is { } expected && Context.IsServer && _asksCertificate
            && !expected.IsAccepted(this, [], out _))
        {
            _rejection = "the client has shown no certificate";
            Loop.Post(new Endpoints.LoopAction(() => CloseWithAlert(NoCertificateAlert, _rejection)));
            return;
        }

        if (Context.Options.KeepAliveInterval > TimeSpan.Zero)
        {
            Ngtcp2Connection.SetKeepAlive(_handle.Connection, (ulong)Context.Options.KeepAliveInterval.Ticks * 100);
        }

        Context.CountHandshake(-1);
        _handshake.TrySetResult();
        HandOver();
    }

    void IConnectionEvents.OnSendKey(int level)
    {
        // With early data a server answers before the handshake is complete, unless it waits for a certificate.
        if (level == OneRttLevel && Context.IsServer && Context.Options.EarlyData && !_asksCertificate)
        {
            HandOver();
        }
    }

    void IConnectionEvents.OnStreamOpened(long id) => _streams.Opened(id);

    void IConnectionEvents.OnStreamData(uint flags, long id, ReadOnlySpan<byte> data) =>
        _streams.Received(flags, id, data);

    void IConnectionEvents.OnStreamAcknowledged(long id, long offset) => _streams.Acknowledged(id, offset);

    void IConnectionEvents.OnStreamClosed(long id, long code) => _streams.Closed(id, code < 0 ? null : code);

    void IConnectionEvents.OnStreamReset(long id, long code) => _streams.WasReset(id, code);

    void IConnectionEvents.OnStreamWindow(long id) => _streams.WindowExtended(id);

    void IConnectionEvents.OnMoreStreams() => _streams.OpenWaiting();

    void IConnectionEvents.OnConnectionId(Span<byte> id, Span<byte> resetToken)
    {
        Loop.NewConnectionId(id);
        Loop.ResetTokenOf(id, resetToken);
        Map(new ConnectionId(id));
    }

    void IConnectionEvents.OnConnectionIdRetired(ReadOnlySpan<byte> id)
    {
        var retired = new ConnectionId(id);
        _ids.Remove(retired);
        Loop.Unmap(retired);
    }

    void IConnectionEvents.OnDatagram(bool early, ReadOnlySpan<byte> data)
    {
        ReceivedEarlyData |= early;
        _datagrams.Add(data);
    }

    void IConnectionEvents.OnStatelessReset() => _reset = true;

    void IConnectionEvents.OnSessionTicket() => StoreSession();

    void IConnectionEvents.OnAddressToken(ReadOnlySpan<byte> token) => KeepAddressToken(token);

    void IConnectionEvents.OnKeyLog(string label, ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> secret) =>
        Context.KeyLog?.Write(label, clientRandom, secret);

    void IConnectionEvents.OnQlog(bool last, ReadOnlySpan<byte> data) => _qlog?.Write(data);

    bool IConnectionEvents.OnPeerCertificate(IReadOnlyList<byte[]> chain)
    {
        if (chain.Count == 0 && Context.IsServer)
        {
            // Judged when the handshake is complete, to be refused with the alert for it.
            return true;
        }

        var accepted = _expected?.IsAccepted(this, chain, out var certificate) ?? throw new InvalidOperationException();
        PeerCertificate = certificate;
        _rejection = accepted ? null : "the peer's certificate is not accepted";
        return accepted;
    }

    void IConnectionEvents.OnFault(Exception exception) => Log.Fault(Context.Logger, RemoteEndPoint, exception);

    /// <summary>How the peer's certificate will be judged.</summary>
    internal void Expect(PeerCertificate expected, bool asked)
    {
        _expected = expected;
        _asksCertificate = asked;
    }

    /// <summary>A choice of a certificate that takes its time; it ends with the connection.</summary>
    internal void Track(Task choice) => _choice = choice;

    /// <summary>Gives it to whoever accepts connections, once.</summary>
    private void HandOver()
    {
        if (_delivered)
        {
            return;
        }

        _delivered = true;
        if (!Context.IsServer)
        {
            _connected?.TrySetResult(this);
            return;
        }

        if (NegotiatedProtocol.Protocol.IsEmpty)
        {
            NegotiatedProtocol = new SslApplicationProtocol(TlsHandshake.ProtocolOf(_handle.Session));
        }

        if (!Context.Accepted.Writer.TryWrite(this))
        {
            Loop.Post(new Endpoints.LoopAction(() => CloseByApplication(DefaultCloseCode)));
        }
    }
}
