using System.Text;
using Quoin.Fuzz;
using Quoin.Http.Framing;

namespace Quoin.Tests.Http.Framing;

/// <summary>Which bytes of HTTP/1 requests are refused; however they are cut into pieces.</summary>
public sealed class RequestFramingTests
{
    private const string Head = "POST / HTTP/1.1\r\nHost: x\r\n";
    private const string Chunked = Head + "Transfer-Encoding: chunked\r\n\r\n";

    /// <summary>Requests, and how many bytes of them are judged: all.</summary>
    public static TheoryData<string> Clear =>
    [
        "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        "\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.0\r\n\r\n",
        Head + "Content-Length: 5\r\n\r\nhelloGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        Head + "content-length:\t 0005 \r\n\r\na\nb\rc",
        Head + "X-Name: v\u00e4lue\twith tab\r\nEmpty:\r\n\r\n",
        Chunked + "5\r\nhello\r\n0\r\n\r\nGET / HTTP/1.1\r\nHost: x\r\n\r\n",
        Chunked + "00a\r\n0123456789\r\nA;name=value ; b = \"quoted \\\" ;\r\t\" \t;c\r\n9876543210\r\n0\r\n\r\n"
            .Replace(";\r\t", ";\t", StringComparison.Ordinal),
        Chunked + "1\r\n\n\r\n0;last\r\nChecksum: 1\r\n\r\n",
        Head + "TRANSFER-ENCODING: Chunked\r\n\r\n0\r\n\r\n",
    ];

    /// <summary>Requests, and what the refusal names.</summary>
    public static TheoryData<string, string> Ambiguous => new()
    {
        { Head + "Content-Length: +5\r\n\r\nhello", "Content-Length" },
        { Head + "Content-Length: -0\r\n\r\n", "Content-Length" },
        { Head + "Content-Length: \r\n\r\n", "Content-Length" },
        { Head + "Content-Length: 5, 5\r\n\r\nhello", "Content-Length" },
        { Head + "Content-Length: 0x5\r\n\r\nhello", "Content-Length" },
        { Head + "Content-Length: 5 5\r\n\r\nhello", "Content-Length" },
        { Head + "Content-Length: 9223372036854775808\r\n\r\n", "Content-Length" },
        { Head + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", "twice" },
        { Head + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", "Content-Length" },
        { Head + "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", "Content-Length" },
        { Head + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", "twice" },
        { Head + "Transfer-Encoding: chunked, chunked\r\n\r\n", "Transfer-Encoding" },
        { Head + "Transfer-Encoding: gzip, chunked\r\n\r\n", "Transfer-Encoding" },
        { Head + "Transfer-Encoding: identity\r\n\r\n", "Transfer-Encoding" },
        { Head + "Transfer-Encoding: \u000bchunked\r\n\r\n", "control" },
        { "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", "HTTP/1.0" },
        { Head + "Content-Length : 5\r\n\r\nhello", "name" },
        { Head + " Content-Length: 5\r\n\r\n", "folded" },
        { Head + "X: a\r\n\tb\r\n\r\n", "folded" },
        { Head + ": a\r\n\r\n", "name" },
        { Head + "no colon\r\n\r\n", "name" },
        { Head + "X\u00e4: a\r\n\r\n", "name" },
        { Head + "X: a\0b\r\n\r\n", "control" },
        { Head + "X: a\u001bb\r\n\r\n", "control" },
        { Head + "X: a\u007f\r\n\r\n", "control" },
        { Head + "X: a\rb\r\n\r\n", "control" },
        { Head + "X: a\n\r\n", "LF" },
        { "GET / HTTP/1.1\nHost: x\n\n", "LF" },
        { "GET  / HTTP/1.1\r\n", "request line" },
        { "GET / HTTP/1.1 \r\n", "request line" },
        { "GET /\t HTTP/1.1\r\n", "request line" },
        { "GET /\u0001 HTTP/1.1\r\n", "request line" },
        { "GET /a b HTTP/1.1\r\n", "request line" },
        { "GET /\r\n", "request line" },
        { "get / HTTP/1.1\r\n", "small letters" },
        { "Post / HTTP/1.1\r\n", "small letters" },
        { "G(T / HTTP/1.1\r\n", "method" },
        { " GET / HTTP/1.1\r\n", "method" },
        { new string('G', 33) + " / HTTP/1.1\r\n", "method" },
        { Chunked + "zz\r\n", "chunk" },
        { Chunked + "\r\n", "chunk" },
        { Chunked + "-1\r\n", "chunk" },
        { Chunked + "+1\r\n", "chunk" },
        { Chunked + "0x1\r\n", "chunk" },
        { Chunked + "1000000000000000\r\n", "chunk" },
        { Chunked + "5;\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5;;a\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5;a=\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5;a=\u0001\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5;a=\"b\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5;a=\"b\"c\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5 5\r\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5\nhello\r\n0\r\n\r\n", "chunk" },
        { Chunked + "5\r5hello", "chunk" },
        { Chunked + "5\r\nhelloX", "chunk" },
        { Chunked + "5\r\nhello\n0\r\n\r\n", "chunk" },
        { Chunked + "5;" + new string('a', 2000), "too long" },
        { Chunked + "0\r\nX: a\n\r\n", "LF" },
        { Chunked + "0\r\nContent-Length: 5\r\n\r\n", "trailer" },
        { Chunked + "0\r\nTransfer-Encoding: chunked\r\n\r\n", "trailer" },
        { Chunked + "0\r\nbad name: 5\r\n\r\n", "name" },
    };

    [Theory, MemberData(nameof(Clear))]
    public void What_all_readers_understand_alike_passes_in_any_pieces(string requests)
    {
        var bytes = Encoding.Latin1.GetBytes(requests);
        for (var piece = 1; piece <= bytes.Length; piece++)
        {
            var framing = new RequestFraming();
            Assert.Equal(bytes.Length, Feed(framing, bytes, piece));
            Assert.Null(framing.Fault);
        }
    }

    [Theory, MemberData(nameof(Ambiguous))]
    public void What_two_readers_could_understand_differently_is_refused_in_any_pieces(string requests, string named)
    {
        var bytes = Encoding.Latin1.GetBytes(requests);
        for (var piece = 1; piece <= bytes.Length; piece++)
        {
            var framing = new RequestFraming();
            Feed(framing, bytes, piece);
            Assert.Contains(named, framing.Fault ?? $"none in pieces of {piece}", StringComparison.Ordinal);
        }
    }

    [Fact]
    public void After_an_upgrade_anything_passes()
    {
        var framing = new RequestFraming();
        var head = Encoding.Latin1.GetBytes("GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\n\r\n");
        Assert.Equal(head.Length, Feed(framing, head, head.Length));
        framing.Stop();
        Assert.Equal(3, Feed(framing, [0x81, 0x0a, 0x00], 3));
        Assert.Null(framing.Fault);
    }

    /// <summary>
    /// Gives the bytes in pieces, each in a segment of its own, and what was not judged again with the next.
    /// </summary>
    private static long Feed(RequestFraming framing, byte[] bytes, int piece)
    {
        var judged = 0L;
        for (var end = Math.Min(piece, bytes.Length); ; end = Math.Min(end + piece, bytes.Length))
        {
            judged += framing.Read(ByteSegments.CutEvery(bytes.AsMemory((int)judged, end - (int)judged), piece));
            if (end == bytes.Length || framing.Fault is not null)
            {
                return judged;
            }
        }
    }
}
