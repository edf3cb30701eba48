using System.IO.Compression;
using System.Text;
using System.Text.Json;
using Quoin.Server.Gateway;

namespace Quoin.Tests.Gateway.Server;

/// <summary>Providers that answer what no client may see: errors, limits, and a gateway that goes on.</summary>
public sealed class BadAnswerTests
{
    private const string Chat = "/v1/chat/completions";
    private const string Plain = """{"model":"m","messages":[{"role":"user","content":"x"}]}""";
    private const string Streamed = """{"model":"m","stream":true,"messages":[{"role":"user","content":"x"}]}""";
    private const string Answer = """{"choices":[{"message":{"content":"b"},"finish_reason":"stop"}]}""";
    private const string Json = "Content-Type: application/json\r\n";
    private const string Role = "data: {\"choices\":[{\"index\":0,\"delta\":{\"role\":\"assistant\"}}]}\n\n";
    private const string Content = "data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"one\"}}]}\n\n";

    public static TheoryData<string> Answers =>
    [
        $"HTTP/1.1 200 OK\r\n{Json}X-Big: {new string('x', 200_000)}\r\nContent-Length: 2\r\n\r\n{{}}",
        $"HTTP/1.1 200 OK\r\n{Json}Content-Length: 99999999999999999999\r\n\r\n{{",
        $"HTTP/1.1 200 OK\r\n{Json}Content-Length: -1\r\n\r\n{{",
        $"HTTP/1.1 200 OK\r\n{Json}Content-Length: 9000000000\r\n\r\n{{}}",
        $"HTTP/1.1 200 OK\r\n{Json}Transfer-Encoding: chunked\r\n\r\nzz\r\n",
        $"HTTP/1.1 200 OK\r\n{Json}Transfer-Encoding: chunked\r\n\r\nfffffffffffffffff\r\n",
        "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 304 Not Modified\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 301 Moved\r\nLocation: /v1/elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: /v1/elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 308 Permanent Redirect\r\nLocation: /v1/elsewhere\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "HTTP/9.9 200 OK\r\nConnection: close\r\n\r\n",
        "HTTP/1.1 999 What\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        "SSH-2.0-OpenSSH\r\n", "\0\0\0",
    ];

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task An_answer_that_is_none_is_a_502(string answer)
    {
        foreach (var request in new[] { Plain, Streamed })
        {
            await using var upstream = new ScriptedUpstream(
                async connection =>
                {
                    await connection.SendAsync(answer);
                    connection.Dispose();
                },
                ScriptedUpstream.Json(Answer));
            await using var gateway = await TestGateway.BeforeAsync(upstream);
            var (status, body) = await gateway.AskAsync(Chat, request);
            ClientDialects.AssertError(ClientDialects.All["openai-chat"], 502, status, body);
            Assert.Single(upstream.Requests);
            Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        }
    }

    [Fact]
    public async Task Interim_answers_are_passed_over_and_a_flood_of_them_ends()
    {
        const string Interim = "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n";
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendAsync(string.Concat(Enumerable.Repeat(Interim, 50)));
                await ScriptedUpstream.Json(Answer)(connection);
            },
            async connection =>
            {
                while (true)
                {
                    await connection.SendAsync(Interim);
                }
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream, change: options => options with
        {
            Llm = options.Llm with { Timeout = TimeSpan.FromSeconds(1) },
        });
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        var (status, body) = await gateway.AskAsync(Chat, Plain);

        // Whichever limit is met first: the bytes of all heads together, or the time.
        Assert.True(status is 502 or 504, body);
        ClientDialects.AssertError(ClientDialects.All["openai-chat"], status, status, body);
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Theory]
    [InlineData(Plain, 0)]
    [InlineData(Plain, 8_000_000)]
    [InlineData(Streamed, 0)]
    public async Task A_packed_answer_that_was_not_asked_for_is_refused_by_name(string request, int size)
    {
        using var packed = new MemoryStream();
        await using (var gzip = new GZipStream(packed, CompressionLevel.NoCompression, leaveOpen: true))
        {
            await gzip.WriteAsync(Encoding.UTF8.GetBytes(Answer + new string(' ', size)));
        }

        var type = request == Plain ? "application/json" : "text/event-stream";
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendAsync(
                    $"HTTP/1.1 200 OK\r\nContent-Type: {type}\r\nContent-Encoding: gzip\r\n"
                    + $"Content-Length: {packed.Length}\r\n\r\n");
                await connection.SendAsync(packed.ToArray());
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (status, body) = await gateway.AskAsync(Chat, request);
        ClientDialects.AssertError(ClientDialects.All["openai-chat"], 502, status, body);
        Assert.Contains("Content-Encoding", body, StringComparison.Ordinal);
        Assert.DoesNotContain("accept-encoding: gzip", upstream.Only.Head, StringComparison.OrdinalIgnoreCase);
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Fact]
    public async Task An_error_body_is_read_to_a_limit()
    {
        var sent = 0;
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendAsync($"HTTP/1.1 500 X\r\n{Json}Content-Length: 104857600\r\n\r\n");
                var piece = new byte[65536];
                for (var i = 0; i < 1600; i++)
                {
                    await connection.SendAsync(piece);
                    Interlocked.Add(ref sent, piece.Length);
                }
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (status, body) = await gateway.AskAsync(Chat, Plain);
        ClientDialects.AssertError(ClientDialects.All["openai-chat"], 502, status, body);
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
        Assert.InRange(Volatile.Read(ref sent), 0, 50_000_000);
    }

    [Theory]
    [InlineData(": comment\n\n")]
    [InlineData(": comment\n")]
    [InlineData("event: x\n\n")]
    [InlineData(Role)]
    [InlineData("data: " + "{\"choices\":[]}\n\n")]
    public async Task A_stream_of_nothing_ends_at_a_limit(string nothing)
    {
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendStreamHeadAsync();
                var piece = string.Concat(Enumerable.Repeat(nothing, 65536 / nothing.Length));
                while (true)
                {
                    await connection.SendChunksAsync(piece);
                }
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (status, body) = await gateway.AskAsync(Chat, Streamed);
        ClientDialects.AssertError(ClientDialects.All["openai-chat"], 502, status, body);
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Fact]
    public async Task A_translated_stream_of_nothing_ends_in_time()
    {
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendStreamHeadAsync();
                while (true)
                {
                    await connection.SendChunksAsync("event: ping\ndata: {\"type\":\"ping\"}\n\n");
                }
            },
            ScriptedUpstream.Json(
                """{"type":"message","content":[{"type":"text","text":"b"}],"stop_reason":"end_turn"}"""));
        await using var gateway = await TestGateway.BeforeAsync(upstream, "anthropic", options => options with
        {
            Llm = options.Llm with { FirstTokenTimeout = TimeSpan.FromSeconds(1) },
        });
        var (status, body) = await gateway.AskAsync(Chat, Streamed);
        Assert.True(status is 502 or 504, body);
        ClientDialects.AssertError(ClientDialects.All["openai-chat"], status, status, body);
        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task An_event_beyond_the_limit_ends_the_stream(bool begun)
    {
        await using var upstream = new ScriptedUpstream(
            async connection =>
            {
                await connection.SendStreamHeadAsync();
                await connection.SendChunksAsync(begun ? Content : Role);
                await connection.SendChunksAsync("data: {\"choices\":[{\"delta\":{\"content\":\"");
                var piece = new string('x', 1024 * 1024);
                for (var size = 0; size <= Limits.EventBytes + piece.Length; size += piece.Length)
                {
                    await connection.SendChunksAsync(piece);
                }
            },
            ScriptedUpstream.Json(Answer));
        await using var gateway = await TestGateway.BeforeAsync(upstream);
        var (status, body) = await gateway.AskAsync(Chat, Streamed);
        if (begun)
        {
            Assert.Equal(200, status);
            var last = body.TrimEnd().Split("\n\n")[^1];
            using var json = JsonDocument.Parse(last["data: ".Length..]);
            Assert.True(json.RootElement.TryGetProperty("error", out _), last);
        }
        else
        {
            ClientDialects.AssertError(ClientDialects.All["openai-chat"], 502, status, body);
        }

        Assert.Equal(200, (await gateway.AskAsync(Chat, Plain)).Status);
    }
}
