using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Quoin.Http;

namespace Quoin.Tests.Http.Framing;

/// <summary>The check of framing before Kestrel, seen on the wire.</summary>
public sealed class FramingCheckTests
{
    private const string Good = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";

    [Theory]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +2\r\n\r\nab")]
    [InlineData("GET / HTTP/1.1\r\nHost: x\r\nX: \u0001\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2;\r\nab\r\n0\r\n\r\n")]
    [InlineData("POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\nA: b\n\r\n")]
    public async Task An_ambiguous_request_is_400_and_what_follows_it_is_not_served(string request)
    {
        foreach (var atOnce in new[] { true, false })
        {
            var served = 0;
            await using var app = await StartAsync(() => served++);
            using var socket = await ConnectAsync(app);
            foreach (var part in atOnce ? [Good + request + Good] : new[] { Good, request, Good })
            {
                try
                {
                    await socket.SendAsync(Encoding.Latin1.GetBytes(part));
                }
                catch (SocketException)
                {
                    // It has closed by now.
                }
            }

            var answers = await ReadAsync(socket);
            Assert.StartsWith("HTTP/1.1 200", answers, StringComparison.Ordinal);
            Assert.Equal(2, answers.Split("HTTP/1.1 ").Length - 1);
            Assert.Contains("HTTP/1.1 400", answers, StringComparison.Ordinal);
            Assert.Equal(1, served);
        }
    }

    [Fact]
    public async Task A_request_in_single_bytes_is_served_as_one_that_comes_whole()
    {
        var served = 0;
        await using var app = await StartAsync(() => served++);
        using var socket = await ConnectAsync(app);
        socket.NoDelay = true;
        const string Requests = "\r\nPOST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
            + "2;a=\"b\"\r\nab\r\n0\r\nT: u\r\n\r\n"
            + "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nConnection: close\r\n\r\nabc";
        foreach (var letter in Requests)
        {
            await socket.SendAsync(new[] { (byte)letter });
        }

        var answers = await ReadAsync(socket);
        Assert.Equal((2, 2), (served, answers.Split("HTTP/1.1 200").Length - 1));
        Assert.EndsWith("3\r\nabc\r\n0\r\n\r\n", answers, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_connection_that_was_upgraded_carries_any_bytes()
    {
        await using var app = await StartAsync(() => { });
        app.Get("/upgrade", async (HttpContext context) =>
        {
            await using var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            var bytes = new byte[4];
            await stream.ReadExactlyAsync(bytes);
            await stream.WriteAsync(bytes);
        });
        using var socket = await ConnectAsync(app);
        await socket.SendAsync(
            "GET /upgrade HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: raw\r\n\r\n"u8.ToArray());
        var head = new StringBuilder();
        var one = new byte[1];
        while (!head.ToString().EndsWith("\r\n\r\n", StringComparison.Ordinal))
        {
            Assert.Equal(1, await socket.ReceiveAsync(one));
            head.Append((char)one[0]);
        }

        Assert.StartsWith("HTTP/1.1 101", head.ToString(), StringComparison.Ordinal);
        await socket.SendAsync("\n\0\x01:"u8.ToArray());
        Assert.Equal("\n\0\x01:", await ReadAsync(socket));
    }

    private static async Task<HttpApp> StartAsync(Action serve)
    {
        var app = new HttpApp(new() { Port = 0 });
        app.Map("/", ["GET", "POST"], async (HttpContext context) =>
        {
            using var reader = new StreamReader(context.Request.Body);
            var body = await reader.ReadToEndAsync();
            serve();
            await context.Response.WriteAsync(body);
        });
        await app.StartAsync();
        return app;
    }

    private static async Task<Socket> ConnectAsync(HttpApp app)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(app.Addresses[0].Host, app.Addresses[0].Port);
        return socket;
    }

    private static async Task<string> ReadAsync(Socket socket)
    {
        var text = new StringBuilder();
        var bytes = new byte[4096];
        try
        {
            while (await socket.ReceiveAsync(bytes) is > 0 and var read)
            {
                text.Append(Encoding.Latin1.GetString(bytes, 0, read));
            }
        }
        catch (SocketException)
        {
            // Closed while more was on its way.
        }

        return text.ToString();
    }
}
