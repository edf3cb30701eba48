using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Security.Cryptography.X509Certificates;
using System.Text;
using Quoin.Server;
using Quoin.Server.Configuration;
using Quoin.Tests.Fakes;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Gateway.Server;

/// <summary>The server behind the edge of Quoin.Http.</summary>
public sealed class EdgeTests : IDisposable
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"model":"sim","messages":[{"role":"user","content":"x"}]}""";
    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-edge-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("1.1")]
    [InlineData("2.0")]
    public async Task Models_answer_over_TLS_by_HTTP_1_and_2(string version)
    {
        using var certificate = TestCertificate.Create();
        var (file, key) = TestCertificate.WriteTo(_folder, certificate);
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Server = new() { Tls = new() { CertFile = file, KeyFile = key } },
        });
        using var client = ClientThatTrusts(certificate);
        client.DefaultRequestVersion = Version.Parse(version);
        client.DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact;
        using var body = new StringContent(Ask, Encoding.UTF8, "application/json");
        using var response = await client.PostAsync($"https://localhost:{gateway.Address.Port}{Chat}", body);
        Assert.Equal((HttpStatusCode.OK, version), (response.StatusCode, response.Version.ToString()));
        Assert.Contains("chat.completion", await response.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Connections_and_handshakes_are_counted()
    {
        using var certificate = TestCertificate.Create();
        var (file, key) = TestCertificate.WriteTo(_folder, certificate);
        await using var gateway = await TestGateway.StartAsync(
            new QuoinOptions { Server = new() { Tls = new() { CertFile = file, KeyFile = key } } });
        using var client = ClientThatTrusts(certificate);
        using (var plain = new TcpClient("127.0.0.1", gateway.Address.Port))
        {
            await plain.GetStream().WriteAsync("GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
            await plain.GetStream().CopyToAsync(Stream.Null);
        }

        var page = "";
        foreach (var metric in (string[])[
            "quoin_connections_active 1\n", "quoin_tls_handshakes_total{outcome=\"success\"} 1\n",
            "quoin_tls_handshakes_total{outcome=\"failure\"} 1\n"])
        {
            for (var i = 0; i < 1000 && !page.Contains(metric, StringComparison.Ordinal); i++)
            {
                page = await client.GetStringAsync(new Uri($"https://localhost:{gateway.Address.Port}/metrics"));
            }

            Assert.Contains(metric, page, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("no-such.pem", "Could not find file")]
    [InlineData("", "accepted: with key_file")]
    public void A_certificate_that_cannot_be_used_is_found_with_the_configuration(string key, string fault)
    {
        using var certificate = TestCertificate.Create();
        var (file, _) = TestCertificate.WriteTo(_folder, certificate);
        var tls = new TlsOptions { CertFile = file, KeyFile = key.Length == 0 ? null : Path.Combine(_folder, key) };
        var (setting, message) = Assert.Single(
            ServerHost.Check(new QuoinOptions { Server = new() { Tls = tls } }));
        Assert.Equal("server.tls.cert_file", setting);
        Assert.Contains(fault, message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_last_request_of_a_connection_ends_it()
    {
        await using var gateway = await TestGateway.StartAsync(new QuoinOptions
        {
            Server = new() { MaxKeepAliveRequests = 2 },
        });
        for (var i = 1; i <= 4; i++)
        {
            using var response = await gateway.PostAsync(Chat, Ask);
            Assert.Equal(HttpStatusCode.OK, response.StatusCode);
            Assert.Equal(i % 2 == 0, response.Headers.ConnectionClose ?? false);
            await response.Content.ReadAsStringAsync();
        }
    }

    [Fact]
    public async Task A_client_that_does_not_read_a_file_is_cut_off()
    {
        const int Length = 64 << 20;
        using (var big = File.Create(Path.Combine(_folder, "big.bin")))
        {
            big.SetLength(Length);
        }

        var clock = new ManualClock();
        await using var gateway = await TestGateway.StartAsync(
            new QuoinOptions
            {
                Server = new()
                {
                    Static = new() { Root = _folder },
                    WriteTimeout = TimeSpan.FromSeconds(20),
                    RequestTimeout = TimeSpan.FromSeconds(300),
                },
            },
            clock);
        using var client = new TcpClient("127.0.0.1", gateway.Address.Port);
        await client.GetStream().WriteAsync("GET /static/big.bin HTTP/1.1\r\nHost: x\r\n\r\n"u8.ToArray());
        await gateway.ShowsAsync("quoin_connections_active 2\n");
        var page = "";
        for (var i = 0; i < 150 && !page.Contains("quoin_connections_active 1\n", StringComparison.Ordinal); i++)
        {
            // It has to be full first, and is looked at once a second. Neither the time of requests nor Kestrel's own
            // least rate, which goes by the system's clock, is over by the end.
            if (i % 30 == 0)
            {
                clock.Advance(TimeSpan.FromSeconds(20));
            }

            await Task.Delay(
                TimeSpan.FromMilliseconds(100), TimeProvider.System, TestContext.Current.CancellationToken);
            page = await gateway.Client.GetStringAsync("/metrics");
        }

        Assert.Contains("quoin_connections_active 1\n", page, StringComparison.Ordinal);
        var read = 0L;
        for (var buffer = new byte[1 << 20]; await ReadAsync(client, buffer) is > 0 and var count;)
        {
            read += count;
        }

        Assert.InRange(read, 1, Length - 1);
    }

    [Fact]
    public async Task The_time_of_requests_does_not_bound_calls_of_models()
    {
        var clock = new ManualClock();
        var asked = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        await using var upstream = new ScriptedUpstream(async connection =>
        {
            asked.SetResult();
            await go.Task;
            await ScriptedUpstream.Json("{\"id\":\"late\"}")(connection);
        });
        await using var gateway = await TestGateway.BeforeAsync(
            upstream, change: options => options with
            {
                Server = options.Server with { RequestTimeout = TimeSpan.FromSeconds(2) },
            }, time: clock);
        var answer = gateway.AskAsync(Chat, Ask);
        await asked.Task;
        clock.Advance(TimeSpan.FromSeconds(3));
        go.SetResult();
        Assert.Equal((200, "{\"id\":\"late\"}"), await answer);
    }

    [Theory]
    [InlineData("Content-Length: +58\r\n", Ask)]
    [InlineData("Transfer-Encoding: chunked\r\n", "3a;\r\n" + Ask + "\r\n0\r\n\r\n")]
    public async Task A_request_whose_framing_is_ambiguous_calls_no_provider(string headers, string body)
    {
        await using var upstream = new ScriptedUpstream(ScriptedUpstream.Json("{}"));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        Assert.Equal(58, Ask.Length);
        var answer = await RawClient.AskAsync(gateway.Address, RawClient.Post(Chat, headers, body));
        Assert.Equal(400, answer.Status);
        Assert.Empty(upstream.Requests);
        await gateway.ShowsAsync("quoin_ambiguous_requests_total 1\n", "quoin_connections_ended_total{reason=\"");
    }

    private static async Task<int> ReadAsync(TcpClient client, byte[] buffer)
    {
        try
        {
            return await client.GetStream().ReadAsync(buffer);
        }
        catch (IOException)
        {
            return 0;
        }
    }

    private static HttpClient ClientThatTrusts(X509Certificate2 certificate) => new(new SocketsHttpHandler
    {
        SslOptions = new SslClientAuthenticationOptions
        {
            RemoteCertificateValidationCallback = (_, shown, _, _) =>
                shown?.GetCertHashString() == certificate.Thumbprint,
        },
    });
}
