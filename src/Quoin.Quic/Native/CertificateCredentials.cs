using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text;

namespace Quoin.Quic.Native;

/// <summary>
/// A certificate chain with its key inside GnuTLS. Sessions hold its pointer, not a copy, so it is counted: the cache
/// and each connection hold one, and whoever lets go last frees it, on whatever thread that is.
/// </summary>
internal sealed unsafe class CertificateCredentials
{
    private int _holders = 1;

    private CertificateCredentials(nint handle) => Handle = handle;

    public nint Handle { get; }

    /// <summary>Without a certificate: a client's.</summary>
    public static CertificateCredentials None()
    {
        nint handle = 0;
        Check(GnuTls.AllocateCredentials(&handle));
        GnuTls.SetVerifyFunction(handle, ConnectionCallbacks.VerifyPeer);
        return new(handle);
    }

    /// <exception cref="CryptographicException">The key cannot be taken out of its store, or does not fit.</exception>
    public static CertificateCredentials From(X509Certificate2 certificate, IEnumerable<X509Certificate2> chain)
    {
        var pem = new StringBuilder(certificate.ExportCertificatePem());
        foreach (var other in chain)
        {
            pem.Append('\n').Append(other.ExportCertificatePem());
        }

        var certificates = Encoding.ASCII.GetBytes(pem.ToString());
        var key = ExportKey(certificate);
        var credentials = None();
        try
        {
            fixed (byte* first = certificates, second = key)
            {
                var chainText = new NativeDatum { Data = first, Size = (uint)certificates.Length };
                var keyText = new NativeDatum { Data = second, Size = (uint)key.Length };
                Check(GnuTls.SetKeyFromMemory(credentials.Handle, &chainText, &keyText, GnuTls.FormatPem));
            }

            return credentials;
        }
        catch
        {
            credentials.Release();
            throw;
        }
        finally
        {
            CryptographicOperations.ZeroMemory(key);
        }
    }

    /// <summary>One more holder.</summary>
    public CertificateCredentials Hold()
    {
        Interlocked.Increment(ref _holders);
        return this;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref _holders) == 0)
        {
            GnuTls.FreeCredentials(Handle);
        }
    }

    private static byte[] ExportKey(X509Certificate2 certificate)
    {
        try
        {
            using var rsa = certificate.GetRSAPrivateKey();
            using var ecdsa = certificate.GetECDsaPrivateKey();
            AsymmetricAlgorithm? key = rsa is null ? ecdsa : rsa;
            if (key is null)
            {
                throw new CryptographicException(certificate.HasPrivateKey
                    ? $"the key of {certificate.Subject} is neither RSA nor ECDSA, which HTTP/3 needs here"
                    : $"the certificate {certificate.Subject} has no private key");
            }

            var text = key.ExportPkcs8PrivateKeyPem();
            var bytes = Encoding.ASCII.GetBytes(text);
            return bytes;
        }
        catch (CryptographicException e) when (certificate.HasPrivateKey && e.InnerException is null
            && !e.Message.StartsWith("the ", StringComparison.Ordinal))
        {
            throw new CryptographicException(
                $"the private key of {certificate.Subject} cannot be exported, which QUIC over GnuTLS needs: use a PEM "
                + "file, or a key that is marked exportable", e);
        }
    }

    private static void Check(int result)
    {
        if (result < 0)
        {
            throw new CryptographicException(GnuTls.Describe(result));
        }
    }
}
