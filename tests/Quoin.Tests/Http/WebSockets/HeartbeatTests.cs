using Quoin.Http;
using Quoin.Http.WebSockets;
using Quoin.Tests.Fakes;

namespace Quoin.Tests.Http.WebSockets;

/// <summary>Peers that are silent, slow or held up, by a clock that tests move.</summary>
public sealed class HeartbeatTests
{
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(30);

    private readonly ManualClock _clock = new();

    [Fact]
    public async Task A_peer_that_answers_no_ping_is_dead()
    {
        var ended = WebSocketApps.NewSignal<WebSocketConnection>();
        await using var app = await StartAsync(async socket =>
        {
            await WebSocketApps.EchoAsync(socket);
            ended.SetResult(socket);
        });
        using var peer = await RawPeer.ConnectAsync(app);
        await peer.SendAsync(RawPeer.Text("hi"));
        Assert.Equal("hi", await peer.ReadTextAsync());
        _clock.Advance(Interval);
        Assert.Equal(0x89, (await peer.ReadAsync())?.First);
        Assert.False(ended.Task.IsCompleted);
        _clock.Advance(Interval);
        Assert.True(await peer.BreaksAsync());
        var socket = await ended.Task;
        Assert.Equal(WebSocketCloseCode.Abnormal, socket.CloseCode);
        Assert.True(socket.Closed.IsCancellationRequested);
    }

    [Fact]
    public async Task A_pong_or_anything_else_keeps_it_alive_and_no_request_timeout_ends_it()
    {
        await using var app = await StartAsync();
        using var peer = await RawPeer.ConnectAsync(app);
        for (var i = 0; i < 10; i++)
        {
            // The echo tells that what came before it has been read, at first that the connection has its timer.
            await peer.SendAsync([.. i % 2 == 1 ? RawPeer.Frame(0x8A, []) : [], .. RawPeer.Text("here")]);
            Assert.Equal("here", await peer.ReadTextAsync());
            _clock.Advance(Interval);
            Assert.Equal(0x89, (await peer.ReadAsync())?.First);
        }
    }

    [Fact]
    public async Task Without_an_interval_nothing_is_sent()
    {
        await using var app = await StartAsync(options: new() { HeartbeatInterval = TimeSpan.Zero });
        using var peer = await RawPeer.ConnectAsync(app);
        _clock.Advance(TimeSpan.FromDays(1));
        await peer.SendAsync(RawPeer.Text("first"));
        Assert.Equal("first", await peer.ReadTextAsync());
    }

    [Fact]
    public async Task A_handler_that_reads_nothing_holds_its_peer_up_without_finding_it_dead()
    {
        const int Messages = 300;
        var (begun, go) = (WebSocketApps.NewSignal<WebSocketConnection>(), WebSocketApps.NewSignal());
        await using var app = await StartAsync(async socket =>
        {
            await foreach (var message in socket.ReadAsync())
            {
                begun.TrySetResult(socket);
                await go.Task;
                await socket.SendAsync(message);
            }
        });
        using var peer = await RawPeer.ConnectAsync(app);

        // In one piece, so that the messages which wait are too many once the first is taken.
        await peer.SendAsync([.. Enumerable.Range(0, Messages).SelectMany(i => RawPeer.Text("message " + i))]);
        var socket = await begun.Task;
        while (!socket.IsHoldingPeer)
        {
            await Task.Yield();
        }

        _clock.Advance(Interval);
        _clock.Advance(Interval);
        _clock.Advance(Interval);
        go.SetResult();
        for (var i = 0; i < Messages;)
        {
            var frame = await peer.ReadAsync();
            Assert.NotNull(frame);
            i += frame.Value.First == 0x81 ? 1 : 0;
        }

    }

    [Fact]
    public async Task A_peer_that_reads_nothing_holds_its_sender_up_and_is_broken_off_in_the_end()
    {
        var stuck = WebSocketApps.NewSignal<WebSocketConnection>();
        var thrown = WebSocketApps.NewSignal<Exception?>();
        await using var app = await StartAsync(async socket =>
        {
            var payload = new byte[60_000];
            ValueTask sending;
            while (true)
            {
                sending = socket.SendAsync(payload);
                if (!sending.IsCompleted && !socket.TrySend("no room"))
                {
                    break;
                }

                await sending;
            }

            stuck.SetResult(socket);
            thrown.SetResult(await Record.ExceptionAsync(async () =>
            {
                await sending;
                while (true)
                {
                    await socket.SendAsync(payload);
                }
            }));
        }, new() { HeartbeatInterval = TimeSpan.Zero });
        using var peer = await RawPeer.ConnectAsync(app, receiveBuffer: 8192);
        var socket = await stuck.Task;
        Assert.Null(socket.CloseCode);

        // Each write that ends sets the time back: the last one has to get its whole time.
        while (!thrown.Task.IsCompleted)
        {
            _clock.Advance(Interval);
            await Task.Yield();
        }

        Assert.IsType<WebSocketClosedException>(await thrown.Task);
        Assert.Equal(WebSocketCloseCode.Abnormal, socket.CloseCode);
        Assert.True(await peer.BreaksAsync());
    }

    [Fact]
    public async Task A_slow_peer_gets_all_in_order_in_the_end()
    {
        const int Messages = 2000;
        var sent = 0;
        await using var app = await StartAsync(async socket =>
        {
            for (; sent < Messages; sent++)
            {
                await socket.SendAsync($"{sent}:" + new string('x', 3000));
            }
        });
        using var peer = await RawPeer.ConnectAsync(app, receiveBuffer: 8192);
        for (var i = 0; i < Messages; i++)
        {
            Assert.StartsWith($"{i}:x", await peer.ReadTextAsync(), StringComparison.Ordinal);
        }

        Assert.Equal(1000, await peer.ReadCloseAsync());
    }

    private Task<HttpApp> StartAsync(
        Func<WebSocketConnection, Task>? handler = null, WebSocketOptions? options = null) =>
        WebSocketApps.StartAsync(handler, new() { Time = _clock, WebSocket = options ?? new() });
}
