using System.Net;
using System.Net.Security;

namespace Quoin.Quic;

/// <summary>Where a client connects to, and how.</summary>
public sealed record QuicConnectOptions
{
    /// <summary>Address and port of the server.</summary>
    public required IPEndPoint RemoteEndPoint { get; init; }

    /// <summary>
    /// TLS: the name the server must prove (<c>TargetHost</c>), the protocols (ALPN), a validation callback, a client
    /// certificate. The callback runs on the loop's thread and must not wait.
    /// </summary>
    public required SslClientAuthenticationOptions Tls { get; init; }

    /// <summary>Settings of QUIC.</summary>
    public QuicTransportOptions Transport { get; init; } = new();

    /// <summary>Where sessions are kept, for resumption and early data. Null: nowhere.</summary>
    public IQuicSessionStore? Sessions { get; init; }
}
