namespace Quoin.Quic.Connections;

/// <summary>
/// What ngtcp2 and GnuTLS tell of a connection while the loop reads or writes for it. On the loop's thread.
/// </summary>
internal interface IConnectionEvents
{
    /// <returns>0, or an error of the library, with which the connection is to be closed.</returns>
    int OnCrypto(int level, ulong offset, ReadOnlySpan<byte> data);

    void OnHandshakeCompleted();

    void OnSendKey(int level);

    void OnStreamOpened(long id);

    void OnStreamData(uint flags, long id, ReadOnlySpan<byte> data);

    void OnStreamAcknowledged(long id, long offset);

    /// <param name="code">-1: none.</param>
    void OnStreamClosed(long id, long code);

    void OnStreamReset(long id, long code);

    void OnStreamWindow(long id);

    void OnMoreStreams();

    void OnConnectionId(Span<byte> id, Span<byte> resetToken);

    void OnConnectionIdRetired(ReadOnlySpan<byte> id);

    void OnDatagram(bool early, ReadOnlySpan<byte> data);

    void OnStatelessReset();

    void OnSessionTicket();

    /// <summary>What spares a client the proof of its address when it comes back.</summary>
    void OnAddressToken(ReadOnlySpan<byte> token);

    void OnKeyLog(string label, ReadOnlySpan<byte> clientRandom, ReadOnlySpan<byte> secret);

    void OnQlog(bool last, ReadOnlySpan<byte> data);

    bool OnPeerCertificate(IReadOnlyList<byte[]> chain);

    /// <summary>A callback has thrown: the library is told that it failed.</summary>
    void OnFault(Exception exception);
}
