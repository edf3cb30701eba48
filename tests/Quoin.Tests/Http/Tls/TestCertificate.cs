using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Quoin.Tests.Http.Tls;

/// <summary>A certificate for localhost that a test makes for itself, and its files.</summary>
internal static class TestCertificate
{
    public static X509Certificate2 Create(string name = "localhost")
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=" + name, key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName("localhost");
        names.AddIpAddress(IPAddress.Loopback);
        request.CertificateExtensions.Add(names.Build());
        using var bare = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150));
        return X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
    }

    /// <summary>Writes <c>cert.pem</c> and <c>key.pem</c>.</summary>
    public static (string Certificate, string Key) WriteTo(string folder, X509Certificate2 certificate)
    {
        Directory.CreateDirectory(folder);
        var files = (Certificate: Path.Combine(folder, "cert.pem"), Key: Path.Combine(folder, "key.pem"));
        File.WriteAllText(files.Certificate, certificate.ExportCertificatePem());
        File.WriteAllText(files.Key, ExportKey(certificate));
        return files;
    }

    public static string ExportKey(X509Certificate2 certificate)
    {
        // A key that was loaded is not exportable on every platform; its copy through an encrypted form is.
        using var key = certificate.GetECDsaPrivateKey()!;
        var secret = new PbeParameters(PbeEncryptionAlgorithm.Aes128Cbc, HashAlgorithmName.SHA256, 1);
        using var copy = ECDsa.Create();
        copy.ImportEncryptedPkcs8PrivateKey("x", key.ExportEncryptedPkcs8PrivateKey("x", secret), out _);
        return copy.ExportPkcs8PrivateKeyPem();
    }
}
