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

    /// <param name="keyOf">Where the key is, when it is not the certificate's own.</param>
    /// <exception cref="CryptographicException">The key is missing, of another kind, or does not fit.</exception>
    public static CertificateCredentials From(X509Certificate2 certificate, IEnumerable<X509Certificate2> chain,
        Func<X509Certificate2, AsymmetricAlgorithm?>? keyOf = null)
    {
        var key = keyOf?.Invoke(certificate) ?? KeyOf(certificate);
        var certificates = (List<X509Certificate2>)[certificate, .. chain];
        if (TryExport(key) is not { } text)
        {
            return FromSigningKey(certificates, key);
        }

        key.Dispose();
        return FromText(certificates, text);
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

    private static AsymmetricAlgorithm KeyOf(X509Certificate2 certificate)
    {
        AsymmetricAlgorithm? rsa = certificate.GetRSAPrivateKey();
        return rsa ?? certificate.GetECDsaPrivateKey() ?? throw new CryptographicException(certificate.HasPrivateKey
            ? $"the key of {certificate.Subject} is neither RSA nor ECDSA, which HTTP/3 needs here"
            : $"the certificate {certificate.Subject} has no private key");
    }

    /// <summary>The key as PEM; null: it cannot be taken out of where it is.</summary>
    private static byte[]? TryExport(AsymmetricAlgorithm key)
    {
        try
        {
            return Encoding.ASCII.GetBytes(key.ExportPkcs8PrivateKeyPem());
        }
        catch (Exception e) when (e is CryptographicException or NotSupportedException)
        {
            return null;
        }
    }

    private static CertificateCredentials FromText(List<X509Certificate2> chain, byte[] key)
    {
        var certificates =
            Encoding.ASCII.GetBytes(string.Join('\n', chain.Select(certificate => certificate.ExportCertificatePem())));
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

    private static CertificateCredentials FromSigningKey(List<X509Certificate2> chain, AsymmetricAlgorithm key)
    {
        if (chain.Count > QuicLimits.PeerCertificates)
        {
            throw new CryptographicException($"a chain of {chain.Count} certificates is too long");
        }

        var credentials = None();
        var certificates = stackalloc NativeCertificate[QuicLimits.PeerCertificates];
        var imported = 0;
        var handedOver = false;
        try
        {
            foreach (var certificate in chain)
            {
                fixed (byte* start = certificate.RawData)
                {
                    var bytes = new NativeDatum { Data = start, Size = (uint)certificate.RawData.Length };
                    Check(GnuTls.ImportCertificate(certificates + imported, &bytes, GnuTls.FormatDer, 0));
                    imported++;
                }
            }

            var handle = SigningKey.Import(key);
            handedOver = true;
            Check(GnuTls.SetKey(credentials.Handle, 0, 0, certificates, imported, handle));
            return credentials;
        }
        catch
        {
            for (var i = 0; i < imported && !handedOver; i++)
            {
                GnuTls.FreeCertificate(certificates + i);
            }

            credentials.Release();
            throw;
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
