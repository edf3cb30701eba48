using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Authentication;
using System.Security.Cryptography.X509Certificates;
using Quoin.Http;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http.Tls;

/// <summary>Certificates from files: wrong ones at the start, new ones while it runs; versions of TLS.</summary>
public sealed class TlsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-tls-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task New_files_are_shown_by_the_next_handshake_and_wrong_ones_leave_the_old()
    {
        var clock = new ManualClock();
        using var first = TestCertificate.Create("first");
        using var second = TestCertificate.Create("second");
        var (certificate, key) = TestCertificate.WriteTo(_folder, first);
        await using var app = new HttpApp(new()
        {
            Port = 0,
            CertificateFile = certificate,
            CertificateKeyFile = key,
            Time = clock,
        });
        await app.StartAsync();
        Assert.Equal("CN=first", await ShownAsync(app));

        // The certificate is there before its key: for that moment the two do not fit.
        File.WriteAllText(certificate, second.ExportCertificatePem());
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=first", await ShownAsync(app));
        File.WriteAllText(key, TestCertificate.ExportKey(second));
        Assert.Equal("CN=first", await ShownAsync(app));
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=second", await ShownAsync(app));
        File.Delete(key);
        clock.Advance(TimeSpan.FromSeconds(1));
        Assert.Equal("CN=second", await ShownAsync(app));
    }

    [Fact]
    public void Files_that_are_no_certificate_and_its_key_are_refused_before_the_start()
    {
        using var one = TestCertificate.Create();
        using var other = TestCertificate.Create();
        var (certificate, key) = TestCertificate.WriteTo(_folder, one);
        Assert.Contains("no-such.pem", FaultOf(Path.Combine(_folder, "no-such.pem"), key), StringComparison.Ordinal);
        Assert.Contains("CertificateFile", FaultOf(key, key), StringComparison.Ordinal);
        Assert.Contains("with CertificateKeyFile", FaultOf(certificate, null), StringComparison.Ordinal);
        File.WriteAllText(key, TestCertificate.ExportKey(other));
        Assert.Contains("accepted: a PEM certificate", FaultOf(certificate, key), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(SslProtocols.Tls12, SslProtocols.Tls12, true)]
    [InlineData(SslProtocols.Tls12, SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls13, SslProtocols.Tls13, true)]
    [InlineData(SslProtocols.Tls13, SslProtocols.Tls12, false)]
    public async Task Older_versions_of_TLS_than_the_least_are_not_spoken(
        SslProtocols least, SslProtocols spoken, bool served)
    {
        using var certificate = TestCertificate.Create();
        await using var app = new HttpApp(new() { Port = 0, Certificate = certificate, MinTlsVersion = least });
        await app.StartAsync();
        if (served)
        {
            Assert.Equal("CN=localhost", await ShownAsync(app, spoken));
        }
        else
        {
            await Assert.ThrowsAnyAsync<Exception>(() => ShownAsync(app, spoken));
        }
    }

    private static string FaultOf(string certificate, string? key) => Assert.Throws<ArgumentException>(
        () => new HttpApp(new() { CertificateFile = certificate, CertificateKeyFile = key })).Message;

    /// <summary>The subject of the certificate that a handshake shows.</summary>
    private static async Task<string> ShownAsync(HttpApp app, SslProtocols protocols = SslProtocols.None)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(IPAddress.Loopback, app.Addresses[0].Port);
        X509Certificate? shown = null;
        await using var stream = new SslStream(client.GetStream());
        await stream.AuthenticateAsClientAsync(new SslClientAuthenticationOptions
        {
            TargetHost = "localhost",
            EnabledSslProtocols = protocols,
            AllowTlsResume = false,
            RemoteCertificateValidationCallback = (_, certificate, _, _) => (shown = certificate) is not null,
        });

        // With TLS 1.3 the server's refusal comes after the client's own last word.
        await stream.WriteAsync("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"u8.ToArray());
        Assert.NotEqual(0, await stream.ReadAsync(new byte[1]));
        return shown!.Subject;
    }
}
