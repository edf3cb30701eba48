using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;

namespace Quoin.Quic.Tls;

/// <summary>
/// Judges the certificate that a peer has shown, as <see cref="SslStream"/> does: a chain is built without asking the
/// network for missing parts, errors are gathered, and the application's callback has the last word. It runs on the
/// loop's thread, so the callback must not wait.
/// </summary>
internal sealed record PeerCertificate
{
    /// <summary>Without a certificate the handshake fails.</summary>
    public required bool IsRequired { get; init; }

    /// <summary>The name that it has to have; null: any (a client's).</summary>
    public string? Host { get; init; }

    public RemoteCertificateValidationCallback? Callback { get; init; }

    public X509RevocationMode Revocation { get; init; } = X509RevocationMode.NoCheck;

    public X509ChainPolicy? Policy { get; init; }

    /// <param name="shown">DER, the peer's own first.</param>
    /// <param name="certificate">What was shown; null: nothing, or what is no certificate.</param>
    public bool IsAccepted(object sender, IReadOnlyList<byte[]> shown, out X509Certificate2? certificate)
    {
        certificate = null;
        using var chain = new X509Chain();
        var errors = SslPolicyErrors.RemoteCertificateNotAvailable;
        try
        {
            if (shown.Count > 0)
            {
                certificate = X509CertificateLoader.LoadCertificate(shown[0]);
                errors = ErrorsOf(certificate, chain, shown);
            }
        }
        catch (CryptographicException)
        {
            return false;
        }

        if (certificate is null && !IsRequired)
        {
            return true;
        }

        return Callback is { } callback
            ? callback(sender, certificate, certificate is null ? null : chain, errors)
            : errors == SslPolicyErrors.None;
    }

    private SslPolicyErrors ErrorsOf(X509Certificate2 certificate, X509Chain chain, IReadOnlyList<byte[]> shown)
    {
        chain.ChainPolicy = Policy?.Clone() ?? new X509ChainPolicy();
        if (Policy is null)
        {
            chain.ChainPolicy.RevocationMode = Revocation;
            chain.ChainPolicy.DisableCertificateDownloads = true;
        }

        foreach (var other in shown.Skip(1))
        {
            chain.ChainPolicy.ExtraStore.Add(X509CertificateLoader.LoadCertificate(other));
        }

        var errors = chain.Build(certificate) ? SslPolicyErrors.None : SslPolicyErrors.RemoteCertificateChainErrors;
        if (Host is { } host && !certificate.MatchesHostname(host))
        {
            errors |= SslPolicyErrors.RemoteCertificateNameMismatch;
        }

        return errors;
    }
}
