using System.IO.Compression;
using System.Text;
using Quoin.Http;
using Quoin.Http.WebSockets;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http.WebSockets;

/// <summary>What a handler sees and what goes over the wire by what it does.</summary>
public sealed class WebSocketTests
{
    [Fact]
    public async Task A_handler_that_ends_closes_with_1000_and_one_that_throws_with_1011()
    {
        await using var app = await WebSocketApps.StartAsync(socket =>
            socket.Request.Query["fail"].Count > 0 ? throw new FormatException("secret") : Task.CompletedTask);
        using var good = await RawPeer.ConnectAsync(app);
        Assert.Equal(1000, await good.ReadCloseAsync());
        using var bad = await RawPeer.ConnectAsync(app, "/ws?fail=1");
        var close = await bad.ReadAsync();
        Assert.Equal((0x88, "03F3"), (close!.Value.First, Convert.ToHexString(close.Value.Payload[..2])));
        Assert.DoesNotContain("secret", Encoding.UTF8.GetString(close.Value.Payload), StringComparison.Ordinal);
        await bad.SendAsync(RawPeer.Close(1011));
        Assert.True(await bad.EndsAsync());
    }

    [Fact]
    public async Task The_handshake_is_at_hand()
    {
        await using var app = new HttpApp(new HttpAppOptions { Port = 0 });
        app.WebSocket("/rooms/{room}", async socket =>
        {
            var asked = socket.Request;
            await socket.SendAsync($"{asked.RouteValues["room"]} {asked.Query["as"]} {asked.Headers["X-Me"]}");
        });
        await app.StartAsync(TestContext.Current.CancellationToken);
        using var peer = await RawPeer.ConnectAsync(app, "/rooms/blue?as=Ann", "X-Me: 7\r\n");
        Assert.Equal("blue Ann 7", await peer.ReadTextAsync());
    }

    [Fact]
    public async Task What_came_before_a_close_is_answered_before_it()
    {
        var go = WebSocketApps.NewSignal();
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            await foreach (var message in socket.ReadAsync())
            {
                await go.Task;
                await socket.SendAsync(message);
            }
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync([.. RawPeer.Text("one"), .. RawPeer.Text("two"), .. RawPeer.Close(1000)]);
        go.SetResult();
        Assert.Equal("one", await peer.ReadTextAsync());
        Assert.Equal("two", await peer.ReadTextAsync());
        Assert.Equal(1000, await peer.ReadCloseAsync());
    }

    [Fact]
    public async Task A_handler_that_has_something_else_to_do_holds_a_close_up_for_the_close_timeout_only()
    {
        var clock = new ManualClock();
        var (begun, cancelled) = (WebSocketApps.NewSignal(), WebSocketApps.NewSignal());
        await using var app = await WebSocketApps.StartAsync(
            async socket =>
            {
                await using var registration = socket.Closed.Register(cancelled.SetResult);
                await foreach (var message in socket.ReadAsync())
                {
                    begun.SetResult();
                    await cancelled.Task;
                    await Assert.ThrowsAsync<WebSocketClosedException>(async () =>
                    {
                        while (true)
                        {
                            await socket.SendAsync("late");
                            await Task.Yield();
                        }
                    });
                }
            },
            new() { Time = clock });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync(RawPeer.Text("work"));
        await begun.Task;
        await peer.SendAsync(RawPeer.Close(1001));
        await cancelled.Task;
        Assert.Equal("late", await peer.ReadTextAsync());
        clock.Advance(TimeSpan.FromSeconds(5));
        (int First, byte[])? frame;
        do
        {
            frame = await peer.ReadAsync();
        }
        while (frame?.First == 0x81);

        Assert.Equal(0x88, frame?.First);
    }

    [Fact]
    public async Task The_handler_closes_with_its_code_and_sees_the_peers_answer()
    {
        var closed = WebSocketApps.NewSignal<WebSocketConnection>();
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            await socket.SendAsync("last");
            await socket.CloseAsync((WebSocketCloseCode)4321, "grüße");
            closed.SetResult(socket);
        });
        using var peer = await RawPeer.ConnectAsync(app);
        Assert.Equal("last", await peer.ReadTextAsync());
        var close = await peer.ReadAsync();
        Assert.Equal("10E1" + Convert.ToHexString("grüße"u8), Convert.ToHexString(close!.Value.Payload));
        await peer.SendAsync([.. RawPeer.Text("too late"), .. RawPeer.Close(4321)]);
        Assert.True(await peer.EndsAsync());
        var socket = await closed.Task;
        Assert.Equal(((WebSocketCloseCode)4321, "grüße"), (socket.CloseCode!.Value, socket.CloseReason));
        Assert.True(socket.Closed.IsCancellationRequested);
    }

    [Fact]
    public async Task A_peer_that_does_not_answer_a_close_is_broken_off()
    {
        var clock = new ManualClock();
        var limits = new WebSocketOptions { CloseTimeout = TimeSpan.FromSeconds(3) };
        await using var app = await WebSocketApps.StartAsync(
            _ => Task.CompletedTask, new() { Time = clock, WebSocket = limits });
        using var peer = await RawPeer.ConnectAsync(app);
        Assert.Equal(1000, await peer.ReadCloseAsync());
        clock.Advance(TimeSpan.FromSeconds(3));
        Assert.True(await peer.BreaksAsync());
    }

    [Theory]
    [InlineData(1004, "")]
    [InlineData(1005, "")]
    [InlineData(1006, "")]
    [InlineData(999, "")]
    [InlineData(5000, "")]
    [InlineData(1000, "a reason whose last character, of two bytes in UTF-8, is the one that does not fit into a frame "
        + "of control any more, thus: é")]
    public async Task A_close_that_cannot_be_sent_is_refused(int code, string reason)
    {
        var thrown = WebSocketApps.NewSignal<ArgumentException>();
        await using var app = await WebSocketApps.StartAsync(async socket => thrown.SetResult(
            await Assert.ThrowsAsync<ArgumentException>(() => socket.CloseAsync((WebSocketCloseCode)code, reason))));
        using var peer = await RawPeer.ConnectAsync(app);
        Assert.Contains("accepted", (await thrown.Task).Message, StringComparison.Ordinal);
        Assert.Equal(1000, await peer.ReadCloseAsync());
    }

    [Fact]
    public async Task When_the_app_stops_every_connection_is_closed_with_1001()
    {
        var ended = WebSocketApps.NewSignal();
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            await WebSocketApps.EchoAsync(socket);
            ended.SetResult();
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync(RawPeer.Text("hi"));
        Assert.Equal("hi", await peer.ReadTextAsync());
        var stopping = app.StopAsync(TestContext.Current.CancellationToken);
        Assert.Equal(1001, await peer.ReadCloseAsync());
        Assert.False(ended.Task.IsCompleted);
        await peer.SendAsync(RawPeer.Close(1001));
        Assert.True(await peer.EndsAsync());
        await ended.Task;
        await stopping;
    }

    [Fact]
    public async Task A_peer_that_vanishes_ends_the_handlers_reading()
    {
        var seen = WebSocketApps.NewSignal<WebSocketConnection>();
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            await WebSocketApps.EchoAsync(socket);
            seen.SetResult(socket);
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync(RawPeer.Text("hi"));
        Assert.Equal("hi", await peer.ReadTextAsync());
        peer.Reset();
        var socket = await seen.Task;
        Assert.Equal(WebSocketCloseCode.Abnormal, socket.CloseCode);
        await Assert.ThrowsAsync<WebSocketClosedException>(async () => await socket.SendAsync("x"));
        Assert.False(socket.TrySend("x"));
    }

    [Fact]
    public async Task Reading_ends_with_its_token_and_can_begin_again()
    {
        using var cancel = new CancellationTokenSource();
        var waiting = WebSocketApps.NewSignal();
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            var first = Task.Run(() => WebSocketApps.EchoAsync(socket, cancel.Token));
            await waiting.Task;
            await Assert.ThrowsAsync<InvalidOperationException>(() => WebSocketApps.EchoAsync(socket));
            await cancel.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => first);
            await WebSocketApps.EchoAsync(socket);
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync(RawPeer.Text("one"));
        Assert.Equal("one", await peer.ReadTextAsync());
        waiting.SetResult();
        await peer.SendAsync(RawPeer.Text("two"));
        Assert.Equal("two", await peer.ReadTextAsync());
    }

    [Fact]
    public async Task A_peer_that_still_sends_gets_to_read_why_it_was_refused()
    {
        await using var app = await WebSocketApps.StartAsync();
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync([.. RawPeer.Frame(0x82, new byte[3_000_000]), .. RawPeer.Close(1000)]);
        Assert.Equal(1009, await peer.ReadCloseAsync());
        peer.ShutDownSending();
        Assert.True(await peer.EndsAsync());
    }

    [Fact]
    public async Task MessagePack_goes_both_ways()
    {
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            await foreach (var message in socket.ReadAsync())
            {
                await socket.SendMessagePackAsync(SumOf(message), static (writer, sum) =>
                {
                    writer.WriteMapHeader(1);
                    writer.WriteString("sum");
                    writer.WriteInteger(sum);
                });
            }
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync(RawPeer.Frame(0x82, [0x93, 0x01, 0x02, 0x27]));
        var answer = await peer.ReadAsync();
        Assert.Equal("81A373756D2A", Convert.ToHexString(answer!.Value.Payload));
        Assert.Equal(0x82, answer.Value.First);
    }

    [Fact]
    public async Task Long_messages_are_compressed_short_ones_are_not_nor_what_gets_no_smaller()
    {
        await using var app = await WebSocketApps.StartAsync(options: new()
        {
            WebSocket = new() { Compression = true, CompressionMinSize = 100 },
        });
        using var peer = await RawPeer.ConnectAsync(app, headers: "Sec-WebSocket-Extensions: permessage-deflate\r\n");
        await peer.SendAsync(RawPeer.Text(new string('a', 99)));
        Assert.Equal(0x81, (await peer.ReadAsync())?.First);
        for (var i = 0; i < 3; i++)
        {
            await peer.SendAsync(RawPeer.Text(new string('a', 100)));
            var frame = await peer.ReadAsync();
            Assert.Equal(0xC1, frame?.First);
            using var inflater = new DeflateStream(
                new MemoryStream([.. frame!.Value.Payload, 0, 0, 0xFF, 0xFF]), CompressionMode.Decompress);
            using var text = new StreamReader(inflater);
            Assert.Equal(new string('a', 100), await text.ReadToEndAsync());
        }

        var noise = new byte[500];
        new Random(3).NextBytes(noise);
        await peer.SendAsync(RawPeer.Frame(0x82, noise));
        var plain = await peer.ReadAsync();
        Assert.Equal(0x82, plain?.First);
        Assert.Equal(noise, plain!.Value.Payload);
    }

    [Fact]
    public async Task Half_a_surrogate_pair_is_not_sent()
    {
        var refused = WebSocketApps.NewSignal();
        await using var app = await WebSocketApps.StartAsync(async socket =>
        {
            await Assert.ThrowsAnyAsync<ArgumentException>(async () => await socket.SendAsync("a\uD800"));
            Assert.ThrowsAny<ArgumentException>(() => socket.TrySend("a\uD800"));
            refused.SetResult();
            await socket.SendAsync("sound");
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await refused.Task;
        Assert.Equal("sound", await peer.ReadTextAsync());
    }

    [Fact]
    public async Task Options_out_of_range_are_all_named()
    {
        var e = Assert.Throws<ArgumentException>(() => new HttpApp(new HttpAppOptions
        {
            Port = -1,
            WebSocket = new()
            {
                HeartbeatInterval = TimeSpan.FromDays(2),
                HeartbeatTimeout = TimeSpan.Zero,
                MaxMessageSize = 0,
                MaxFragments = 0,
                SendQueueSize = 1,
                WriteTimeout = TimeSpan.Zero,
                CloseTimeout = TimeSpan.Zero,
                BatchWindow = TimeSpan.FromSeconds(2),
                BatchMax = 0,
                CompressionMinSize = -1,
                AllowedOrigins = ["https://fine.example", "example.com", "https://example.com/", "*"],
            },
        }));
        string[] names =
        [
            "Port", "HeartbeatInterval", "HeartbeatTimeout", "MaxMessageSize", "MaxFragments", "SendQueueSize",
            "WriteTimeout", "CloseTimeout", "BatchWindow", "BatchMax", "CompressionMinSize", "\"example.com\"",
            "\"https://example.com/\"",
        ];
        Assert.All(names, name => Assert.Contains(name, e.Message, StringComparison.Ordinal));
        Assert.DoesNotContain("fine", e.Message, StringComparison.Ordinal);
        await using var good = new HttpApp(new HttpAppOptions { WebSocket = new() });
    }

    private static int SumOf(WebSocketMessage message)
    {
        Assert.Throws<InvalidOperationException>(() => message.Text);
        var reader = message.ReadMessagePack();
        var sum = 0;
        for (var left = reader.ReadArrayHeader(); left > 0; left--)
        {
            sum += reader.ReadInt32();
        }

        return sum;
    }
}
