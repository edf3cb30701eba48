using System.Net;
using System.Net.Security;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Quic.Endpoints;
using Quoin.Quic.Native;

namespace Quoin.Quic;

/// <summary>
/// Connections to servers that share one socket and one loop. All of them have the same settings and ALPN.
/// </summary>
public sealed class QuicClient : IAsyncDisposable
{
    private readonly EndpointContext _context;
    private readonly EventLoop _loop;
    private int _stopped;

    /// <summary>Binds a socket and starts its loop.</summary>
    /// <param name="local">Null: any address and port, for IPv4 and IPv6 servers.</param>
    /// <exception cref="QuicUnavailableException">The native library cannot be used.</exception>
    public QuicClient(QuicTransportOptions options, IReadOnlyList<SslApplicationProtocol> protocols,
        IPEndPoint? local = null, TimeProvider? time = null, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        QuicLibrary.Require();
        options.Require(nameof(options));
        _context = new EndpointContext(
            options, protocols, server: false, time ?? TimeProvider.System, logger ?? NullLogger.Instance);
        try
        {
            _loop = QuicListener.Loop(0, local ?? AnyAddress(), share: false, _context);
            _context.Loops = [_loop];
            _loop.Start();
        }
        catch
        {
            _context.Dispose();
            throw;
        }
    }

    /// <summary>An allocator for the library's memory of the connections made from now on; 0: malloc.</summary>
    internal nint Memory { set => _context.Memory = value; }

    /// <summary>Where its socket is bound.</summary>
    public IPEndPoint LocalEndPoint => _loop.LocalEndPoint;

    /// <summary>
    /// Connects. With a stored session and early data it returns before the server has answered
    /// (<see cref="QuicConnection.HandshakeCompleted"/> tells when it has).
    /// </summary>
    /// <exception cref="QuicException">The server does not answer, or the handshake fails.</exception>
    public async Task<QuicConnection> ConnectAsync(
        QuicConnectOptions options, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(options);
        var credentials = CredentialsOf(options.Tls);
        var connected =
            new TaskCompletionSource<QuicConnection>(TaskCreationOptions.RunContinuationsAsynchronously);
        _loop.Post(new LoopAction(() => QuicConnection.Connect(_loop, options, connected, credentials)));
        await using var registration = cancellationToken.UnsafeRegister(
            static (state, token) => ((TaskCompletionSource<QuicConnection>)state!).TrySetCanceled(token), connected);
        return await connected.Task;
    }

    /// <summary>Ends all connections and the loop.</summary>
    public async ValueTask DisposeAsync()
    {
        if (Interlocked.Exchange(ref _stopped, 1) == 0)
        {
            _loop.Stop(0);
        }

        await _loop.Ended;
        _context.Dispose();
    }

    private static IPEndPoint AnyAddress() =>
        new(System.Net.Sockets.Socket.OSSupportsIPv6 ? IPAddress.IPv6Any : IPAddress.Any, 0);

    private static CertificateCredentials CredentialsOf(SslClientAuthenticationOptions tls)
    {
        if (tls.ClientCertificateContext is { } context)
        {
            return CertificateCredentials.From(context.TargetCertificate, context.IntermediateCertificates);
        }

        return tls.ClientCertificates is { Count: > 0 } certificates
            && certificates[0] is System.Security.Cryptography.X509Certificates.X509Certificate2 certificate
            ? CertificateCredentials.From(certificate, [])
            : CertificateCredentials.None();
    }
}
