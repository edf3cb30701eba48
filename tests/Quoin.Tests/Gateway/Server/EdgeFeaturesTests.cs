using System.IO.Compression;
using System.Net;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;
using Quoin.Http;
using Quoin.Server;
using Quoin.Server.Configuration;

namespace Quoin.Tests.Gateway.Server;

public sealed class EdgeFeaturesTests : IDisposable
{
    private const string Chat = "/v1/chat/completions";
    private const string Ask = """{"model":"sim",STREAM"messages":[{"role":"user","content":"x"}]}""";
    private readonly string _folder = Directory.CreateTempSubdirectory("quoin-features-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData(false, "gzip", "gzip")]
    [InlineData(false, "identity", null)]
    [InlineData(true, "gzip, br", null)]
    public async Task Whole_answers_of_models_are_compressed_and_streams_never(
        bool streamed, string accepted, string? coding)
    {
        await using var gateway = await StartAsync(new() { Compression = new() { MinSize = 1 } });
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(
                Ask.Replace("STREAM", streamed ? "\"stream\":true," : "", StringComparison.Ordinal), Encoding.UTF8,
                "application/json"),
        };
        request.Headers.TryAddWithoutValidation("Accept-Encoding", accepted);
        using var response = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.OK, response.StatusCode);
        Assert.Equal(coding, response.Content.Headers.ContentEncoding.SingleOrDefault());
        await using var body = await response.Content.ReadAsStreamAsync();
        await using Stream decoded = coding is null ? body : new GZipStream(body, CompressionMode.Decompress);
        using var reader = new StreamReader(decoded);
        var text = await reader.ReadToEndAsync();
        Assert.Contains(streamed ? "[DONE]" : "\"chat.completion\"", text, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("127.0.0.1", 200)]
    [InlineData("192.0.2.1", 429)]
    public async Task The_address_from_a_trusted_proxy_is_who_is_limited(string trusted, int second)
    {
        await using var gateway = await StartAsync(
            new() { TrustedProxies = [trusted] },
            options => options with { RateLimit = new() { Enabled = true, Default = "1/day", Per = "ip" } });
        Assert.Equal(200, await AskAsync(gateway, "203.0.113.1"));
        Assert.Equal(second, await AskAsync(gateway, "203.0.113.2"));
        Assert.Equal(429, await AskAsync(gateway, "203.0.113.1"));
    }

    [Fact]
    public void Limits_of_connections_reach_the_library()
    {
        var edge = Listeners.EdgeOf(new ServerOptions
        {
            Host = "127.0.0.2",
            Port = 81,
            Tls = new() { CertFile = "cert.pem", KeyFile = "key.pem", MinVersion = "1.3" },
            KeepAliveTimeout = TimeSpan.FromSeconds(2),
            MaxKeepAliveRequests = 3,
            RequestTimeout = TimeSpan.FromSeconds(14),
            ReadTimeout = TimeSpan.FromSeconds(5),
            WriteTimeout = TimeSpan.FromSeconds(6),
            MaxConnections = 7,
            MaxHeaderBytes = 8_000,
            ReadBufferSize = 9_000,
            WriteBufferSize = 10_000,
            ShutdownTimeout = TimeSpan.FromSeconds(11),
        });
        Assert.Equal(("127.0.0.2", 81), (edge.Host, edge.Port));
        Assert.Equal(("cert.pem", "key.pem"), (edge.CertificateFile, edge.CertificateKeyFile));
        Assert.Equal(System.Security.Authentication.SslProtocols.Tls13, edge.MinTlsVersion);
        Assert.Equal((true, 2), (edge.KeepAlive, edge.KeepAliveTimeout.TotalSeconds));
        Assert.Equal((3, 7), (edge.MaxKeepAliveRequests, edge.MaxConnections));
        Assert.Equal((14, 5, 6), (
            edge.RequestTimeout.TotalSeconds, edge.ReadTimeout.TotalSeconds, edge.WriteTimeout.TotalSeconds));
        Assert.Equal((8_000, 9_000, 10_000), (edge.MaxHeaderBytes, edge.ReadBufferSize, edge.WriteBufferSize));
        Assert.Equal(11, edge.ShutdownTimeout.TotalSeconds);
        Assert.False(Listeners.EdgeOf(new ServerOptions { KeepAlive = false }).KeepAlive);
        Assert.False(Listeners.EdgeOf(new ServerOptions { KeepAliveTimeout = TimeSpan.Zero }).KeepAlive);
    }

    [Fact]
    public void Settings_of_HTTP_3_reach_the_library()
    {
        var server = new ServerOptions
        {
            Workers = "2",
            Http3 = new()
            {
                Enabled = true,
                TlsCertFile = "cert.pem",
                TlsKeyFile = "key.pem",
                KeepAliveInterval = TimeSpan.FromSeconds(7),
                CongestionControl = "bbr",
                MaxDatagramSize = 1400,
                Allow0RttReplay = true,
                Enable0Rtt = false,
                Transport = "ngtcp2",
            },
        };
        var http3 = Listeners.EdgeOf(server).Http3!;
        Assert.Equal(("cert.pem", "key.pem"), (http3.CertificateFile, http3.CertificateKeyFile));
        Assert.Equal((Http3Transport.Ngtcp2, true), (http3.Transport, http3.AllowEarlyDataReplay));
        Assert.Equal((7, 1400), (http3.Quic.KeepAliveInterval.TotalSeconds, http3.Quic.MaxUdpPayload));
        Assert.Equal(Quoin.Quic.QuicCongestionControl.Bbr, http3.Quic.CongestionControl);
        Assert.Equal((false, true), (http3.Quic.EarlyData, http3.Quic.SharePort));
        Assert.Null(Listeners.EdgeOf(server with { Http3 = new() }).Http3);
    }

    [Fact]
    public async Task A_preflight_needs_no_key()
    {
        await using var gateway = await StartAsync(
            new() { Cors = new() { AllowedOrigins = ["https://app.example"] } },
            options => options with
            {
                Auth = new() { Enabled = true, Keys = [new() { Name = "a", Key = "0123456789abcdef" }] },
            });
        using var request = new HttpRequestMessage(HttpMethod.Options, Chat);
        request.Headers.Add("Origin", "https://app.example");
        request.Headers.Add("Access-Control-Request-Method", "POST");
        request.Headers.Add("Access-Control-Request-Headers", "authorization");
        using var preflight = await gateway.Client.SendAsync(request);
        Assert.Equal(HttpStatusCode.NoContent, preflight.StatusCode);
        Assert.Equal(["https://app.example"], preflight.Headers.GetValues("Access-Control-Allow-Origin"));
        Assert.True(preflight.Headers.Contains("X-Request-ID"));
        using var refused = await gateway.PostAsync(Chat, "{}");
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains("Origin", refused.Headers.Vary);
    }

    [Fact]
    public async Task Files_are_served_where_no_endpoint_is_and_headers_stand_on_errors_too()
    {
        await File.WriteAllTextAsync(Path.Combine(_folder, "a.txt"), "file");
        await using var gateway = await StartAsync(new()
        {
            Static = new() { Root = _folder, Prefix = "/", MaxAge = 0 },
            SecurityHeaders = new() { Enabled = true },
            Hsts = new() { Enabled = true },
        });
        using var file = await gateway.Client.GetAsync("/a.txt");
        Assert.Equal("file", await file.Content.ReadAsStringAsync());
        Assert.True(file.Headers.CacheControl!.NoCache);
        using var missing = await gateway.Client.GetAsync("/b.txt");
        Assert.Equal("application/problem+json", missing.Content.Headers.ContentType!.MediaType);
        Assert.Equal(["DENY"], missing.Headers.GetValues("X-Frame-Options"));
        Assert.False(missing.Headers.Contains("Strict-Transport-Security"));
        Assert.Equal("ok", (await gateway.Client.GetStringAsync("/live"))[11..13]);
    }

    [Fact]
    public async Task Who_comes_by_the_PROXY_protocol_is_not_on_this_machine()
    {
        await using var gateway = await StartAsync(
            new() { TrustedProxies = ["127.0.0.1"], ProxyProtocol = "optional" });
        Assert.StartsWith("HTTP/1.1 200", await GetAsync(gateway, ""), StringComparison.Ordinal);
        foreach (var client in (string[])["203.0.113.7", "127.0.0.1"])
        {
            var answer = await GetAsync(gateway, $"PROXY TCP4 {client} 127.0.0.1 1 2\r\n");
            Assert.StartsWith("HTTP/1.1 403", answer, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_reload_changes_them_and_what_is_off_is_not_there()
    {
        static Task Next(HttpContext http) => http.Response.WriteAsync("x");
        var off = new ServerOptions { Compression = new() { Enabled = false } };
        Assert.Equal(Next, HttpEdge.AroundAnswers(
            HttpEdge.AroundRequests(Next, EdgeFeatures.Apply(off, new()), NullLoggerFactory.Instance),
            EdgeFeatures.Apply(off, new())));
        var features = new EdgeFeatures(off, NullLoggerFactory.Instance);
        var chain = features.Around(Next);
        Assert.Equal("http", await SchemeAsync());
        features.Configure(off with { TrustedProxies = ["10.0.0.1"] });
        Assert.Equal("https", await SchemeAsync());
        features.Configure(off with { Static = new() { Root = Path.Combine(_folder, "gone") } });
        Assert.Equal("https", await SchemeAsync());
        features.Configure(off);
        Assert.Equal("http", await SchemeAsync());

        async Task<string> SchemeAsync()
        {
            var http = new DefaultHttpContext();
            http.Request.Scheme = "http";
            http.Connection.RemoteIpAddress = IPAddress.Parse("10.0.0.1");
            http.Request.Headers["X-Forwarded-Proto"] = "https";
            await chain(http);
            return http.Request.Scheme;
        }
    }

    [Fact]
    public void What_cannot_be_is_found_with_the_configuration()
    {
        (ServerOptions Options, string Key, string Accepted)[] wrong =
        [
            (new() { TrustedProxies = ["10.0.0.1/8"] }, "server.trusted_proxies", "10.0.0.1/8"),
            (new() { ProxyProtocol = "required" }, "server.proxy_protocol", "server.trusted_proxies"),
            (new() { Compression = new() { Algorithms = [] } }, "server.compression.algorithms", "br, gzip"),
            (new() { Cors = new() { AllowedOrigins = ["app"] } }, "server.cors.allowed_origins", "https://app.example"),
            (new() { Cors = new() { AllowedOrigins = ["*"], Credentials = true } }, "server.cors.credentials", "names"),
            (new() { Cors = new() { AllowedOrigins = ["*"], AllowedHeaders = ["a b"] } }, "server.cors", "a b"),
            (new() { Hsts = new() { Enabled = true, Preload = true } }, "server.hsts.preload", "include_subdomains"),
            (new() { SecurityHeaders = new() { Enabled = true, ReferrerPolicy = "é" } }, "server.security_headers",
                "ASCII"),
            (new() { Static = new() { Root = Path.Combine(_folder, "no") } }, "server.static.root", "no such folder"),
            (new() { Static = new() { Root = _folder, Prefix = "x" } }, "server.static.prefix", "/assets"),
        ];
        foreach (var (options, key, accepted) in wrong)
        {
            var (found, message) = Assert.Single(ServerHost.Check(new QuoinOptions { Server = options }));
            Assert.Equal(key, found);
            Assert.Contains(accepted, message, StringComparison.Ordinal);
        }
    }

    private static Task<TestGateway> StartAsync(
        ServerOptions server, Func<QuoinOptions, QuoinOptions>? change = null)
    {
        var options = new QuoinOptions { Server = server };
        return TestGateway.StartAsync(change is null ? options : change(options));
    }

    private static async Task<int> AskAsync(TestGateway gateway, string client)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, Chat)
        {
            Content = new StringContent(
                Ask.Replace("STREAM", "", StringComparison.Ordinal), Encoding.UTF8, "application/json"),
        };
        request.Headers.Add("X-Forwarded-For", client);
        using var response = await gateway.Client.SendAsync(request);
        return (int)response.StatusCode;
    }

    private static async Task<string> GetAsync(TestGateway gateway, string header)
    {
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, gateway.Address.Port);
        await socket.GetStream().WriteAsync(Encoding.ASCII.GetBytes(
            header + "GET /api/v1/providers HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
        using var reader = new StreamReader(socket.GetStream());
        return await reader.ReadToEndAsync();
    }
}
