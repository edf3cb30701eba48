using System.Diagnostics;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Quoin.Quic;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Quic.Kestrel;

/// <summary>A browser that is made to use QUIC.</summary>
public sealed class ChromiumTests
{
    private const string Program = "/usr/bin/chromium";

    [Fact]
    public async Task A_page_and_its_upload_go_over_HTTP_3()
    {
        Assert.SkipUnless(File.Exists(Program), "chromium is not installed");
        using var certificate = TestCertificate.Create();
        await using var host = await QuicHost.StartAsync(
            new QuicTransportOptions { Loops = 2 }, certificate: certificate);
        var folder = Directory.CreateTempSubdirectory("quoin-chromium-").FullName;
        try
        {
            using var process = Process.Start(new ProcessStartInfo(Program)
            {
                ArgumentList =
                {
                    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-quic",
                    $"--origin-to-force-quic-on=localhost:{host.Port}",
                    $"--ignore-certificate-errors-spki-list={PublicKeyHash(certificate)}",
                    "--host-resolver-rules=MAP localhost 127.0.0.1", $"--user-data-dir={folder}",
                    "--virtual-time-budget=20000", "--dump-dom", $"{host.Url}/page",
                },
                RedirectStandardOutput = true,
                RedirectStandardError = true,
                UseShellExecute = false,
            })!;
            using var limit = new CancellationTokenSource(TimeSpan.FromMinutes(1), TimeProvider.System);
            await using var kill = limit.Token.Register(() => process.Kill(entireProcessTree: true));
            var said = process.StandardError.ReadToEndAsync();
            var page = await process.StandardOutput.ReadToEndAsync();
            await process.WaitForExitAsync();
            Assert.True(page.Contains("protocol=h3 echoed=100000", StringComparison.Ordinal), page + await said);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static string PublicKeyHash(X509Certificate2 certificate) =>
        Convert.ToBase64String(SHA256.HashData(certificate.PublicKey.ExportSubjectPublicKeyInfo()));
}
