namespace Quoin.Quic;

/// <summary>
/// Keeps what a client needs to come back to a server with one round trip less, or none (0-RTT). A session holds
/// secrets: it belongs where keys do. Called on the loop's thread; it must not wait.
/// </summary>
public interface IQuicSessionStore
{
    /// <summary>The last session with this server, once: a ticket should not be used twice (RFC 8446, C.4).</summary>
    byte[]? Take(string server);

    /// <summary>A session to come back with.</summary>
    void Put(string server, byte[] session);
}
