using System.IO.Compression;
using System.Text;
using Quoin.Http.WebSockets;
using Quoin.Http.WebSockets.Compression;
using Quoin.Http.WebSockets.Framing;

namespace Quoin.Tests.Http.WebSockets.Framing;

public sealed class MessageReaderTests
{
    private static readonly byte[] Hello = [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00];

    [Theory]

    // The examples of RFC 7692 §7.2.3: fixed codes, no compression, a last block, two blocks.
    [InlineData("F248CDC9C90700")]
    [InlineData("000500FAFF48656C6C6F00")]
    [InlineData("F348CDC9C9070000")]
    [InlineData("F248050000 00FFFFCAC9C90700")]
    public void Every_form_of_compression_is_read(string hex)
    {
        using var reader = new MessageReader(new(), deflate: true);
        var frame = RawPeer.Frame(0xC1, Convert.FromHexString(hex.Replace(" ", "", StringComparison.Ordinal)));
        Assert.Equal("Text Hello", Read(reader, frame));
        Assert.Equal("Text Hello", Read(reader, RawPeer.Frame(0xC1, Hello)));
        Assert.Equal("Text plain", Read(reader, RawPeer.Text("plain")));
    }

    [Fact]
    public void A_compressed_message_may_come_in_fragments_with_a_ping_between()
    {
        using var reader = new MessageReader(new(), deflate: true);
        Assert.Equal("Ping", Read(reader, [.. RawPeer.Frame(0x41, Hello.AsSpan(0, 3)), .. RawPeer.Frame(0x89, [])]));
        Assert.Equal("Text Hello", Read(reader, RawPeer.Frame(0x80, Hello.AsSpan(3))));
    }

    [Theory]
    [InlineData("F248CD", WebSocketCloseCode.InvalidData)]
    [InlineData("FFFFFFFFFF", WebSocketCloseCode.InvalidData)]
    [InlineData("000500", WebSocketCloseCode.InvalidData)]
    [InlineData("0700", WebSocketCloseCode.InvalidData)]
    public void Compression_that_is_broken_or_cut_is_no_message(string hex, WebSocketCloseCode code)
    {
        using var reader = new MessageReader(new(), deflate: true);
        Assert.Equal("Fault", Read(reader, RawPeer.Frame(0xC1, Convert.FromHexString(hex))));
        Assert.Equal(code, reader.Code);
    }

    [Fact]
    public void Text_is_checked_after_decompression()
    {
        using var deflated = new PooledBytes();
        MessageDeflater.TryDeflate([0x41, 0xFF, .. new byte[100]], deflated);
        using var reader = new MessageReader(new(), deflate: true);
        Assert.Equal("Fault", Read(reader, RawPeer.Frame(0xC1, deflated.Span)));
        Assert.Equal(WebSocketCloseCode.InvalidData, reader.Code);
    }

    [Theory]
    [InlineData(1000, "Text")]
    [InlineData(1001, "Fault")]
    [InlineData(50_000_000, "Fault")]
    public void A_message_is_bounded_when_it_is_decompressed(int length, string expected)
    {
        using var stream = new MemoryStream();
        using (var deflate = new DeflateStream(stream, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            deflate.Write(new byte[length]);
        }

        // The end of the last block stands for the empty block of a flush.
        var options = new WebSocketOptions { MaxMessageSize = Math.Max(1000, (int)stream.Length) };
        using var reader = new MessageReader(options, deflate: true);
        var read = Read(reader, RawPeer.Frame(0xC1, stream.ToArray()));
        Assert.StartsWith(expected, read, StringComparison.Ordinal);
        Assert.True(expected == "Text" || reader.Code == WebSocketCloseCode.TooBig);
    }

    [Fact]
    public void A_continuation_says_nothing_of_compression()
    {
        using var reader = new MessageReader(new(), deflate: true);
        Assert.Equal("Nothing", Read(reader, RawPeer.Frame(0x41, Hello.AsSpan(0, 3))));
        Assert.Equal("Fault", Read(reader, RawPeer.Frame(0xC0, Hello.AsSpan(3))));
        Assert.Equal(WebSocketCloseCode.ProtocolError, reader.Code);
    }

    [Fact]
    public void Fragments_are_bounded()
    {
        using var reader = new MessageReader(new() { MaxFragments = 3 }, deflate: false);
        for (var round = 0; round < 2; round++)
        {
            Assert.Equal("Nothing", Read(reader, [.. RawPeer.Text("a", final: false), .. RawPeer.Frame(0, [])]));
            Assert.Equal("Text a", Read(reader, RawPeer.Frame(0x80, [])));
        }

        Assert.Equal("Nothing", Read(reader, RawPeer.Text("a", final: false)));
        var empty = RawPeer.Frame(0, []);
        Assert.Equal("Fault", Read(reader, [.. empty, .. empty, .. empty]));
        Assert.Equal(WebSocketCloseCode.PolicyViolation, reader.Code);
    }

    [Fact]
    public void Fragments_are_too_big_together()
    {
        using var reader = new MessageReader(new() { MaxMessageSize = 10 }, deflate: false);
        Assert.Equal("Text 0123456789", Read(reader, RawPeer.Text("0123456789")));
        Assert.Equal("Nothing", Read(reader, RawPeer.Text("012345", final: false)));
        Assert.Equal("Fault", Read(reader, RawPeer.Frame(0x80, [], announced: 5)));
        Assert.Equal(WebSocketCloseCode.TooBig, reader.Code);
    }

    private static string Read(MessageReader reader, byte[] sent)
    {
        ReadOnlySpan<byte> bytes = sent;
        var received = reader.Read(ref bytes);
        if (received != Received.Message)
        {
            return received.ToString();
        }

        var (array, count) = reader.TakeMessage();
        var text = Encoding.UTF8.GetString(array, 0, count);
        PooledBytes.Return(array);
        return (reader.IsText ? "Text " : "Binary ") + text;
    }
}
