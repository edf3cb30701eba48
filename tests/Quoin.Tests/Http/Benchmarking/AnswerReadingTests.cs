using System.Text;
using Quoin.Http.Benchmarking;
using Quoin.Http.Benchmarking.Exchanges;

namespace Quoin.Tests.Http.Benchmarking;

/// <summary>Heads and chunks of HTTP/1.1 answers.</summary>
public sealed class AnswerReadingTests
{
    [Theory]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n", 200, true, false, false, 5L)]
    [InlineData("HTTP/1.1 200\r\ntransfer-encoding: Chunked\r\nContent-Length: 5\r\n", 200, true, true, false, null)]
    [InlineData("HTTP/1.1 200 OK\r\nConnection: close\r\n", 200, false, false, false, null)]
    [InlineData("HTTP/1.0 404 No\r\nContent-Length: 0\r\n", 404, false, false, false, 0L)]
    [InlineData("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 0\r\n", 200, true, false, false, 0L)]
    [InlineData("HTTP/1.1 204 No\r\nContent-Length: 9\r\n", 204, true, false, false, 0L)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n", 200, true, false, true, null)]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Type: text/event-streams\r\n", 200, true, false, false, null)]
    public void A_head_says_how_its_answer_ends(
        string head, int status, bool keepAlive, bool chunked, bool events, long? length)
    {
        var bytes = Encoding.ASCII.GetBytes(head + "\r\nbody");
        Assert.True(AnswerHead.TryRead(bytes, "GET", out var read, out var used));
        Assert.Equal(bytes.Length - 4, used);
        Assert.Equal(
            (status, keepAlive, chunked, events, length),
            (read.Status, read.KeepAlive, read.IsChunked, read.IsEventStream, read.Length));
        for (var part = 0; part < used; part++)
        {
            Assert.False(AnswerHead.TryRead(bytes.AsSpan(0, part), "GET", out _, out _));
        }
    }

    [Fact]
    public void An_answer_to_HEAD_has_no_body_whatever_its_length_says()
    {
        var bytes = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n"u8;
        Assert.True(AnswerHead.TryRead(bytes, "HEAD", out var head, out _));
        Assert.Equal(0, head.Length);
    }

    [Theory]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("SSH-2.0-OpenSSH\r\n\r\n")]
    [InlineData("HTTP/1.1 2x0 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n")]
    [InlineData("HTTP/1.1 200 OK\r\nno field\r\n\r\n")]
    public void What_is_no_answer_is_refused(string head) => Assert.Throws<InvalidDataException>(
        () => AnswerHead.TryRead(Encoding.ASCII.GetBytes(head), "GET", out _, out _));

    [Fact]
    public void A_head_without_end_is_refused() => Assert.Throws<InvalidDataException>(
        () => AnswerHead.TryRead(new byte[BenchmarkLimits.HeadBytes], "GET", out _, out _));

    [Theory]
    [InlineData("0\r\n\r\n", "")]
    [InlineData("3\r\nabc\r\n0\r\n\r\n", "abc")]
    [InlineData("3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n", "abc0123456789")]
    public void Chunks_are_put_together_wherever_they_are_cut(string body, string expected)
    {
        for (var size = 1; size <= body.Length; size++)
        {
            var chunks = default(Chunks);
            var (data, kept) = ("", "");
            for (var at = 0; at < body.Length; at += size)
            {
                kept += body[at..Math.Min(body.Length, at + size)];
                Read(ref chunks, ref kept, ref data);
            }

            Assert.True(chunks.IsDone);
            Assert.Equal((expected, ""), (data, kept));
        }
    }

    [Theory]
    [InlineData("x\r\n")]
    [InlineData("\r\n")]
    [InlineData("1\r\nab\r\n")]
    [InlineData("1 1x\nzz\r\n\r\n0\r\n\r\nfffffffffffffffff\r\n")]
    public void Chunks_that_are_none_are_refused(string body)
    {
        var chunks = default(Chunks);
        Assert.Throws<InvalidDataException>(() =>
        {
            var (kept, data) = (body, "");
            Read(ref chunks, ref kept, ref data);
            Read(ref chunks, ref kept, ref data);
        });
    }

    private static void Read(ref Chunks chunks, ref string kept, ref string data)
    {
        ReadOnlySpan<byte> source = Encoding.ASCII.GetBytes(kept);
        for (var piece = chunks.Next(ref source); !piece.IsEmpty; piece = chunks.Next(ref source))
        {
            data += Encoding.ASCII.GetString(piece);
        }

        kept = Encoding.ASCII.GetString(source);
    }
}
