using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Http;

/// <summary>The limits of connections, seen on the wire.</summary>
public sealed class ConnectionTests
{
    private const string Get = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    [Theory]
    [InlineData(true, 3, 3)]
    [InlineData(false, 0, 1)]
    public async Task The_last_request_of_a_connection_says_so_and_ends_it(bool keepAlive, int most, int served)
    {
        await using var app = await StartAsync(new() { KeepAlive = keepAlive, MaxKeepAliveRequests = most });
        using var socket = await ConnectAsync(app);
        for (var i = 1; i <= served; i++)
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(Get));
            var answer = await ReadAsync(socket);
            Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
            Assert.Equal(i == served, answer.Contains("Connection: close", StringComparison.Ordinal));
        }

        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));
    }

    [Fact]
    public async Task Over_HTTP_2_the_last_request_sends_GOAWAY_and_the_client_goes_on_with_another_connection()
    {
        using var certificate = TestCertificate.Create();
        await using var app = await StartAsync(new() { Certificate = certificate, MaxKeepAliveRequests = 2 });
        var connections = new List<string>();
        using var handler = new SocketsHttpHandler
        {
            SslOptions = new SslClientAuthenticationOptions
            {
                RemoteCertificateValidationCallback = (_, shown, _, _) =>
                    shown?.GetCertHashString() == certificate.Thumbprint,
            },
        };
        using var client = new HttpClient(handler)
        {
            BaseAddress = app.Addresses[0],
            DefaultRequestVersion = HttpVersion.Version20,
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        for (var i = 0; i < 6; i++)
        {
            connections.Add(await client.GetStringAsync("/connection"));
        }

        Assert.InRange(connections.Distinct().Count(), 3, 6);
    }

    [Fact]
    public async Task Connections_beyond_the_most_are_closed_at_once()
    {
        await using var app = await StartAsync(new() { MaxConnections = 1 });
        using var first = await ConnectAsync(app);
        await first.SendAsync(Encoding.ASCII.GetBytes(Get));
        Assert.StartsWith("HTTP/1.1 200", await ReadAsync(first), StringComparison.Ordinal);
        using var second = await ConnectAsync(app);
        Assert.Equal("", await AskAsync(second, Get));
    }

    [Fact]
    public async Task Upgraded_connections_beyond_the_most_are_refused()
    {
        const string Upgrade = "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        await using var app = new HttpApp(new() { Port = 0, MaxConnections = 1 });
        app.WebSocket("/ws", async socket =>
        {
            await foreach (var message in socket.ReadAsync())
            {
                await socket.SendAsync(message);
            }
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var first = await ConnectAsync(app);
        Assert.StartsWith("HTTP/1.1 101", await AskAsync(first, Upgrade), StringComparison.Ordinal);
        using var second = await ConnectAsync(app);
        Assert.DoesNotContain("HTTP/1.1 101", await AskAsync(second, Upgrade), StringComparison.Ordinal);
    }

    [Fact(Timeout = 60_000)]
    public async Task An_idle_connection_is_closed_after_its_time()
    {
        await using var app = await StartAsync(new() { KeepAliveTimeout = TimeSpan.FromSeconds(1) });
        using var socket = await ConnectAsync(app);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Get));
        var answer = await ReadAsync(socket);
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.DoesNotContain("Server:", answer, StringComparison.Ordinal);

        // Kestrel's own time is 130 s.
        Assert.Equal(0, await socket.ReceiveAsync(new byte[1]));
    }

    [Fact(Timeout = 25_000)]
    public async Task Headers_that_are_not_whole_in_time_are_408()
    {
        await using var app = await StartAsync(new() { ReadTimeout = TimeSpan.FromSeconds(1) });
        using var socket = await ConnectAsync(app);

        // Kestrel's own time is 30 s.
        Assert.StartsWith(
            "HTTP/1.1 408", await AskAsync(socket, "GET / HTTP/1.1\r\nHost: x\r\n"), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(12_000, 404)]
    [InlineData(17_000, 414)]
    public async Task A_request_line_may_have_16_KB(int bytes, int status)
    {
        await using var app = await StartAsync(new() { MaxHeaderBytes = 32 * 1024 });
        using var socket = await ConnectAsync(app);
        var answer = await AskAsync(socket, $"GET /{new string('a', bytes)} HTTP/1.1\r\nHost: x\r\n\r\n");
        Assert.StartsWith($"HTTP/1.1 {status}", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("X: {0}", 1024, 431)]
    [InlineData("X: {0}", 100, 200)]
    public async Task Headers_beyond_their_bytes_are_431(string header, int bytes, int status)
    {
        await using var app = await StartAsync(new() { MaxHeaderBytes = 1024 });
        using var socket = await ConnectAsync(app);
        var line = string.Format(null, header, new string('a', bytes));
        await socket.SendAsync(Encoding.ASCII.GetBytes($"GET / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n"));
        Assert.StartsWith($"HTTP/1.1 {status}", await ReadAsync(socket), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_body_beyond_its_bytes_is_413()
    {
        await using var app = await StartAsync(new() { MaxRequestSize = 10 });
        using var client = new HttpClient { BaseAddress = app.Addresses[0] };
        using var fits = await client.PostAsync("/", new StringContent("0123456789"));
        Assert.Equal(HttpStatusCode.OK, fits.StatusCode);
        using var over = await client.PostAsync("/", new StringContent("0123456789a"));
        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, over.StatusCode);
    }

    [Fact(Timeout = 60_000)]
    public async Task The_write_buffer_takes_what_a_client_has_not_read()
    {
        const int Large = 32 * 1024 * 1024;
        var written = new TaskCompletionSource();
        await using var app = new HttpApp(new() { Port = 0, WriteBufferSize = Large });
        app.Get("/", async (HttpContext context) =>
        {
            await context.Response.Body.WriteAsync(new byte[Large - 4096], context.RequestAborted);
            written.SetResult();
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var socket = await ConnectAsync(app);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Get));

        // More than the system's own buffers take: it would not end otherwise.
        await written.Task;
    }

    [Fact(Timeout = 60_000)]
    public async Task The_read_buffer_takes_what_a_handler_has_not_read()
    {
        const int Large = 32 * 1024 * 1024;
        var go = new TaskCompletionSource();
        await using var app = new HttpApp(new() { Port = 0, ReadBufferSize = Large, MaxRequestSize = Large });
        app.Post("/", () => go.Task);
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var socket = await ConnectAsync(app);
        var head = $"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {Large}\r\n\r\n";
        await socket.SendAsync(Encoding.ASCII.GetBytes(head));

        // More than the system's own buffers take: it would not end otherwise.
        await socket.SendAsync(new byte[Large - 1]);
        go.SetResult();
    }

    [Fact]
    public async Task A_stop_finishes_the_requests_under_way()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var app = new HttpApp(new() { Port = 0 });
        app.Get("/", async () =>
        {
            begun.SetResult();
            await go.Task;
            return "whole";
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var client = new HttpClient { BaseAddress = app.Addresses[0] };
        var asked = client.GetStringAsync("/");
        await begun.Task;
        var stopped = app.StopAsync(TestContext.Current.CancellationToken);
        Assert.False(stopped.IsCompleted);
        go.SetResult();
        Assert.Equal("whole", await asked);
        await stopped;
    }

    [Fact(Timeout = 25_000)]
    public async Task A_stop_waits_no_longer_than_it_was_told()
    {
        var (begun, never) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var app = new HttpApp(new() { Port = 0, ShutdownTimeout = TimeSpan.FromMilliseconds(500) });
        app.Get("/", async () =>
        {
            begun.SetResult();
            await never.Task;
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var socket = await ConnectAsync(app);
        await socket.SendAsync(Encoding.ASCII.GetBytes(Get));
        await begun.Task;

        // The host's own time is 30 s.
        await app.StopAsync(TestContext.Current.CancellationToken);
        never.SetResult();
    }

    private static async Task<HttpApp> StartAsync(HttpAppOptions options)
    {
        var app = new HttpApp(options with { Port = 0 });
        app.Get("/", () => "ok");
        app.Get("/connection", (HttpContext context) => context.Connection.Id);
        app.Post("/", async (HttpRequest request) =>
        {
            using var reader = new StreamReader(request.Body);
            return await reader.ReadToEndAsync();
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        return app;
    }

    private static async Task<Socket> ConnectAsync(HttpApp app)
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, app.Addresses[0].Port);
        return socket;
    }

    /// <summary>One answer whose body is "ok", or what there is when the connection ends.</summary>
    private static async Task<string> ReadAsync(Socket socket)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        while (!text.ToString().EndsWith("\r\n2\r\nok\r\n0\r\n\r\n", StringComparison.Ordinal)
            && !text.ToString().EndsWith("\r\n\r\nok", StringComparison.Ordinal)
            && await socket.ReceiveAsync(buffer) is > 0 and var read)
        {
            text.Append(Encoding.ASCII.GetString(buffer, 0, read));
        }

        return text.ToString();
    }

    /// <summary>The beginning of the answer, or nothing when the connection ends without one.</summary>
    private static async Task<string> AskAsync(Socket socket, string request)
    {
        var buffer = new byte[4096];
        try
        {
            await socket.SendAsync(Encoding.ASCII.GetBytes(request));
            return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer));
        }
        catch (SocketException)
        {
            // Reset is as good as ended.
            return "";
        }
    }
}
