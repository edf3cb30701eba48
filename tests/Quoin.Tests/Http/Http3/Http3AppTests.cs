using System.Net;
using System.Net.Sockets;
using Quoin.Http;
using Quoin.Quic;
using Quoin.Quic.Http3;
using Quoin.Tests.Http.Tls;
using Quoin.Tests.Quic;
using Quoin.Tests.Quic.Http3;
using Quoin.Tests.Quic.Kestrel;

namespace Quoin.Tests.Http.Http3;

/// <summary>HTTP/3 of an app: beside the other versions, told of by them, refused where it cannot be.</summary>
public sealed class Http3AppTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-http3-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_same_handlers_answer_over_TCP_and_over_QUIC_and_Alt_Svc_tells_of_it()
    {
        QuicPair.Skip();
        using var certificate = TestCertificate.Create();
        var port = FreePort();
        await using var app = new HttpApp(new HttpAppOptions
        {
            Port = 0,
            Certificate = certificate,
            Http3 = new Http3Options { Port = port, Quic = new QuicTransportOptions { Loops = 1 } },
        });
        app.Get("/hello", (Microsoft.AspNetCore.Http.HttpContext context) => context.Request.Protocol);
        await app.StartAsync();

        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        using var http = new HttpClient(handler) { DefaultRequestVersion = HttpVersion.Version20 };
        using var answer = await http.GetAsync(new Uri(app.Addresses[0], "/hello"));
        Assert.Equal("HTTP/2", await answer.Content.ReadAsStringAsync());
        Assert.StartsWith($"h3=\":{port}\"", answer.Headers.GetValues("Alt-Svc").First());

        await using var client = await Http3ClientTests.ConnectAsync(port);
        await using var over = await client.SendAsync(new Http3Request { Authority = "localhost", Path = "/hello" });
        Assert.Equal("HTTP/3"u8.ToArray(), await over.ReadToEndAsync());
        Assert.DoesNotContain(over.Headers, header => header.Name == "alt-svc");
    }

    [Fact]
    public async Task Clients_of_a_proxy_are_not_told_of_it()
    {
        QuicPair.Skip();
        using var certificate = TestCertificate.Create();
        var files = TestCertificate.WriteTo(_folder, certificate);
        await using var app = new HttpApp(new HttpAppOptions
        {
            Port = 0,
            Certificate = certificate,
            Proxies = new ProxyOptions { Trusted = ["127.0.0.1"] },
            Http3 = new Http3Options
            {
                Port = FreePort(),
                CertificateFile = files.Certificate,
                CertificateKeyFile = files.Key,
                Quic = new QuicTransportOptions { Loops = 1 },
            },
        });
        app.Get("/scheme", (Microsoft.AspNetCore.Http.HttpContext context) => context.Request.Scheme);
        await app.StartAsync();

        using var handler = new SocketsHttpHandler();
        handler.SslOptions.RemoteCertificateValidationCallback = (_, shown, _, _) => shown is not null;
        using var http = new HttpClient(handler);
        using var direct = await http.GetAsync(new Uri(app.Addresses[0], "/scheme"));
        Assert.True(direct.Headers.Contains("Alt-Svc"));
        http.DefaultRequestHeaders.Add("X-Forwarded-For", "192.0.2.1");
        http.DefaultRequestHeaders.Add("X-Forwarded-Proto", "https");
        using var forwarded = await http.GetAsync(new Uri(app.Addresses[0], "/scheme"));
        Assert.Equal("https", await forwarded.Content.ReadAsStringAsync());
        Assert.False(forwarded.Headers.Contains("Alt-Svc"));
    }

    [Theory]
    [InlineData(false, 425)]
    [InlineData(true, 200)]
    public async Task Early_data_runs_only_what_is_safe_unless_the_app_says_otherwise(bool allowed, int status)
    {
        using var client = GtlsClient.Find();
        using var certificate = TestCertificate.Create();
        var port = FreePort();
        await using var app = new HttpApp(new HttpAppOptions
        {
            Port = 0,
            Certificate = certificate,
            Http3 = new Http3Options
            {
                Port = port,
                AllowEarlyDataReplay = allowed,
                Quic = new QuicTransportOptions { Loops = 1, EarlyData = true },
            },
        });
        app.Post("/", () => "done");
        await app.StartAsync();
        string[] post =
        [
            "--no-quic-dump", "--session-file=session", "--tp-file=parameters", "-m", "POST", "-d",
            client.Write("body", "x"u8.ToArray()),
        ];
        Assert.Contains("[:status: 200]", await client.RunAsync(port, "/", post));
        Assert.Contains($"[:status: {status}]", await client.RunAsync(port, "/", post));
    }

    [Fact]
    public async Task New_certificate_files_are_used_from_the_next_handshake()
    {
        QuicPair.Skip();
        using var first = TestCertificate.Create("first");
        using var second = TestCertificate.Create("second");
        var files = TestCertificate.WriteTo(_folder, first);
        var port = FreePort();
        await using var app = new HttpApp(new HttpAppOptions
        {
            Port = 0,
            Http3 = new Http3Options
            {
                Port = port,
                CertificateFile = files.Certificate,
                CertificateKeyFile = files.Key,
                Quic = new QuicTransportOptions { Loops = 1 },
            },
        });
        await app.StartAsync();
        Assert.Equal("CN=first", await SubjectAsync(port));
        TestCertificate.WriteTo(_folder, second);
        string subject;
        do
        {
            // Files are looked at again a second after the last look.
            subject = await SubjectAsync(port);
        }
        while (subject == "CN=first");
        Assert.Equal("CN=second", subject);
    }

    [Fact]
    public void Without_a_certificate_there_is_no_HTTP_3()
    {
        var fault = Assert.Throws<ArgumentException>(() => new HttpApp(new HttpAppOptions { Http3 = new() }));
        Assert.Contains("Http3: has no certificate", fault.Message);
    }

    [Fact]
    public void What_is_out_of_range_is_told_with_its_name()
    {
        using var certificate = TestCertificate.Create();
        var fault = Assert.Throws<ArgumentException>(() => new HttpApp(new HttpAppOptions
        {
            Certificate = certificate,
            Http3 = new() { Port = 70_000, Quic = new QuicTransportOptions { Loops = 99 } },
        }));
        Assert.Contains("Http3.Port: 70000; accepted: 0..65535", fault.Message);
        Assert.Contains("Http3.Quic.Loops is 99; accepted: 0..64", fault.Message);
    }

    [Fact]
    public void A_transport_that_is_not_installed_is_refused_with_its_name()
    {
        using var certificate = TestCertificate.Create();
#pragma warning disable CA1416 // The answer of this system is what is asked for.
        Assert.SkipWhen(System.Net.Quic.QuicListener.IsSupported, "msquic is installed");
#pragma warning restore CA1416
        var fault = Assert.Throws<ArgumentException>(() => new HttpApp(new HttpAppOptions
        {
            Certificate = certificate,
            Http3 = new() { Transport = Http3Transport.MsQuic },
        }));
        Assert.Contains("libmsquic", fault.Message);
    }

    [Fact]
    public void Settings_that_msquic_would_not_heed_are_refused_with_it()
    {
        var options = new HttpAppOptions
        {
            Http3 = new()
            {
                Transport = Http3Transport.MsQuic,
                Quic = new() { CongestionControl = QuicCongestionControl.Bbr },
            },
        };
        Assert.Contains(
            HttpEdge.FaultsOf(options),
            fault => fault.StartsWith("Http3.Transport: msquic takes", StringComparison.Ordinal));
        Assert.Empty(HttpEdge.FaultsOf(options with
        {
            Http3 = options.Http3 with { Quic = new() { MaxBidirectionalStreams = 7 } },
        }));
    }

    private static async Task<string> SubjectAsync(int port)
    {
        await using var client = await Http3ClientTests.ConnectAsync(port);
        return client.Connection.PeerCertificate!.Subject;
    }

    private static int FreePort()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }
}
