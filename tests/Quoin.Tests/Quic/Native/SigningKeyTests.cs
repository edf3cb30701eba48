using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic;

namespace Quoin.Tests.Quic.Native;

/// <summary>Keys that do not leave their module: it signs.</summary>
public sealed class SigningKeyTests
{
    [Theory]
    [InlineData("rsa-2048")]
    [InlineData("rsa-3072")]
    [InlineData("p-256")]
    [InlineData("p-384")]
    public async Task A_handshake_is_signed_by_a_key_that_cannot_be_exported(string kind)
    {
        QuicPair.Skip();
        using var inner = Create(kind);
        using var certificate = CertificateOf(inner);
        var (signatures, shown) = await ConnectAsync(certificate, Hidden(inner));
        Assert.True(signatures > 0);
        Assert.Equal(certificate.Thumbprint, shown);
    }

    [Fact]
    public async Task A_key_that_fails_to_sign_ends_the_handshake_and_no_more()
    {
        QuicPair.Skip();
        using var inner = RSA.Create(2048);
        using var certificate = CertificateOf(inner);
        var hidden = new HiddenRsa(inner);
        await using var listener = Listen(certificate, hidden);
        await using (await QuicEndpoint.ConnectAsync(To(listener, _ => { })))
        {
            hidden.IsBroken = true;
        }

        var fault = await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(To(listener, _ => { })));
        Assert.Equal(QuicEnd.PeerTransport, fault.End);
        Assert.InRange(fault.Code, 0x100, 0x1ff);
        hidden.IsBroken = false;
        await using var again = await QuicEndpoint.ConnectAsync(To(listener, _ => { }));
    }

    [Fact]
    public async Task A_key_of_another_certificate_is_refused()
    {
        QuicPair.Skip();
        using var inner = RSA.Create(2048);
        using var other = RSA.Create(2048);
        using var certificate = CertificateOf(inner);
        await using var listener = Listen(certificate, new HiddenRsa(other));
        await Assert.ThrowsAsync<QuicException>(() => QuicEndpoint.ConnectAsync(To(listener, _ => { })));
    }

    private static AsymmetricAlgorithm Create(string kind) => kind switch
    {
        "rsa-2048" => RSA.Create(2048),
        "rsa-3072" => RSA.Create(3072),
        "p-256" => ECDsa.Create(ECCurve.NamedCurves.nistP256),
        _ => ECDsa.Create(ECCurve.NamedCurves.nistP384),
    };

    private static AsymmetricAlgorithm Hidden(AsymmetricAlgorithm inner) =>
        inner is RSA rsa ? new HiddenRsa(rsa) : new HiddenEcdsa((ECDsa)inner);

    private static X509Certificate2 CertificateOf(AsymmetricAlgorithm key)
    {
        var request = key is RSA rsa
            ? new CertificateRequest("CN=localhost", rsa, HashAlgorithmName.SHA256, RSASignaturePadding.Pkcs1)
            : new CertificateRequest("CN=localhost", (ECDsa)key, HashAlgorithmName.SHA256);
        using var signed = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150));
        return X509CertificateLoader.LoadCertificate(signed.RawData);
    }

    private static async Task<(int Signatures, string Shown)> ConnectAsync(
        X509Certificate2 certificate, AsymmetricAlgorithm key)
    {
        await using var listener = Listen(certificate, key);
        var shown = "";
        await using var client = await QuicEndpoint.ConnectAsync(To(listener, print => shown = print));
        return (((IHiddenKey)key).Signatures, shown);
    }

    private static QuicListener Listen(X509Certificate2 certificate, AsymmetricAlgorithm key) =>
        QuicListener.Start(new QuicListenOptions
        {
            EndPoint = new IPEndPoint(IPAddress.Loopback, 0),
            Protocols = [QuicPair.Protocol],
            Transport = new QuicTransportOptions { Loops = 1 },
            KeyOf = _ => key,
            SelectTls = (_, _) =>
                ValueTask.FromResult(new SslServerAuthenticationOptions { ServerCertificate = certificate }),
        }, TimeProvider.System);

    private static QuicConnectOptions To(QuicListener listener, Action<string> shown) => new()
    {
        RemoteEndPoint = listener.LocalEndPoint,
        Tls = new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            ApplicationProtocols = [QuicPair.Protocol],
            RemoteCertificateValidationCallback = (_, certificate, _, _) =>
            {
                shown(certificate?.GetCertHashString() ?? "");
                return certificate is not null;
            },
        },
    };

    private interface IHiddenKey
    {
        int Signatures { get; }
    }

    private sealed class HiddenRsa : RSA, IHiddenKey
    {
        private readonly RSA _inner;

        public HiddenRsa(RSA inner) => (_inner, KeySizeValue) = (inner, inner.KeySize);

        public int Signatures { get; private set; }

        public bool IsBroken { get; set; }

        public override RSAParameters ExportParameters(bool includePrivateParameters) =>
            throw new CryptographicException("it does not leave");

        public override void ImportParameters(RSAParameters parameters) => throw new NotSupportedException();

        public override byte[] SignHash(byte[] hash, HashAlgorithmName hashAlgorithm, RSASignaturePadding padding)
        {
            Signatures++;
            return IsBroken
                ? throw new CryptographicException("the module is gone")
                : _inner.SignHash(hash, hashAlgorithm, padding);
        }

        protected override byte[] HashData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm) =>
            CryptographicOperations.HashData(hashAlgorithm, data.AsSpan(offset, count));
    }

    private sealed class HiddenEcdsa : ECDsa, IHiddenKey
    {
        private readonly ECDsa _inner;

        public HiddenEcdsa(ECDsa inner) => (_inner, KeySizeValue) = (inner, inner.KeySize);

        public int Signatures { get; private set; }

        public override byte[] SignHash(byte[] hash)
        {
            Signatures++;
            return _inner.SignHash(hash);
        }

        public override bool VerifyHash(byte[] hash, byte[] signature) => _inner.VerifyHash(hash, signature);

        protected override byte[] HashData(byte[] data, int offset, int count, HashAlgorithmName hashAlgorithm) =>
            CryptographicOperations.HashData(hashAlgorithm, data.AsSpan(offset, count));
    }
}
