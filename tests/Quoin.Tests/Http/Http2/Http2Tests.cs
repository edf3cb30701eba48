using System.Buffers.Binary;
using System.Text;
using Microsoft.AspNetCore.Http;
using Quoin.Http;
using Quoin.Tests.Http.Tls;
using static Quoin.Tests.Http.Http2.RawHttp2;

namespace Quoin.Tests.Http.Http2;

/// <summary>HTTP/2 that is wrong or meant to harm ends with the code of RFC 9113, and nobody else is harmed.</summary>
public sealed class Http2Tests
{
    private const byte Whole = EndStream | EndHeaders;

    /// <summary>A frame that may not be, and the error of the connection.</summary>
    public static TheoryData<string, FrameType, byte, int, byte[], string> Wrong => new()
    {
        { "data on stream 0", FrameType.Data, 0, 0, [1], "PROTOCOL_ERROR" },
        { "headers on an even stream", FrameType.Headers, Whole, 2, Get("/"), "PROTOCOL_ERROR" },
        { "data on a stream that is not open", FrameType.Data, 0, 1, [1], "PROTOCOL_ERROR" },
        { "settings of 5 bytes", FrameType.Settings, 0, 0, [0, 0, 0, 0, 0], "FRAME_SIZE_ERROR" },
        { "settings on a stream", FrameType.Settings, 0, 1, [], "PROTOCOL_ERROR" },
        { "a window of 2^31", FrameType.Settings, 0, 0, [0, 4, 0x80, 0, 0, 0], "FLOW_CONTROL_ERROR" },
        { "a ping of 7 bytes", FrameType.Ping, 0, 0, [1, 2, 3, 4, 5, 6, 7], "FRAME_SIZE_ERROR" },
        { "a push by a client", FrameType.PushPromise, EndHeaders, 1, [0, 0, 0, 2], "PROTOCOL_ERROR" },
        { "an update of the window by 0", FrameType.WindowUpdate, 0, 0, [0, 0, 0, 0], "PROTOCOL_ERROR" },
        { "a continuation of nothing", FrameType.Continuation, EndHeaders, 1, Get("/"), "PROTOCOL_ERROR" },
        { "padding longer than its frame", FrameType.Headers, Whole | 8, 1, [200, 0x82], "PROTOCOL_ERROR" },
        { "an index outside of the table", FrameType.Headers, Whole, 1, [0xff, 0x80, 0x01], "COMPRESSION_ERROR" },
        { "a frame of 16385 bytes", FrameType.Headers, Whole, 1, new byte[16385], "FRAME_SIZE_ERROR" },
    };

    [Theory, MemberData(nameof(Wrong))]
    public async Task A_frame_that_may_not_be_ends_the_connection_with_its_error(
        string what, FrameType type, byte flags, int stream, byte[] payload, string error)
    {
        await using var app = await StartAsync();
        await using var client = await ConnectAsync(app);
        await client.SendAsync(type, flags, stream, payload);
        Assert.Equal((what, error), (what, (await client.ReadAsync(FrameType.GoAway))?.Error));
        await AssertServesAsync(app);
    }

    [Theory]
    [InlineData("Upper", "x")]
    [InlineData("connection", "close")]
    [InlineData("transfer-encoding", "chunked")]
    [InlineData("upgrade", "websocket")]
    [InlineData("keep-alive", "timeout=5")]
    [InlineData("proxy-connection", "close")]
    [InlineData("te", "gzip")]
    [InlineData(":path", "/again")]
    [InlineData(":unknown", "x")]
    public async Task A_header_that_may_not_be_is_refused(string name, string value)
    {
        await using var app = await StartAsync();
        await using var client = await ConnectAsync(app);
        await client.SendAsync(FrameType.Headers, Whole, 1, Get("/", (name, value)));
        Frame? frame;
        do
        {
            frame = await client.ReadAsync();
        }
        while (frame?.Type is not (null or FrameType.GoAway or FrameType.Reset or FrameType.Headers));
        Assert.True(frame is { Type: not FrameType.Headers, Error: "PROTOCOL_ERROR" }, frame?.ToString());
        await AssertServesAsync(app);
    }

    [Fact]
    public async Task Streams_that_are_reset_as_fast_as_they_are_opened_end_the_connection()
    {
        // What they asked for goes on: that is what makes it an attack.
        var go = new TaskCompletionSource();
        await using var app = await StartAsync(() => go.Task);
        await using var client = await ConnectAsync(app);

        // More than the buffers of both systems hold.
        var flood = client.FloodAsync(400_000, async i =>
        {
            await client.SendAsync(FrameType.Headers, Whole, (2 * i) + 1, Get("/slow"));
            await client.SendAsync(FrameType.Reset, 0, (2 * i) + 1, 0, 0, 0, 8);
        });
        if (await client.ReadAsync(FrameType.GoAway) is { } left)
        {
            Assert.Equal("ENHANCE_YOUR_CALM", left.Error);
        }

        Assert.True(await flood, "the server took them all");
        await AssertServesAsync(app);
        go.SetResult();
    }

    [Fact]
    public async Task Headers_that_never_end_are_cut()
    {
        await using var app = await StartAsync();
        await using var client = await ConnectAsync(app);
        await client.SendAsync(FrameType.Headers, EndStream, 1, Get("/"));
        var sent = 0;
        var flood = client.FloodAsync(20_000, async _ =>
        {
            await client.SendAsync(FrameType.Continuation, 0, 1, Get("/", ("x", new string('a', 1000)))[2..]);
            sent++;
        });
        while (await client.ReadAsync() is not null)
        {
        }

        Assert.True(await flood, "the server read them all");
        Assert.InRange(sent, 1, 5000);
        await AssertServesAsync(app);
    }

    [Theory]
    [InlineData(FrameType.Settings)]
    [InlineData(FrameType.Ping)]
    public async Task Of_a_client_that_does_not_read_its_answers_no_more_is_read(FrameType type)
    {
        await using var app = await StartAsync();
        await using var client = await ConnectAsync(app);
        var many = Enumerable.Repeat(Bytes(type, new byte[type == FrameType.Ping ? 8 : 0]), 1000)
            .SelectMany(bytes => bytes).ToArray();
        var sent = 0;
        var flood = client.FloodAsync(10_000, async _ =>
        {
            await client.SendAsync(many);
            Interlocked.Increment(ref sent);
        });
        for (var before = -1; !flood.IsCompleted && before != Volatile.Read(ref sent);)
        {
            before = Volatile.Read(ref sent);
            for (var i = 0; i < 20; i++)
            {
                await AssertServesAsync(app);
            }
        }

        Assert.InRange(sent, 0, 5_000);
    }

    [Theory]
    [InlineData(2, null)]
    [InlineData(15_000, "PROTOCOL_ERROR")]
    public async Task Headers_are_bounded_by_what_they_unfold_to(int times, string? error)
    {
        await using var app = await StartAsync();
        await using var client = await ConnectAsync(app);

        // One entry of 4000 bytes, which the table of 4096 takes, named by a byte each.
        byte[] entry = [0x40, 1, (byte)'x', 0x7f, 0xa1, 0x1e, .. Encoding.ASCII.GetBytes(new string('a', 4000))];
        await client.SendAsync(FrameType.Headers, EndStream, 1, [.. Get("/"), .. entry]);
        await client.SendAsync(FrameType.Continuation, EndHeaders, 1, [.. Enumerable.Repeat((byte)0xbe, times)]);
        Frame? frame;
        do
        {
            frame = await client.ReadAsync();
        }
        while (frame?.Type is not (null or FrameType.GoAway or FrameType.Reset or FrameType.Headers));
        Assert.Equal(error is null ? FrameType.Headers : FrameType.GoAway, frame?.Type);
        Assert.Equal(error, error is null ? null : frame?.Error);
        await AssertServesAsync(app);
    }

    [Fact]
    public async Task More_streams_than_may_be_open_are_refused()
    {
        await using var app = await StartAsync();
        await using var client = await ConnectAsync(app);
        for (var i = 0; i < 120; i++)
        {
            await client.SendAsync(FrameType.Headers, Whole, (2 * i) + 1, Get("/wait"));
        }

        Assert.Equal("REFUSED_STREAM", (await client.ReadAsync(FrameType.Reset))?.Error);
    }

    [Fact]
    public async Task A_server_that_stops_says_so_and_finishes_what_runs()
    {
        var (begun, go) = (new TaskCompletionSource(), new TaskCompletionSource());
        await using var app = await StartAsync(async () =>
        {
            begun.SetResult();
            await go.Task;
        });
        await using var client = await ConnectAsync(app);
        await client.SendAsync(FrameType.Headers, Whole, 1, Get("/slow"));
        await begun.Task;
        var stopping = app.StopAsync();
        Assert.Equal("NO_ERROR", (await client.ReadAsync(FrameType.GoAway))?.Error);
        go.SetResult();
        Assert.Equal("done", Encoding.ASCII.GetString((await client.ReadAsync(FrameType.Data))!.Value.Payload));

        // A client goes after its last answer; Kestrel waits for one that stays as long as ShutdownTimeout.
        await client.DisposeAsync();
        await stopping;
    }

    private static byte[] Bytes(FrameType type, byte[] payload)
    {
        var frame = new byte[9 + payload.Length];
        BinaryPrimitives.WriteInt32BigEndian(frame, payload.Length << 8);
        frame[3] = (byte)type;
        return frame;
    }

    private static async Task<HttpApp> StartAsync(Func<Task>? slow = null)
    {
        var app = new HttpApp(new() { Port = 0, Certificate = TestCertificate.Create() });
        app.Get("/", () => "ok");
        app.Get("/wait", async (HttpContext context) =>
            await Task.Delay(Timeout.InfiniteTimeSpan, TimeProvider.System, context.RequestAborted));
        app.Get("/slow", async () =>
        {
            await slow!();
            return "done";
        });
        await app.StartAsync();
        return app;
    }

    private static async Task AssertServesAsync(HttpApp app)
    {
        await using var client = await ConnectAsync(app);
        await client.SendAsync(FrameType.Headers, Whole, 1, Get("/"));
        Assert.Equal("ok", Encoding.ASCII.GetString((await client.ReadAsync(FrameType.Data))!.Value.Payload));
    }
}
