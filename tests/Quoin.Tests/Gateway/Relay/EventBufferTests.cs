using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;
using Quoin.Server.Gateway.Relay;

namespace Quoin.Tests.Gateway.Relay;

public sealed class EventBufferTests
{
    private const string Stream =
        ": keep-alive\n\nevent: message_start\r\ndata: {\"a\":1}\r\n\r\ndata: one\ndata: two\n\n"
        + "id: 7\rdata:no space\r\rdata: [DONE]\n\n";

    private static readonly string[] Expected =
        ["|:", "message_start|{\"a\":1}", "|one\ntwo", "|no space", "|[DONE]"];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(7)]
    [InlineData(10000)]
    public void Events_are_the_same_wherever_the_chunks_are_cut(int chunk) =>
        Assert.Equal(Expected, Cut(Encoding.UTF8.GetBytes(Stream), chunk).Events);

    [Theory]
    [InlineData(1)]
    [InlineData(5)]
    [InlineData(10000)]
    public void The_raw_bytes_of_all_events_are_the_stream(int chunk) =>
        Assert.Equal(Stream, Cut(Encoding.UTF8.GetBytes(Stream), chunk).Raw);

    [Fact]
    public void Every_random_cut_gives_the_same_events()
    {
        var random = new Random(7);
        var bytes = Encoding.UTF8.GetBytes(Stream);
        for (var round = 0; round < 500; round++)
        {
            Assert.Equal(Expected, Cut(bytes, () => random.Next(1, 20)).Events);
        }
    }

    [Theory]
    [InlineData(1)]
    [InlineData(100)]
    public void A_byte_order_mark_is_skipped(int chunk) =>
        Assert.Equal(["|x"], Cut(Encoding.UTF8.GetBytes("\uFEFFdata: x\n\n"), chunk).Events);

    [Fact]
    public void An_event_without_its_blank_line_is_only_given_out_at_the_end()
    {
        using var buffer = new EventBuffer();
        Append(buffer, "data: [DONE]\n"u8.ToArray());
        Assert.False(buffer.TryRead(out _));
        Assert.True(buffer.TryReadLast(out var last));
        Assert.Equal("[DONE]", Encoding.UTF8.GetString(last.Data.Span));
    }

    [Fact]
    public void A_line_without_its_end_is_given_out_at_the_end()
    {
        using var buffer = new EventBuffer();
        Append(buffer, "event: x\ndata: {\"cut\":tr"u8.ToArray());
        Assert.True(buffer.TryReadLast(out var last));
        Assert.Equal("{\"cut\":tr", Encoding.UTF8.GetString(last.Data.Span));
    }

    [Fact]
    public void Nothing_is_left_after_whole_events()
    {
        using var buffer = new EventBuffer();
        Append(buffer, "data: x\n\n"u8.ToArray());
        Assert.True(buffer.TryRead(out _));
        Assert.False(buffer.TryReadLast(out _));
    }

    [Fact]
    public void An_event_larger_than_the_limit_is_refused()
    {
        using var buffer = new EventBuffer();
        Assert.Throws<JsonException>(() =>
        {
            var chunk = new byte[1024 * 1024];
            Array.Fill(chunk, (byte)'x');
            for (var i = 0; i <= Limits.EventBytes / chunk.Length; i++)
            {
                Append(buffer, chunk);
            }
        });
    }

    private static (List<string> Events, string Raw) Cut(byte[] bytes, int chunk) => Cut(bytes, () => chunk);

    private static (List<string> Events, string Raw) Cut(byte[] bytes, Func<int> chunk)
    {
        using var buffer = new EventBuffer();
        var events = new List<string>();
        var raw = new StringBuilder();
        for (var at = 0; at < bytes.Length;)
        {
            var length = Math.Min(chunk(), bytes.Length - at);
            Append(buffer, bytes.AsSpan(at, length).ToArray());
            at += length;
            while (buffer.TryRead(out var e))
            {
                var data = e.HasData ? Encoding.UTF8.GetString(e.Data.Span) : ":";
                events.Add(Encoding.UTF8.GetString(e.Name.Span) + "|" + data);
                raw.Append(Encoding.UTF8.GetString(e.Raw.Span));
            }
        }

        return (events, raw.ToString());
    }

    private static void Append(EventBuffer buffer, byte[] bytes)
    {
        for (var at = 0; at < bytes.Length;)
        {
            var room = buffer.GetMemory();
            var length = Math.Min(room.Length, bytes.Length - at);
            bytes.AsSpan(at, length).CopyTo(room.Span);
            buffer.Advance(length);
            at += length;
        }
    }
}
