using System.Buffers;
using System.Text;
using System.Text.RegularExpressions;
using Quoin.MessagePack;

namespace Quoin.Tests.MessagePack;

public sealed class MessagePackWriterTests
{
    private delegate void Writing(MessagePackWriter writer);

    [Theory]
    [InlineData(0, 1)]
    [InlineData(127, 1)]
    [InlineData(128, 2)]
    [InlineData(255, 2)]
    [InlineData(256, 3)]
    [InlineData(65535, 3)]
    [InlineData(65536, 5)]
    [InlineData(4294967295, 5)]
    [InlineData(4294967296, 9)]
    [InlineData(long.MaxValue, 9)]
    [InlineData(-32, 1)]
    [InlineData(-33, 2)]
    [InlineData(-128, 2)]
    [InlineData(-129, 3)]
    [InlineData(-32768, 3)]
    [InlineData(-32769, 5)]
    [InlineData(-2147483648, 5)]
    [InlineData(-2147483649, 9)]
    [InlineData(long.MinValue, 9)]
    public void Integers_take_their_shortest_form(long value, int bytes)
    {
        var written = Written(writer => writer.WriteInteger(value));
        Assert.Equal(bytes, written.Length);
        Assert.Equal(value, new MessagePackReader(written).ReadInt64());
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(31, 1)]
    [InlineData(32, 2)]
    [InlineData(255, 2)]
    [InlineData(256, 3)]
    [InlineData(65535, 3)]
    [InlineData(65536, 5)]
    public void Strings_take_their_shortest_header(int length, int header)
    {
        var text = new string('x', length);
        var written = Written(writer => writer.WriteString(text));
        Assert.Equal(header + length, written.Length);
        Assert.Equal(written, Written(writer => writer.WriteString(Encoding.UTF8.GetBytes(text))));
        Assert.Equal(text, new MessagePackReader(written).ReadString());
    }

    [Theory]
    [InlineData(0, 2, 3)]
    [InlineData(1, 2, 2)]
    [InlineData(16, 2, 2)]
    [InlineData(17, 2, 3)]
    [InlineData(255, 2, 3)]
    [InlineData(256, 3, 4)]
    [InlineData(65535, 3, 4)]
    [InlineData(65536, 5, 6)]
    public void Bytes_take_their_shortest_header(int length, int binaryHeader, int extensionHeader)
    {
        var bytes = new byte[length];
        Assert.Equal(length + binaryHeader, Written(writer => writer.WriteBinary(bytes)).Length);
        Assert.Equal(length + extensionHeader, Written(writer => writer.WriteExtension(5, bytes)).Length);
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(15, 1)]
    [InlineData(16, 3)]
    [InlineData(65535, 3)]
    [InlineData(65536, 5)]
    [InlineData(int.MaxValue, 5)]
    public void Arrays_and_maps_take_their_shortest_header(int count, int bytes)
    {
        Assert.Equal(bytes, Written(writer => writer.WriteArrayHeader(count)).Length);
        Assert.Equal(bytes, Written(writer => writer.WriteMapHeader(count)).Length);
    }

    [Theory]
    [InlineData(@"a\ud800b", 1)]
    [InlineData(@"\udc00", 0)]
    [InlineData(@"ab\ud83d", 2)]
    [InlineData(@"\ud83d\ude00\ude00", 2)]
    public void Half_a_surrogate_pair_is_refused_at_its_place_and_nothing_is_written(string escaped, int place)
    {
        // An attribute cannot hold what is no text.
        var text = Regex.Unescape(escaped);
        var error = Refused(MessagePackError.Unrepresentable, writer => writer.WriteString(text));
        Assert.Equal(place, error.Offset);
        error = Refused(MessagePackError.Unrepresentable, writer => writer.WriteString(new string('ä', 5000) + text));
        Assert.Equal(5000 + place, error.Offset);
    }

    [Fact]
    public void Bytes_that_are_not_UTF8_are_refused_at_their_place()
    {
        byte[] text = [0x61, 0xc3, 0xa4, 0xff];
        var error = Refused(MessagePackError.Unrepresentable, writer => writer.WriteString(text));
        Assert.Equal(3, error.Offset);
    }

    [Fact]
    public void Nothing_that_is_no_value_is_written()
    {
        Assert.Throws<ArgumentNullException>(() => Written(writer => writer.WriteString((string)null!)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Written(writer => writer.WriteArrayHeader(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Written(writer => writer.WriteMapHeader(-1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Written(writer => writer.WriteExtension(-1, [1])));
        Assert.Throws<ArgumentOutOfRangeException>(() => Written(writer => writer.WriteTimestamp(0, -1)));
        Assert.Throws<ArgumentOutOfRangeException>(() => Written(writer => writer.WriteTimestamp(0, 1_000_000_000)));
        Assert.Throws<ArgumentNullException>(() => new MessagePackWriter(null!));
    }

    [Theory]
    [InlineData("0001-01-01T00:00:00Z", 15)]
    [InlineData("1969-12-31T23:59:59.9999999Z", 15)]
    [InlineData("1970-01-01T00:00:00Z", 6)]
    [InlineData("2024-02-29T12:00:00+02:00", 6)]
    [InlineData("2024-02-29T12:00:00.5Z", 10)]
    [InlineData("9999-12-31T23:59:59.9999999Z", 15)]
    public void Times_are_read_as_written_in_the_shortest_of_three_forms(string text, int bytes)
    {
        var time = DateTimeOffset.Parse(text);
        var written = Written(writer => writer.WriteTimestamp(time));
        Assert.Equal(bytes, written.Length);
        Assert.Equal(time.ToUniversalTime(), new MessagePackReader(written).ReadDateTimeOffset());
    }

    [Fact]
    public void Raw_values_are_copied()
    {
        var written = Written(writer =>
        {
            writer.WriteArrayHeader(1);
            writer.WriteRaw([0x81, 0x01, 0xc0]);
        });
        Assert.Equal("918101C0", Convert.ToHexString(written));
    }

    private static byte[] Written(Writing write)
    {
        var output = new ArrayBufferWriter<byte>();
        write(new MessagePackWriter(output));
        return output.WrittenSpan.ToArray();
    }

    private static MessagePackException Refused(MessagePackError error, Writing write)
    {
        var output = new ArrayBufferWriter<byte>();
        var thrown = Assert.Throws<MessagePackException>(() => write(new MessagePackWriter(output)));
        Assert.Equal(error, thrown.Error);
        Assert.Equal(0, output.WrittenCount);
        return thrown;
    }
}
