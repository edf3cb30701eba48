namespace Quoin.Quic;

/// <summary>
/// On a connection and on a stream: what came in early data (0-RTT). Such a request was sent before the handshake was
/// complete; a copy of it that somebody sends elsewhere may be run there too (RFC 8446, 8; RFC 8470).
/// </summary>
public interface IQuicEarlyDataFeature
{
    /// <summary>Some of what was read so far came in early data.</summary>
    bool ReceivedEarlyData { get; }

    /// <summary>Completes with the handshake, and fails with the connection: then nothing was a replay.</summary>
    Task HandshakeCompleted { get; }
}
