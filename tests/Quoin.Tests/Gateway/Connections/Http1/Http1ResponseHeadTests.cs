using System.Text;
using Quoin.Server.Gateway.Connections.Http1;

namespace Quoin.Tests.Gateway.Connections.Http1;

public sealed class Http1ResponseHeadTests
{
    private const string Ok = "HTTP/1.1 200 OK\r\n";

    [Fact]
    public void Fields_are_found_with_lower_case_names_and_trimmed_values()
    {
        var (head, bytes, length) = Read(
            Ok + "Content-Type:  text/plain \t\r\nX-Empty:\r\nx-request-id: a b\r\n\r\nbody");
        Assert.Equal(bytes.Length - 4, length);
        Assert.Equal(200, head.Status);
        Assert.Equal(
            ["content-type=text/plain", "x-empty=", "x-request-id=a b"],
            Enumerable.Range(0, head.FieldCount).Select(i =>
                $"{Encoding.ASCII.GetString(head.Name(bytes, i))}={Encoding.ASCII.GetString(head.Value(bytes, i))}"));
    }

    [Fact]
    public void A_head_is_not_whole_before_its_last_byte()
    {
        var bytes = Encoding.ASCII.GetBytes(Ok + "A: 1\r\nContent-Length: 0\r\n\r\n");
        var head = new Http1ResponseHead();
        for (var length = 0; length < bytes.Length; length++)
        {
            Assert.Equal(0, head.Read(bytes.AsSpan(0, length)));
        }

        Assert.Equal(bytes.Length, head.Read(bytes));
    }

    [Theory]
    [InlineData("Content-Length: 5\r\n", "Length", 5, true)]
    [InlineData("Content-Length: 0\r\n", "Length", 0, true)]
    [InlineData("content-length: 5\r\nContent-Length: 5\r\n", "Length", 5, true)]
    [InlineData("Transfer-Encoding: Chunked\r\n", "Chunked", 0, true)]
    [InlineData("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", "Chunked", 5, false)]
    [InlineData("Content-Length: 5\r\nConnection: x, Close\r\n", "Length", 5, false)]
    [InlineData("", "UntilClose", 0, false)]
    [InlineData("Connection: keep-alive\r\n", "UntilClose", 0, false)]
    public void The_framing_is_that_of_the_fields(string fields, string framing, long length, bool keepAlive)
    {
        var (head, _, _) = Read(Ok + fields + "\r\n");
        Assert.Equal((framing, length, keepAlive), (head.Framing.ToString(), head.ContentLength, head.KeepAlive));
    }

    [Theory]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\n", false)]
    [InlineData("HTTP/1.0 200 OK\r\nContent-Length: 1\r\nConnection: Keep-Alive\r\n\r\n", true)]
    [InlineData("HTTP/1.1 204\r\n\r\n", true)]
    [InlineData("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", true)]
    [InlineData("HTTP/1.1 200 \nContent-Length: 1\n\n", true)]
    public void The_connection_stays_where_the_version_and_status_allow(string text, bool keepAlive) =>
        Assert.Equal(keepAlive, Read(text).Head.KeepAlive);

    [Theory]
    [InlineData("HTTP/2 200 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 20 OK\r\n\r\n")]
    [InlineData("HTTP/1.1 2000 OK\r\n\r\n")]
    [InlineData("ICY 200 OK      \r\n\r\n")]
    [InlineData("\r\n\r\n")]
    [InlineData(Ok + "no colon\r\n\r\n")]
    [InlineData(Ok + ": no name\r\n\r\n")]
    [InlineData(Ok + "A : 1\r\n\r\n")]
    [InlineData(Ok + "A: 1\r\n folded\r\n\r\n")]
    [InlineData(Ok + "A: 1\r2\r\n\r\n")]
    [InlineData(Ok + "A: 1\0\r\n\r\n")]
    [InlineData(Ok + "Content-Length: +5\r\n\r\n")]
    [InlineData(Ok + "Content-Length: -5\r\n\r\n")]
    [InlineData(Ok + "Content-Length:\r\n\r\n")]
    [InlineData(Ok + "Content-Length: 5, 5\r\n\r\n")]
    [InlineData(Ok + "Content-Length: 99999999999999999999\r\n\r\n")]
    [InlineData(Ok + "Content-Length: 5\r\nContent-Length: 6\r\n\r\n")]
    [InlineData(Ok + "Transfer-Encoding: gzip, chunked\r\n\r\n")]
    [InlineData(Ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n")]
    public void What_is_no_head_or_can_be_read_in_two_ways_is_refused(string text) =>
        Assert.Throws<HttpIOException>(() => Read(text));

    [Fact]
    public void A_head_without_end_and_one_with_too_many_fields_are_refused()
    {
        Assert.Throws<HttpIOException>(() => Read(Ok + "A: " + new string('x', Http1Limits.HeadBytes)));
        Assert.Throws<HttpIOException>(
            () => Read(Ok + string.Concat(Enumerable.Repeat("A: 1\r\n", Http1Limits.HeadFields + 1)) + "\r\n"));
    }

    private static (Http1ResponseHead Head, byte[] Bytes, int Length) Read(string text)
    {
        var bytes = Encoding.ASCII.GetBytes(text);
        var head = new Http1ResponseHead();
        return (head, bytes, head.Read(bytes));
    }
}
