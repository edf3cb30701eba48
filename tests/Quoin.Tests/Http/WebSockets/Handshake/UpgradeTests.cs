using Quoin.Http;

namespace Quoin.Tests.Http.WebSockets.Handshake;

public sealed class UpgradeTests
{
    private const string Upgrade = "Upgrade: websocket\r\nConnection: Upgrade\r\n";
    private const string Version = "Sec-WebSocket-Version: 13\r\n";
    private const string Key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

    [Theory]
    [InlineData("", 426, "Upgrade: websocket")]
    [InlineData(Version + Key, 426, "Upgrade: websocket")]
    [InlineData("Upgrade: h2c\r\nConnection: Upgrade\r\n" + Version + Key, 426, "Upgrade: websocket")]
    [InlineData(Upgrade + Key, 426, "Sec-WebSocket-Version: 13")]
    [InlineData(Upgrade + Key + "Sec-WebSocket-Version: 12\r\n", 426, "Sec-WebSocket-Version: 13")]
    [InlineData(Upgrade + Key + Version + Version, 426, "Sec-WebSocket-Version: 13")]
    [InlineData(Upgrade + Version, 400, "application/problem+json")]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: abc\r\n", 400, "")]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ--\r\n", 400, "")]
    [InlineData(Upgrade + Version + "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZTEy\r\n", 400, "")]
    [InlineData(Upgrade + Version + Key + Key, 400, "")]
    [InlineData(Upgrade + Version + Key + "Origin: http://evil.example\r\n", 403, "")]
    [InlineData(Upgrade + Version + Key + "Sec-WebSocket-Extensions: a;;b\r\n", 400, "")]
    [InlineData(Upgrade + Version + Key + "Origin: http://x\r\n", 101, "Upgrade: websocket")]
    [InlineData("upgrade: h2c, WebSocket\r\nconnection: Keep-Alive, upgrade\r\n" + Version + Key, 101, "")]
    public async Task A_handshake_is_whole_or_refused(string headers, int status, string told)
    {
        await using var app = await WebSocketApps.StartAsync();
        using var peer = await RawPeer.AskAsync(app, $"GET /ws HTTP/1.1\r\nHost: x\r\n{headers}\r\n");
        Assert.StartsWith($"HTTP/1.1 {status} ", peer.Head, StringComparison.Ordinal);
        Assert.Contains(told, peer.Head, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Other_methods_are_told_what_there_is()
    {
        await using var app = await WebSocketApps.StartAsync();
        using var peer = await RawPeer.AskAsync(app, "POST /ws HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n");
        Assert.StartsWith("HTTP/1.1 405", peer.Head, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("chat.v1", "chat.v1")]
    [InlineData("chat.v1, chat.v2", "chat.v2")]
    [InlineData("other", null)]
    [InlineData("", null)]
    public async Task The_servers_favourite_sub_protocol_is_taken(string offered, string? taken)
    {
        await using var app = new HttpApp(new HttpAppOptions { Port = 0 });
        app.WebSocket(
            "/ws", socket => socket.SendAsync("spoken: " + socket.SubProtocol).AsTask(), "chat.v2", "chat.v1");
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var peer = await RawPeer.ConnectAsync(
            app, headers: offered.Length > 0 ? $"Sec-WebSocket-Protocol: {offered}\r\n" : "");
        Assert.Equal(
            taken is not null, peer.Head.Contains($"Sec-WebSocket-Protocol: {taken}\r\n", StringComparison.Ordinal));
        Assert.Equal("spoken: " + taken, await peer.ReadTextAsync());
    }

    [Theory]
    [InlineData(false, "permessage-deflate", false)]
    [InlineData(true, "permessage-deflate; server_max_window_bits=9", false)]
    [InlineData(true, "permessage-deflate; client_max_window_bits", true)]
    public async Task Compression_is_agreed_on_where_both_want_it(bool wanted, string offered, bool agreed)
    {
        await using var app = await WebSocketApps.StartAsync(
            options: new() { WebSocket = new() { Compression = wanted } });
        using var peer = await RawPeer.ConnectAsync(app, headers: $"Sec-WebSocket-Extensions: {offered}\r\n");
        const string Answer = "Sec-WebSocket-Extensions: permessage-deflate; server_no_context_takeover; "
            + "client_no_context_takeover\r\n";
        Assert.Equal(agreed, peer.Head.Contains(Answer, StringComparison.Ordinal));
        Assert.Equal(agreed, peer.Head.Contains("Sec-WebSocket-Extensions", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Keep_alive_off_does_not_end_what_was_upgraded()
    {
        await using var app = await WebSocketApps.StartAsync(options: new() { KeepAlive = false });
        using var peer = await RawPeer.ConnectAsync(app);
        for (var i = 0; i < 3; i++)
        {
            await peer.SendAsync(RawPeer.Text("still here"));
            Assert.Equal("still here", await peer.ReadTextAsync());
        }
    }
}
