using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Quoin.Quic;

/// <summary>Where a listener listens, and how.</summary>
public sealed record QuicListenOptions
{
    /// <summary>Address and port; port 0: any free one.</summary>
    public required IPEndPoint EndPoint { get; init; }

    /// <summary>The protocols that are spoken (ALPN), the preferred one first.</summary>
    public required IReadOnlyList<SslApplicationProtocol> Protocols { get; init; }

    /// <summary>
    /// Chooses the certificate for the name that a client asks for (<see cref="QuicConnection.ServerName"/>). It is
    /// called on the loop's thread: it returns at once, or a task that is waited for.
    /// </summary>
    public required Func<QuicConnection, CancellationToken, ValueTask<SslServerAuthenticationOptions>> SelectTls
    {
        get;
        init;
    }

    /// <summary>Settings of QUIC.</summary>
    public QuicTransportOptions Transport { get; init; } = new();

    /// <summary>Where the key of a certificate is, when it is not the certificate's own.</summary>
    internal Func<X509Certificate2, AsymmetricAlgorithm?>? KeyOf { get; init; }

    /// <summary>An allocator for the library's memory of each connection; 0: malloc.</summary>
    internal nint Memory { get; init; }
}
