using System.Net;
using System.Net.Security;
using System.Net.Sockets;
using System.Text;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Tests.Fakes;
using Quoin.Tests.Http.Tls;

namespace Quoin.Tests.Http.Proxies;

public sealed class ProxyProtocolTests
{
    private const string Request = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    private const string Line = "PROXY TCP4 203.0.113.7 192.0.2.2 56324 443\r\n";

    private static readonly byte[] Binary = Convert.FromHexString(
        "0D0A0D0A000D0A515549540A" + "2111000C" + "CB007107" + "C0000202" + "DC0401BB");

    [Theory]
    [InlineData(ProxyProtocolMode.Required, true, "203.0.113.7:56324")]
    [InlineData(ProxyProtocolMode.Required, false, null)]
    [InlineData(ProxyProtocolMode.Optional, true, "203.0.113.7:56324")]
    [InlineData(ProxyProtocolMode.Optional, false, "127.0.0.1")]
    public async Task A_trusted_proxy_names_the_client(ProxyProtocolMode mode, bool sends, string? client)
    {
        await using var server = await StartAsync(mode);
        foreach (var header in (byte[][])[Encoding.ASCII.GetBytes(Line), Binary])
        {
            var answer = await AskAsync(server, sends ? header : []);
            Assert.Equal(client is null, answer.Length == 0);
            Assert.Contains(client ?? "", answer, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData(ProxyProtocolMode.Required, "")]
    [InlineData(ProxyProtocolMode.Optional, "HTTP/1.1 400 ")]
    public async Task From_elsewhere_it_is_not_understood(ProxyProtocolMode mode, string answer)
    {
        await using var server = await StartAsync(mode, trusted: "192.0.2.0/24");
        Assert.StartsWith(answer, await AskAsync(server, Encoding.ASCII.GetBytes(Line)), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_wrong_header_closes_the_connection()
    {
        await using var server = await StartAsync(ProxyProtocolMode.Optional);
        Assert.Equal("", await AskAsync(server, "PROXY TCP4 nonsense\r\n"u8.ToArray()));
    }

    [Fact]
    public async Task Its_bytes_may_come_one_by_one()
    {
        await using var server = await StartAsync(ProxyProtocolMode.Required);
        using var socket = new TcpClient { NoDelay = true };
        await socket.ConnectAsync(IPAddress.Loopback, server.App.Addresses[0].Port);
        foreach (var next in (byte[])[.. Binary, .. Encoding.ASCII.GetBytes(Request)])
        {
            await socket.GetStream().WriteAsync(new[] { next });
        }

        Assert.Contains("203.0.113.7:56324", await ReadAsync(socket.GetStream()), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_header_that_does_not_come_in_time_closes_the_connection()
    {
        var clock = new ManualClock();
        await using var server = await StartAsync(ProxyProtocolMode.Required, clock: clock);
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.App.Addresses[0].Port);
        await socket.GetStream().WriteAsync("PROXY"u8.ToArray());
        var reading = ReadAsync(socket.GetStream());
        while (!reading.IsCompleted)
        {
            // The connection may not have been accepted yet when the clock is moved.
            clock.Advance(TimeSpan.FromSeconds(5));
            await Task.Yield();
        }

        Assert.Equal("", await reading);
    }

    [Fact]
    public async Task It_comes_before_TLS()
    {
        using var certificate = TestCertificate.Create();
        await using var server = await HttpServer.StartAsync(Route, new()
        {
            Certificate = certificate,
            Proxies = new() { Trusted = ["127.0.0.1"], ProxyProtocol = ProxyProtocolMode.Required },
        });
        using var socket = new TcpClient();
        await socket.ConnectAsync(IPAddress.Loopback, server.App.Addresses[0].Port);
        await socket.GetStream().WriteAsync(Binary);
        await using var tls = new SslStream(socket.GetStream(), leaveInnerStreamOpen: false,
            (_, shown, _, _) => shown?.GetCertHashString() == certificate.Thumbprint);
        await tls.AuthenticateAsClientAsync("localhost");
        await tls.WriteAsync(Encoding.ASCII.GetBytes(Request));
        Assert.Contains("203.0.113.7:56324", await ReadAsync(tls), StringComparison.Ordinal);
    }

    private static void Route(HttpApp app) =>
        app.Get("/", (HttpContext context) => new IPEndPoint(
            context.Connection.RemoteIpAddress!, context.Connection.RemotePort).ToString());

    private static Task<HttpServer> StartAsync(
        ProxyProtocolMode mode, string trusted = "127.0.0.1", TimeProvider? clock = null) =>
        HttpServer.StartAsync(Route, new()
        {
            Time = clock ?? TimeProvider.System,
            Proxies = new() { Trusted = [trusted], ProxyProtocol = mode },
        });

    private static async Task<string> AskAsync(HttpServer server, byte[] header)
    {
        using var socket = new TcpClient();
        try
        {
            await socket.ConnectAsync(IPAddress.Loopback, server.App.Addresses[0].Port);
            await socket.GetStream().WriteAsync((byte[])[.. header, .. Encoding.ASCII.GetBytes(Request)]);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // It was closed already.
            return "";
        }

        return await ReadAsync(socket.GetStream());
    }

    /// <summary>All until the end, whichever way the connection ends.</summary>
    private static async Task<string> ReadAsync(Stream stream)
    {
        using var all = new MemoryStream();
        try
        {
            await stream.CopyToAsync(all);
        }
        catch (Exception e) when (e is SocketException or IOException)
        {
            // The end, all the same.
        }

        return Encoding.Latin1.GetString(all.ToArray());
    }
}
