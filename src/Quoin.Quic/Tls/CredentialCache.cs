using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic.Native;

namespace Quoin.Quic.Tls;

/// <summary>
/// Credentials that are ready, by the thumbprints of their chain: a certificate that is replaced has another one, and
/// the old goes when newer ones push it out. Making one takes milliseconds, so handshakes do not. Safe from all
/// threads.
/// </summary>
internal sealed class CredentialCache(Func<X509Certificate2, AsymmetricAlgorithm?>? keyOf) : IDisposable
{
    private readonly Lock _gate = new();
    private readonly Dictionary<string, CertificateCredentials> _byChain = new(StringComparer.Ordinal);
    private readonly Queue<string> _order = new();

    /// <summary>Credentials for a handshake; the caller releases them.</summary>
    /// <exception cref="CryptographicException">There is no certificate, or its key cannot be used.</exception>
    public CertificateCredentials Get(SslServerAuthenticationOptions options, QuicConnection connection)
    {
        var (certificate, chain) = CertificateOf(options, connection);
        var key = certificate.Thumbprint;
        foreach (var other in chain)
        {
            key += other.Thumbprint;
        }

        lock (_gate)
        {
            if (_byChain.TryGetValue(key, out var known))
            {
                return known.Hold();
            }

            var made = CertificateCredentials.From(certificate, chain, keyOf);
            _byChain.Add(key, made);
            _order.Enqueue(key);
            if (_order.Count > QuicLimits.CachedCredentials && _byChain.Remove(_order.Dequeue(), out var oldest))
            {
                oldest.Release();
            }

            return made.Hold();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            foreach (var credentials in _byChain.Values)
            {
                credentials.Release();
            }

            _byChain.Clear();
            _order.Clear();
        }
    }

    private static (X509Certificate2 Certificate, IReadOnlyList<X509Certificate2> Chain) CertificateOf(
        SslServerAuthenticationOptions options, QuicConnection connection)
    {
        if (options.ServerCertificateContext is { } context)
        {
            return (context.TargetCertificate, context.IntermediateCertificates);
        }

        var certificate = options.ServerCertificateSelectionCallback is { } select
            ? select(connection, connection.ServerName)
            : options.ServerCertificate;
        return certificate is X509Certificate2 found
            ? (found, [])
            : throw new CryptographicException($"there is no certificate for \"{connection.ServerName}\"");
    }
}
