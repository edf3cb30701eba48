using System.Text;
using Quoin.Server.Gateway.Connections.Http1;

namespace Quoin.Tests.Gateway.Connections.Http1;

public sealed class ChunkedDecoderTests
{
    private const string Body =
        "5\r\nhello\r\n1;name=value\r\n \r\n00D\r\nwide \r\n world\r\n0\r\nTrailer: x\r\nOther: y\r\n\r\n";

    [Theory]
    [InlineData(1, 1)]
    [InlineData(1, 100)]
    [InlineData(3, 2)]
    [InlineData(1000, 1)]
    [InlineData(1000, 1000)]
    public void The_payload_is_the_same_wherever_the_bytes_are_cut(int piece, int room)
    {
        var (payload, left) = Decode(Body + "next", piece, room);
        Assert.Equal("hello wide \r\n world", payload);
        Assert.Equal("next", left);
    }

    [Theory]
    [InlineData("")]
    [InlineData("5\r\nhel")]
    [InlineData("5\r\nhello\r\n")]
    [InlineData("5\r\nhello\r\n0\r\n")]
    [InlineData("0\r\nTrailer: x\r\n")]
    public void A_body_without_its_end_is_not_done(string body)
    {
        var decoder = default(ChunkedDecoder);
        decoder.Decode(Encoding.ASCII.GetBytes(body), new byte[100], out var used, out _);
        Assert.Equal(body.Length, used);
        Assert.False(decoder.IsDone);
    }

    [Theory]
    [InlineData("\r\n")]
    [InlineData("x\r\n")]
    [InlineData("-1\r\n")]
    [InlineData("0x5\r\nhello\r\n")]
    [InlineData("5\nhello\r\n")]
    [InlineData("5\rhello")]
    [InlineData("5 5\n\r\nhello")]
    [InlineData("5\r\nhelloX\r\n")]
    [InlineData("5\r\nhello\n0\r\n\r\n")]
    [InlineData("5\r\nhello\r\r")]
    [InlineData("1000000000000000\r\n")]
    [InlineData("0\r\n\rX")]
    public void Framing_that_is_not_quite_right_is_refused(string body) =>
        Assert.Throws<HttpIOException>(() => Decode(body, 1000, 1000));

    [Fact]
    public void Extensions_and_trailers_have_an_end()
    {
        Assert.Throws<HttpIOException>(
            () => Decode("5;" + new string('x', Http1Limits.ChunkLineBytes) + "\r\n", 1000, 1000));
        Assert.Throws<HttpIOException>(
            () => Decode("0\r\n" + new string('x', Http1Limits.TrailerBytes + 1), 1000, 1000));
    }

    private static (string Payload, string Left) Decode(string body, int piece, int room)
    {
        var bytes = Encoding.ASCII.GetBytes(body);
        var decoder = default(ChunkedDecoder);
        var payload = new StringBuilder();
        var at = 0;
        var destination = new byte[room];
        while (at < bytes.Length && !decoder.IsDone)
        {
            var source = bytes.AsSpan(at, Math.Min(piece, bytes.Length - at));
            decoder.Decode(source, destination, out var used, out var written);
            Assert.True(used > 0 || written > 0, "no progress");
            payload.Append(Encoding.ASCII.GetString(destination, 0, written));
            at += used;
        }

        return (payload.ToString(), Encoding.ASCII.GetString(bytes, at, bytes.Length - at));
    }
}
