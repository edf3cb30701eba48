using System.Net;
using System.Net.Security;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using BenchmarkDotNet.Attributes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Quoin.Quic;
using Quoin.Quic.Http3;

namespace Quoin.Benchmarks;

/// <summary>
/// A small GET over HTTP/3 on loopback: our client, ngtcp2 at both ends, Kestrel. Client and server count together.
/// </summary>
[MemoryDiagnoser]
public class AnswerHttp3Request
{
    private static readonly byte[] Text = "hello"u8.ToArray();
    private static readonly Http3Request Request = new() { Authority = "localhost", Path = "/" };

    private readonly X509Certificate2 _certificate = Certificate();
    private WebApplication _app = null!;
    private Http3Client _client = null!;

    // Run in the process, nobody waits for a task of these.
    [GlobalSetup]
    public void Setup() => StartAsync().GetAwaiter().GetResult();

    [GlobalCleanup]
    public void Cleanup() => StopAsync().GetAwaiter().GetResult();

    [Benchmark]
    public async Task<int> Get()
    {
        await using var answer = await _client.SendAsync(Request);
        return (await answer.ReadToEndAsync()).Length == Text.Length
            ? answer.Status
            : throw new InvalidOperationException("the answer is not whole");
    }

    private async Task StartAsync()
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration()
            .UseQuoinQuic(new QuicTransportOptions { Loops = 1 })
            .ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listener =>
            {
                listener.Protocols = HttpProtocols.Http3;
                listener.UseHttps(_certificate);
            }));
        _app = builder.Build();
        _app.Run(context =>
        {
            context.Response.ContentLength = Text.Length;
            return context.Response.Body.WriteAsync(Text).AsTask();
        });
        await _app.StartAsync();
        var connection = await QuicEndpoint.ConnectAsync(new QuicConnectOptions
        {
            RemoteEndPoint = new IPEndPoint(IPAddress.Loopback, new Uri(_app.Urls.Single()).Port),
            Tls = new SslClientAuthenticationOptions
            {
                TargetHost = "localhost",
                ApplicationProtocols = [Http3Client.Protocol],
                RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null,
            },
        });
        _client = await Http3Client.StartAsync(connection);
    }

    private async Task StopAsync()
    {
        await _client.DisposeAsync();
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private static X509Certificate2 Certificate()
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest("CN=localhost", key, HashAlgorithmName.SHA256);
        using var bare = request.CreateSelfSigned(
            DateTimeOffset.UnixEpoch.AddYears(50), DateTimeOffset.UnixEpoch.AddYears(150));
        return X509CertificateLoader.LoadPkcs12(bare.Export(X509ContentType.Pkcs12), null);
    }
}
